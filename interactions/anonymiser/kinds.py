"""All but telephone numbers: what each kind looks like, and what is put in its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv6Address
from typing import NamedTuple

from .masks import not_after_mask, not_before_mask

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
    rf"(?<![A-Za-z0-9]){not_after_mask()}(?:"
    + "|".join(begin + rest for begin, rest in _KEY_FORMS.items())
    + f"|{_OWN_KEY})",
    re.ASCII,
)

# As long as the shortest key, of any characters that keys and secrets have.
LONG_TOKEN = r"(?<![A-Za-z0-9_+/.=~-])[A-Za-z0-9_+/.=~-]{15}"

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
    (?<![{_LETTER}0-9_.+'-]) {not_after_mask()} (?!(?<=%)2B)
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
    rf"(?=[A-Z]{{2}}[0-9]{{2}})(?<![A-Z0-9])(?<![A-Z0-9]-){not_after_mask()}{not_after_mask('-')}(?:"
    + "|".join(
        f"(?:{countries})(?:[ \u00a0-]?[A-Z0-9]){{{length - 2}}}"
        for length, countries in _IBAN_COUNTRIES.items()
    )
    + rf")(?!-?[A-Z0-9]){not_before_mask('-?')}",
    re.IGNORECASE | re.ASCII,
)

# In one piece, or in the groups that are embossed: 4-4-4-4, 4-4-4-4-3, 4-6-5 and 4-6-4.
_CARD = re.compile(
    rf"""
    (?=[0-9]) (?<![A-Za-z0-9_]) (?<![0-9][.-]) {not_after_mask()} {not_after_mask("[.-]")}
    (?: [0-9]{{19}} | [0-9]{{13,16}}
      | [0-9]{{4}} ([ \u00a0-]) [0-9]{{4}} \1 [0-9]{{4}} \1 [0-9]{{4}} (?P<tail> \1 [0-9]{{3}} )?
      | [0-9]{{4}} ([ \u00a0-]) [0-9]{{6}} \3 [0-9]{{4,5}} )
    (?! [A-Za-z0-9_] | [.-][0-9] ) {not_before_mask("[.-]?")}
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
    (?=[23f]) (?<![\w.]) (?<!\d:) {not_after_mask()} {not_after_mask(":")}
    (?= (?: [23][\da-f]{{3}} | f[c-f][\da-f]{{2}} ) : [\da-f]{{0,4}} : )
    [\da-f:.]++ (?!\w) {not_before_mask()}
    """,
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
# Not 0., 127. and 240. to 255., and no .0.0.0: the own machine, masks and whole networks are nobody's.
_IPV4 = re.compile(
    rf"""
    (?=\d) (?<!\w) (?<!\w\.) {not_after_mask()} {not_after_mask("[.]")}
    (?! (?: 0 | 127 | 2[45]\d ) \. | \d+ (?:\.0){{3}} )
    (?: {OCTET} \. ){{3}} {OCTET} (?! \w | \.\d ) {not_before_mask("[.]?")}
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


class Kind(NamedTuple):
    """Something to be found.

    sign: what no text that holds it is without, found in a fraction of the time. Most texts with a
        digit hold a price or a date and nothing to mask.
    """

    sign: re.Pattern[str]
    pattern: re.Pattern[str]
    replacement: str | Callable[[re.Match[str]], str]


_SIGN_OF_KEY = re.compile(LONG_TOKEN)
# In this order: keys and credentials hold what looks like e-mail addresses and numbers.
KINDS = (
    Kind(re.compile("-----BEGIN"), _PRIVATE_KEY, "[SECRET]"),
    Kind(_SIGN_OF_KEY, _KEY, "[SECRET]"),
    Kind(_SIGN_OF_KEY, _ANNOUNCED, _mask_announced),
    Kind(re.compile("://"), _URL_CREDENTIALS, "[SECRET]"),
    Kind(re.compile("[@＠]|%40"), _EMAIL, r"\1[EMAIL]"),
    Kind(re.compile("[A-Za-z]{2}[0-9]{2}"), _IBAN, _mask_iban),
    Kind(re.compile("[0-9]{4}[ \u00a0-]?[0-9]{4}"), _CARD, _mask_card),
    Kind(re.compile("[0-9A-Fa-f]{4}:"), _IPV6, _mask_ipv6),
    Kind(re.compile(r"\d\.\d"), _IPV4, _mask_ipv4),
)
