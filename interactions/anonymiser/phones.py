"""Telephone numbers: digits that have the form of one, and words that announce one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from phonenumbers import Leniency, PhoneMetadata, PhoneNumberMatcher, normalize_digits_only

from .kinds import OCTET
from .masks import not_after_mask

# Seven digits, with what may stand between two of them at most.
SIGN_OF_PHONE = re.compile(r"(?:\d\D{0,12}){6}\d")

# What may stand between the digits of a telephone number.
_GAP = r"[ \u00a0\u202f.()/\u2010-\u2015-]"
# A date, to be passed over; or as many digits as stand together, beginning as a number may.
_DIGITS = re.compile(
    rf"""
    (?=[\d(+＋]) (?<!\d)
    (?: (?P<date> [12]\d{{3}} ([-/. ]) \d{{1,2}} \2 \d{{1,2}} (?!\2?\d)
                | \d{{1,2}} ([-/. ]) \d{{1,2}} \3 [12]\d{{3}} (?!\3?\d)
                | \d{{1,2}} ([-/.]) \d{{1,2}} \4 \d\d (?!\4?\d) )
    | (?<![A-Za-z\d_+#$€£¥]) (?<!\d[.:/-]) (?<![A-Za-z][/-]) {not_after_mask()} {not_after_mask("[.:/-]")}
      (?: \(\+?\d[\d -]{{0,5}}\) | [+＋][ ]?\(?\d | \d\d | [018](?=[ .-]) ) (?: {_GAP}{{0,3}} \d ){{5,24}} )
    """,
    re.VERBOSE,
)
_MORE_DIGITS = re.compile(rf"(?:{_GAP}{{0,3}}\d)*+")
_DIGIT_GROUP = re.compile(r"\d+")
# A letter, but for an extension; more of the number; a unit; more of a UUID.
_NOT_AN_END = re.compile(r"(?!x\d)[A-Za-z_]|\d|[.:]\d|[%°]|\s?[$€£¥]|-[\da-fA-F]{4}-")

# Words that mean a telephone number, so that one with a typing error is meant too.
_PHONE_WORD = r"""
    (?<![^\W\d_]) (?:
        (?:cell|smart|tele)?phone | t[eé]l[eé](?:ph|f)[oó]n | telefoon | t[eé]l(?![^\W\d_]) | fax | sms
      | landline | cell(?:ular)?(?![^\W\d_]) | handy | mobi[el] | m[oó]vil | rufnummer | hotline | helpline
      | whatsapp | (?:call|dial|reach|ring|text) \s (?:her|him|me|them|us) (?![^\W\d_])
      | (?:contact|her|his|my) \s number )
    | 电话 | 電話 | 手机 | 手機
"""
# Words that may mean one: it has to be valid.
_CALL_WORD = r"""
    (?<![^\W\d_]) (?: call(?:ed|ing|s)?(?![^\W\d_]) | contact | dial | reach | ring(?![^\W\d_])
                    | anruf | appel | chiam | ll[aá]m )
    | \[PHONE\]
    | (?: ^ | [.,;:!?(] \s? ) number(?!\s of)
    | (?: ['’]s \s | \b (?:and|direct|its|new|office|or|our|that|the|their|this|work|your) \s )
      (?: number(?!\s of) | \# )
"""
_WORD_BEFORE = re.compile(f"(?P<phone>{_PHONE_WORD})|{_CALL_WORD}", re.IGNORECASE | re.VERBOSE)
_PHONE_WORD_AFTER = re.compile(
    rf"\s?(?:\(|(?:are|is|was)\s)[^\d\[\].,!?;\n]{{0,20}}?(?:{_PHONE_WORD})", re.IGNORECASE | re.VERBOSE
)
# How far before the number such a word may stand.
_MAX_DISTANCE_CHARS = 80
_MAX_WORD_CHARS = 30
# The number right after this is something else. Not after "a" and "to": call to order, make a booking.
_OTHER_NUMBER = re.compile(
    r"""
    (?<![^\W\d_]) (?<!\ba\s) (?<!\b(?:an|to)\s)
    (?: account | amount | article | asin | bestell\w* | booking | budget | card | case | claim | commande
      | confirmation | contract | cost | customer | ean | facture | gtin | iban | id | invoice | isbn | issn
      | item | licen[cs]e | member(?:ship)? | model | order | parcel | part | payment | pedido | pin | policy
      | population | price | product | rechnung\w* | ref | reference | registration | reservation | serial
      | shipment | sku | sum | tax | ticket | total | tracking | transaction | upc | uuid | vat | version ) s?
    (?: [^\w.!?]{0,3} _? (?:are|code|id|in|is|no|nr|num|number|of|ref|reference|the|was|your) s? \.? )*
    [^\w.!?]{0,4} \Z
    """,
    re.IGNORECASE | re.VERBOSE,
)

# Thousands, decimals, versions, and what has groups of one digit: a heading, a score, a list.
_PLAIN_NUMBER = re.compile(
    rf"\d{{1,3}}(?:[ .\u00a0]\d{{3}})+|\d+\.\d+|{OCTET}(?:\.{OCTET}){{3}}|(?:1\D)?+.*?(?<!\d)\d(?!\d).*"
)
# An area or network code with its leading zero, and groups as people write them: 0207 946 0958.
_CODE_AND_GROUPS = re.compile(
    rf"\(?0(?:\d{{2,5}}{_GAP}{{1,3}}\d{{5,8}}|"
    rf"\d{{1,4}}{_GAP}{{1,3}}(?:\d{{3,4}}{_GAP}\d{{3,4}}|\d{{3}}(?:{_GAP}\d\d){{2}}|\d\d(?:{_GAP}\d\d){{3}}))"
)
_AREA_IN_PARENTHESES = re.compile(r"(?:1[ .-]?)?\(\d{3}\) ?\d{3}[ .-]\d{4}")
# E.164 allows fifteen digits; seven are the fewest that tell anybody apart.
_MIN_DIGITS, _MAX_DIGITS = 7, 15
# Shorter ones need a word that announces them.
_MIN_DIGITS_ALONE = 9
# The library needs 0.1 ms to judge one number. A text with more numbers than this is a list of them,
# and what has the form of one is masked.
_MAX_LOOKUPS = 1000


class _Writing(NamedTuple):
    """The beginning of some digits: as it stands in the text, and the digits alone."""

    text: str
    digits: str


class PhoneMasker:
    """Masks the telephone numbers of one text, from left to right.

    Words are looked for in what was written, already masked: masking again finds the same.
    """

    def __init__(self, regions: Sequence[str]) -> None:
        self._regions = regions
        self._lookups_left = _MAX_LOOKUPS
        self._parts: list[str] = []
        self._n_chars = 0
        # Where in what was written the last of these words ends.
        self._phone_word_at = self._call_word_at = -_MAX_DISTANCE_CHARS - 1

    def mask(self, text: str) -> str:
        position = 0
        while match := _DIGITS.search(text, position):
            words_start, position = position, match.start()
            self._keep(text, words_start, position)
            if match["date"]:
                end = match.end()
            elif number := self._find_number(match, words_start):
                self._write("[PHONE]")
                self._call_word_at = self._n_chars
                position = end = position + len(number)
            else:
                # Digits that begin with no number hold none, however many follow.
                end = _MORE_DIGITS.match(text, match.end()).end()
            self._keep(text, position, end)
            position = end
        return "".join([*self._parts, text[position:]])

    def _keep(self, text: str, start: int, end: int) -> None:
        for word in _WORD_BEFORE.finditer(text, max(start, end - _MAX_DISTANCE_CHARS - _MAX_WORD_CHARS), end):
            if word["phone"]:
                self._phone_word_at = self._n_chars + word.end() - start
            else:
                self._call_word_at = self._n_chars + word.end() - start
        self._write(text[start:end])

    def _write(self, text: str) -> None:
        self._parts.append(text)
        self._n_chars += len(text)

    def _find_number(self, match: re.Match[str], words_start: int) -> str | None:
        """The number that the matched digits begin with, as it is written there.

        words_start: where the words before the digits begin, after other digits.
        """
        text, start = match.string, match.start()
        writings = _writings(match)
        if match[0].lstrip("(")[0] in "+＋":
            numbers = self._international(writings)
        elif _OTHER_NUMBER.search(text, max(words_start, start - _MAX_DISTANCE_CHARS), start):
            return None
        else:
            is_meant = (
                self._n_chars - self._phone_word_at <= _MAX_DISTANCE_CHARS
                or _PHONE_WORD_AFTER.match(text, match.end())
                or _AREA_IN_PARENTHESES.match(text, start)
            )
            may_be_meant = self._n_chars - self._call_word_at <= _MAX_DISTANCE_CHARS
            numbers = self._national(writings, bool(is_meant), may_be_meant)
        return next((number.text for number in numbers), None)

    def _international(self, writings: Sequence[_Writing]) -> Iterator[_Writing]:
        """Those of the writings that are numbers, the likeliest first."""
        yield from (w for w in writings if self._is_number(w, None, Leniency.VALID))
        # Ranges are opened faster than the library learns of them.
        yield from (w for w in writings if self._is_number(w, None, Leniency.POSSIBLE))

    def _national(
        self, writings: Sequence[_Writing], is_meant: bool, may_be_meant: bool
    ) -> Iterator[_Writing]:
        """Those of the writings that are numbers, the likeliest first."""
        for writing in writings:
            if len(writing.digits) >= _MIN_DIGITS_ALONE and _is_grouped(writing.text):
                # Countries do not agree with their own people on the groups.
                is_known_form = _CODE_AND_GROUPS.fullmatch(writing.text)
                leniency = Leniency.VALID if is_known_form else Leniency.EXACT_GROUPING
                if self._is_national_number(writing, leniency):
                    yield writing
        if is_meant or may_be_meant:
            for writing in writings[:1]:
                # One with a typing error, or made up, is meant all the same.
                is_lenient = is_meant or _is_grouped(writing.text)
                if self._is_national_number(writing, Leniency.VALID) or (
                    is_lenient and self._is_national_number(writing, Leniency.POSSIBLE)
                ):
                    yield writing
            yield from (w for w in writings[1:] if self._is_national_number(w, Leniency.VALID))

    def _is_national_number(self, writing: _Writing, leniency: int) -> bool:
        if writing.digits.startswith("00"):
            abroad = _Writing("+" + writing.text.lstrip("(")[2:], writing.digits[2:])
            return self._is_number(abroad, None, leniency)
        return any(
            self._is_number(writing, region, leniency)
            for region in self._regions
            if leniency == Leniency.POSSIBLE or _national_form(region).fullmatch(writing.digits)
        )

    def _is_number(self, writing: _Writing, region: str | None, leniency: int) -> bool:
        if leniency == Leniency.POSSIBLE and len(writing.digits) < _MIN_DIGITS_ALONE:
            return False
        if not self._lookups_left:
            return True
        self._lookups_left -= 1
        # One try: the digits were chosen, numbers inside them are not asked for.
        matcher = PhoneNumberMatcher(writing.text, region, leniency, max_tries=1)
        return matcher.has_next() and matcher.next().raw_string == writing.text


def _writings(match: re.Match[str]) -> list[_Writing]:
    """What the matched digits begin with that has the length of a number, the longest first."""
    text, start = match.string, match.start()
    writings = []
    digits = ""
    for group in _DIGIT_GROUP.finditer(text, start, match.end()):
        digits += group[0] if group[0].isascii() else normalize_digits_only(group[0])
        if len(digits) > _MAX_DIGITS:
            break
        if len(digits) >= _MIN_DIGITS and not _NOT_AN_END.match(text, group.end()):
            writings.append(_Writing(text[start : group.end()], digits))
    return writings[::-1]


def _is_grouped(written: str) -> bool:
    return not written.isdecimal() and not _PLAIN_NUMBER.fullmatch(written)


@cache
def _national_form(region: str) -> re.Pattern[str]:
    """The digits a national number may have, with its prefix: in microseconds, most are none."""
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata.national_prefix_transform_rule:
        # The digits that are dialled are not those of the number.
        return re.compile(r"\d+")
    prefix = metadata.national_prefix_for_parsing or ""
    return re.compile(f"(?:{prefix})?(?:{metadata.general_desc.national_number_pattern})")
