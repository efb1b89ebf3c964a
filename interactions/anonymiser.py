"""Masking of personal data and secrets in texts, before anything is stored.

Found are e-mail addresses, telephone, card and account numbers, IP addresses, keys and tokens. What
only looks like one is left alone, because a text that was masked counts as holding PII.

Texts come from strangers, so every pattern takes time linear in the text: a quantifier without a
bound is possessive, and where its run can start is limited by what stands before it. Nothing
is found right beside a mask, as nothing was beside what it replaced: masking again changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from ipaddress import IPv6Address
from typing import Any, NamedTuple

from phonenumbers import Leniency, PhoneMetadata, PhoneNumberMatcher, normalize_digits_only


# What may not stand beside something found, with at most a gap between them.
def _not_after_mask(gap: str = "") -> str:
    return rf"(?<!(?:AIL|ONE|ARD|BAN|RET)\]{gap})(?<!\[IP\]{gap})"


def _not_before_mask(gap: str = "") -> str:
    return rf"(?!{gap}\[(?:EMAIL|PHONE|CARD|IBAN|IP|SECRET)\])"


# Up to the END line, or, when that was cut off, the lines that hold nothing but the key.
_PRIVATE_KEY = re.compile(
    r"""
    -----BEGIN[ ] [A-Z0-9 ]{0,30} PRIVATE[ ]KEY (?:[ ]BLOCK)? -----
    (?: [^-]*+ (?: -(?!----) [^-]*+ )*+ -----END[ ] [A-Z0-9 ]{0,30} PRIVATE[ ]KEY (?:[ ]BLOCK)? -----
      | (?: (?: \s | \\[nr] )*+ [A-Za-z0-9+/=]{16,}+ )*+ )
    """,
    re.VERBOSE,
)
# How keys of well-known issuers begin, and what follows.
_KEY_FORMS = {
    r"eyJ": r"[\w-]{8,}+\.[\w-]{8,}+(?:\.[\w-]++){0,3}",
    # A digit, because class names such as sk-fading-circle begin like this too.
    r"sk-": r"(?=[\w-]{0,40}\d)[\w-]{16,}+",
    r"[prs]k_(?:live|test)_": r"[A-Za-z0-9]{10,}+",
    r"whsec_": r"[A-Za-z0-9+/=]{20,}+",
    r"gh[oprsu]_": r"[A-Za-z0-9]{20,}+",
    r"github_pat_": r"\w{20,}+",
    r"gl(?:agent|cbt|dt|ft|pat|ptt|rt|soat)-": r"[\w-]{16,}+",
    r"A(?:KI|SI)A": r"[A-Z0-9]{16,}+",
    r"AIza": r"[\w-]{30,}+",
    r"GOCSPX-": r"[\w-]{20,}+",
    r"ya29\.": r"[\w-]{20,}+",
    r"xox[a-z]-": r"[A-Za-z0-9-]{10,}+",
    r"xapp-": r"[A-Za-z0-9-]{20,}+",
    r"(?:hf|gsk|npm|r8|dckr_pat|shpat|shpss)_": r"[A-Za-z0-9]{20,}+",
    r"(?:nvapi|tvly|pplx|xai)-": r"[\w-]{20,}+",
    r"pypi-": r"[\w-]{50,}+",
    r"hooks\.slack\.com/services/": r"[\w/]{20,}+",
    r"SG\.": r"[\w-]{16,}+\.[\w-]{16,}+",
}
# Both cases, because file names carry lower-case digests.
_OWN_KEY = r"[A-Za-z0-9]{8}\.(?=[a-z0-9]*[A-Z])(?=[A-Z0-9]*[a-z])[A-Za-z0-9]{32}(?![A-Za-z0-9.])"
_KEY = re.compile(
    rf"(?<![A-Za-z0-9]){_not_after_mask()}(?:"
    + "|".join(begin + rest for begin, rest in _KEY_FORMS.items())
    + f"|{_OWN_KEY})",
    re.ASCII,
)

# As long as the shortest key, of any characters that keys and secrets have.
_LONG_TOKEN = r"(?<![A-Za-z0-9_+/.=~-])[A-Za-z0-9_+/.=~-]{15}"
# Most texts hold none of these and are done after one search. What else is found needs a digit.
_SIGN_OF_PII = re.compile(rf"[\d@＠:]|-----BEGIN|{_LONG_TOKEN}")

# A word that announces a secret, or a scheme of the Authorization header, and what follows it.
_ANNOUNCED = re.compile(
    r"""
    ( (?: (?:access|account|api|auth|encryption|private|secret|shared|signing|subscription) [ _-]? key
        | credential | passphrase | passwd | password | pwd | secret(?!\]) | token ) s?
      (?: ["'`\\\])]{0,4} \s{0,3} (?: => | := | [:=>]{1,3} | (?:is|was)\b:? ) \s{0,3} | \s{1,3} )
      (?: (?:basic|bearer) \s{1,3} )?
      ["'`\\]{0,3}
    | \b (?:basic|bearer) \s{1,3}
    )
    ([\w+/.~-]{16,}+ ={0,2}+) (?![(\[])                      # a call or a subscript is code
    """,
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
_LONG_RUN = re.compile(r"[A-Za-z0-9]{16,}")
_SWITCH_OF_KIND = re.compile(r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])|(?<=[a-z])(?=[A-Z])")
# Words joined to an identifier are longer: random letters and digits switch every second or third time.
_MAX_CHARS_PER_SWITCH = 5

# Not {user}:{password} or <user>:<password>, which stand for them.
_URL_CREDENTIALS = re.compile(r"""(?<=://)[^\s/?#:@"'<>{\[]*+:[^\s/?#"'<>{\[]+(?=@)""")

# Letters up to Armenian: Chinese and Thai put no space between a word and an address.
_LETTER = r"A-Za-z\u00c0-\u058f"
_EMAIL = re.compile(
    rf"""
    (?<![{_LETTER}0-9_.+'-]) {_not_after_mask()} (?!(?<=%)2B)
    ([.+'-]*+)                                              # a quote or a bullet before it stays
    (?!git@)                                                # git@github.com is everybody
    [{_LETTER}0-9_] (?: [{_LETTER}0-9_.+'-] | %2B )*+
    (?: [@＠] | %40 )
    (?! \d+\.\d | \dx\. )                                   # package@1.2.3, icon@2x.png
    (?: [{_LETTER}0-9_-]{{1,63}} \. )+ (?: xn--[a-z0-9-]{{2,59}} | [{_LETTER}]{{2,63}} )
    (?![A-Za-z0-9])
    """,
    re.IGNORECASE | re.VERBOSE,
)

# The countries by the length of their IBANs, from the registry of SWIFT.
_IBAN_COUNTRIES = {
    15: "NO", 16: "BE", 18: "DK|FI|FK|FO|GL|NL|SD", 19: "MK|SI", 20: "AT|BA|EE|KZ|LT|LU|MN|XK",
    21: "CH|CR|HR|LI|LV", 22: "BG|DE|GB|GE|IE|ME|RS|VA", 23: "AE|GI|IL|IQ|OM|SO|TL",
    24: "AD|CZ|ES|MD|PK|RO|SA|SE|SK|TN|VG", 25: "LY|PT|ST", 26: "IS|TR", 27: "BI|DJ|FR|GR|IT|MC|MR|SM",
    28: "AL|AZ|BY|CY|DO|GT|HN|HU|LB|NI|PL|SV", 29: "BR|EG|PS|QA|UA", 30: "JO|KW|MU|YE", 31: "MT|SC",
    32: "LC", 33: "RU",
}  # fmt: skip
_IBAN = re.compile(
    rf"(?=[A-Z]{{2}}[0-9]{{2}})(?<![A-Z0-9])(?<![A-Z0-9]-){_not_after_mask()}{_not_after_mask('-')}(?:"
    + "|".join(
        f"(?:{countries})(?:[ \u00a0-]?[A-Z0-9]){{{length - 2}}}"
        for length, countries in _IBAN_COUNTRIES.items()
    )
    + rf")(?!-?[A-Z0-9]){_not_before_mask('-?')}",
    re.IGNORECASE | re.ASCII,
)

# In one piece, or in the groups that are embossed: 4-4-4-4, 4-4-4-4-3, 4-6-5 and 4-6-4.
_CARD = re.compile(
    rf"""
    (?=[0-9]) (?<![A-Za-z0-9_]) (?<![0-9][.-]) {_not_after_mask()} {_not_after_mask("[.-]")}
    (?: [0-9]{{19}} | [0-9]{{13,16}}
      | [0-9]{{4}} ([ \u00a0-]) [0-9]{{4}} \1 [0-9]{{4}} \1 [0-9]{{4}} (?P<tail> \1 [0-9]{{3}} )?
      | [0-9]{{4}} ([ \u00a0-]) [0-9]{{6}} \3 [0-9]{{4,5}} )
    (?! [A-Za-z0-9_] | [.-][0-9] ) {_not_before_mask("[.-]?")}
    """,
    re.VERBOSE,
)
# First digits and lengths that networks issue. Luhn's check alone would take one in ten of all
# timestamps, EANs and IMEIs.
_CARD_NETWORKS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|3[47]\d{13}|3(?:0[0-59]|[689]\d)\d{11}|(?:2[2-7]|3[05689])\d{14}|[56]\d{15}(?:\d{3})?"
)

# Only the ranges that are given out begin an IPv6 address: times, slices and C++ names do not.
_IPV6 = re.compile(
    rf"""
    (?=[23f]) (?<![\w.]) (?<!\d:) {_not_after_mask()} {_not_after_mask(":")}
    (?= (?: [23][\da-f]{{3}} | f[c-f][\da-f]{{2}} ) : [\da-f]{{0,4}} : )
    [\da-f:.]++ (?!\w) {_not_before_mask()}
    """,
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
# Not 0., 127. and 240. to 255., and no .0.0.0: the own machine, masks and whole networks are nobody's.
_IPV4 = re.compile(
    rf"""
    (?=\d) (?<!\w) (?<!\w\.) {_not_after_mask()} {_not_after_mask("[.]")}
    (?! (?: 0 | 127 | 2[45]\d ) \. | \d+ (?:\.0){{3}} )
    (?: {_OCTET} \. ){{3}} {_OCTET} (?! \w | \.\d ) {_not_before_mask("[.]?")}
    """,
    re.VERBOSE | re.ASCII,
)
_VERSION_BEFORE = re.compile(
    r"""
    (?: (?<![a-z]) (?: v | vers? | version | release | rev | revision | build | firmware | kernel | driver
                     | section | chapter | clause | article | paragraph | § ) s?
        \W{0,5} (?: (?:from|is|no|number|of|to|was) \b \W{0,3} ){0,2}
      | (?<![\w/.-]) [a-z]+/                                # Chrome/120.0.0.0
      | [a-z]-                                              # package-1.2.3.4
      | [=~!<>^]= \s?                                       # package>=1.2.3.4
      | [$€£¥] \s?                                          # thousands, separated by dots
    ) \Z
    """,
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
_VERSION_BEFORE_CHARS = 40

# What may stand between the digits of a telephone number.
_GAP = r"[ \u00a0\u202f.()/\u2010-\u2015-]"
# A date, to be passed over; or as many digits as stand together, beginning as a number may.
_DIGITS = re.compile(
    rf"""
    (?=[\d(+＋]) (?<!\d)
    (?: (?P<date> [12]\d{{3}} ([-/. ]) \d{{1,2}} \2 \d{{1,2}} (?!\2?\d)
                | \d{{1,2}} ([-/. ]) \d{{1,2}} \3 [12]\d{{3}} (?!\3?\d)
                | \d{{1,2}} ([-/.]) \d{{1,2}} \4 \d\d (?!\4?\d) )
    | (?<![A-Za-z\d_+#$€£¥]) (?<!\d[.:/-]) (?<![A-Za-z][/-]) {_not_after_mask()} {_not_after_mask("[.:/-]")}
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
    rf"\d{{1,3}}(?:[ .\u00a0]\d{{3}})+|\d+\.\d+|{_OCTET}(?:\.{_OCTET}){{3}}|(?:1\D)?+.*?(?<!\d)\d(?!\d).*"
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


def mask_pii(text: str, phone_regions: Sequence[str]) -> str:
    """Replace what identifies a person or opens a door by its kind: "[EMAIL]", "[PHONE]", ...

    phone_regions: two-letter codes of the countries whose national numbers are known; numbers with
        a country code are always found.
    Returns `text` itself when nothing was found. Masking the result again changes nothing.
    """
    if _SIGN_OF_PII.search(text) is None:
        return text
    masked = text
    for kind in _KINDS:
        if kind.sign.search(masked):
            masked = kind.pattern.sub(kind.replacement, masked)
    if _SIGN_OF_PHONE.search(masked):
        masked = _PhoneMasker(phone_regions).mask(masked)
    return text if masked == text else masked


def mask_pii_in(value: Any, phone_regions: Sequence[str]) -> Any:
    """Mask every string of a JSON document, however deep, in a copy of it. Keys stay as they are.

    A key is read as the words before its value: {"phone": "2125550100"} -> {"phone": "[PHONE]"}.
    """
    holder = [value]
    pending: list[Any] = [holder]
    while pending:
        container = pending.pop()
        for key, item in container.items() if isinstance(container, dict) else enumerate(container):
            if isinstance(item, str):
                label = f"{key}: " if isinstance(container, dict) else ""
                container[key] = _mask_labelled(label, item, phone_regions)
            elif isinstance(item, dict | list):
                container[key] = item.copy()
                pending.append(container[key])
    return holder[0]


def _mask_labelled(label: str, text: str, phone_regions: Sequence[str]) -> str:
    if _SIGN_OF_PII.search(text) is None:
        return text
    masked = mask_pii(label + text, phone_regions)
    # A label that holds PII itself says nothing about the text.
    return masked[len(label) :] if masked.startswith(label) else mask_pii(text, phone_regions)


def _mask_announced(match: re.Match[str]) -> str:
    announcement, value = match.groups()
    return f"{announcement}[SECRET]" if _looks_random(value) else match[0]


def _looks_random(value: str) -> bool:
    """Whether letters and digits are mixed as in no word, name or path."""
    if not any(map(str.isdigit, value)):
        return False
    n_switches = len(_SWITCH_OF_KIND.findall(value))
    return n_switches * _MAX_CHARS_PER_SWITCH >= len(value) or any(
        2 <= sum(map(str.isdigit, run)) < len(run) for run in _LONG_RUN.findall(value)
    )


def _mask_iban(match: re.Match[str]) -> str:
    iban = re.sub("[^A-Za-z0-9]", "", match[0])
    digits = "".join(str(int(character, 36)) for character in iban[4:] + iban[:4])
    return "[IBAN]" if int(digits) % 97 == 1 else match[0]


def _mask_card(match: re.Match[str]) -> str:
    if _is_card(match[0]):
        return "[CARD]"
    # The three digits after sixteen may be the security code.
    tail = match["tail"] or ""
    return f"[CARD]{tail}" if tail and _is_card(match[0].removesuffix(tail)) else match[0]


def _is_card(written: str) -> bool:
    digits = re.sub("[^0-9]", "", written)
    odd, even = [*map(int, digits[::-2])], [*map(int, digits[-2::-2])]
    is_luhn = (sum(odd) + sum(sum(divmod(2 * digit, 10)) for digit in even)) % 10 == 0
    is_ean = len(digits) == 13 and (sum(odd) + 3 * sum(even)) % 10 == 0
    # Cards of thirteen digits are a thing of the past, EANs are not.
    return is_luhn and not is_ean and bool(_CARD_NETWORKS.fullmatch(digits))


def _mask_ipv6(match: re.Match[str]) -> str:
    # A colon at the end may be the sentence's, or say that zeros follow.
    run = match[0].rstrip(".")
    for address in (run, run.removesuffix(":")):
        with suppress(ValueError):
            IPv6Address(address)
            return "[IP]" + match[0][len(address) :]
    return match[0]


def _mask_ipv4(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - _VERSION_BEFORE_CHARS) : match.start()]
    return match[0] if _VERSION_BEFORE.search(before) else "[IP]"


class _Kind(NamedTuple):
    """Something to be found.

    sign: what no text that holds it is without, found in a fraction of the time. Most texts with a
        digit hold a price or a date and nothing to mask.
    """

    sign: re.Pattern[str]
    pattern: re.Pattern[str]
    replacement: str | Callable[[re.Match[str]], str]


_SIGN_OF_KEY = re.compile(_LONG_TOKEN)
# In this order: keys and credentials hold what looks like e-mail addresses and numbers.
_KINDS = (
    _Kind(re.compile("-----BEGIN"), _PRIVATE_KEY, "[SECRET]"),
    _Kind(_SIGN_OF_KEY, _KEY, "[SECRET]"),
    _Kind(_SIGN_OF_KEY, _ANNOUNCED, _mask_announced),
    _Kind(re.compile("://"), _URL_CREDENTIALS, "[SECRET]"),
    _Kind(re.compile("[@＠]|%40"), _EMAIL, r"\1[EMAIL]"),
    _Kind(re.compile("[A-Za-z]{2}[0-9]{2}"), _IBAN, _mask_iban),
    _Kind(re.compile("[0-9]{4}[ \u00a0-]?[0-9]{4}"), _CARD, _mask_card),
    _Kind(re.compile("[0-9A-Fa-f]{4}:"), _IPV6, _mask_ipv6),
    _Kind(re.compile(r"\d\.\d"), _IPV4, _mask_ipv4),
)
# Seven digits, with what may stand between two of them at most.
_SIGN_OF_PHONE = re.compile(r"(?:\d\D{0,12}){6}\d")


class _Writing(NamedTuple):
    """The beginning of some digits: as it stands in the text, and the digits alone."""

    text: str
    digits: str


class _PhoneMasker:
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
