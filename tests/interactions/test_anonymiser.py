"""What the anonymiser masks, what it leaves alone, and that no text is too much for it."""

import copy
import random
import string
from datetime import datetime
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from uuid import UUID

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from rest_framework_api_key.crypto import KeyGenerator

from interactions.anonymiser import mask_pii, mask_pii_in

REGIONS = ("US", "GB", "DE", "FR", "IT", "ES", "CH", "NL")

# Assembled here, so that no scanner takes this file for a leak.
DIGITS_AND_LETTERS = "a1B2c3D4e5F6g7H8i9J0"
LETTERS = "abcdefghijKLMNOPQRSTuvwxyzABCDEFGH"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5NXgL0n3I9PlFUP0THsR8U"
PRIVATE_KEY = """-----BEGIN {0}PRIVATE KEY-----
MIIEpAIBAAKCAQEAu1SU1LfVLPHCozMxH2Mo
AgMBAAE=
-----END {0}PRIVATE KEY-----"""


def mask(text: str, regions: tuple[str, ...] = REGIONS) -> str:
    return mask_pii(text, regions)


EMAILS = {
    "plain": ("bob@example.com", "[EMAIL]"),
    "in a sentence": ("Write to bob@example.com.", "Write to [EMAIL]."),
    "capitals": ("B@B.CO", "[EMAIL]"),
    "subdomains and a tag": ("first.last+news@mail.example.co.uk", "[EMAIL]"),
    "apostrophe": ("o'brien@example.ie", "[EMAIL]"),
    "quoted": ("'bob@example.com'", "'[EMAIL]'"),
    "angle brackets": ('"Bob" <bob@example.com>', '"Bob" <[EMAIL]>'),
    "parentheses": ("(bob@example.com)", "([EMAIL])"),
    "markdown italics": ("*bob@example.com*", "*[EMAIL]*"),
    "bullet": ("-bob@example.com", "-[EMAIL]"),
    "list": ("a@x.io,b@y.org;c@z.net", "[EMAIL],[EMAIL];[EMAIL]"),
    "mailto": ("mailto:bob@example.com?subject=hi", "mailto:[EMAIL]?subject=hi"),
    "query string": ("?email=bob@example.com&x=1", "?email=[EMAIL]&x=1"),
    "percent-encoded": ("?email=bob%2Bnews%40example.com&x=1", "?email=[EMAIL]&x=1"),
    "umlauts": ("jürgen@müller.de", "[EMAIL]"),
    "Cyrillic": ("иван@почта.рф", "[EMAIL]"),
    "punycode": ("bob@xn--mller-kva.xn--p1ai", "[EMAIL]"),
    "Chinese around": ("我的邮箱是bob@example.com，谢谢", "我的邮箱是[EMAIL]，谢谢"),
    "wide at sign": ("bob＠example.com", "[EMAIL]"),
    "Arabic around": ("بريدي bob@example.com شكرا", "بريدي [EMAIL] شكرا"),
    "emoji around": ("📧bob@example.com📧", "📧[EMAIL]📧"),
    "two lines": ("bob@example.com\nann@example.com", "[EMAIL]\n[EMAIL]"),
    "no password in the URL": ("ftp://bob@example.com/x", "ftp://[EMAIL]/x"),
    "numeric domain": ("12345@163.com", "[EMAIL]"),
}

PHONES = {
    "British, from our data": ("the phone number is 01223 812660", "the phone number is [PHONE]"),
    "bare, announced": ("The phone number is 01223576412.", "The phone number is [PHONE]."),
    "the number for": ("The number for The Nirala is 01223360966", "The number for The Nirala is [PHONE]"),
    "possessive number": (
        "Jinling Noodle Bar's number is 01223566188",
        "Jinling Noodle Bar's number is [PHONE]",
    ),
    "number begins the sentence": (
        "Anything else? Number is 01223355159",
        "Anything else? Number is [PHONE]",
    ),
    "words between": (
        "phone and postcode are cb23dt and 01223576412",
        "phone and postcode are cb23dt and [PHONE]",
    ),
    "reached": ("they can be reached at 01223295264", "they can be reached at [PHONE]"),
    "announced after": ("07911123456 is my mobile", "[PHONE] is my mobile"),
    "kind in parentheses": ("2125550100 (cell)", "[PHONE] (cell)"),
    "typing error": ("their phone number is 012233338300", "their phone number is [PHONE]"),
    "made up": ("My phone number is 123-456-7890", "My phone number is [PHONE]"),
    "made up, call me": ("call me at 555-123-4567", "call me at [PHONE]"),
    "made up, area in parentheses": ("(555) 123-4567", "[PHONE]"),
    "made up, with country code": ("+1-555-123-4567", "[PHONE]"),
    "British mobile": ("07911 123456", "[PHONE]"),
    "British, other groups": ("0207 946 0958", "[PHONE]"),
    "British, parentheses": ("(020) 7946 0958", "[PHONE]"),
    "British, with country code": ("+44 (0)1223 812660.", "[PHONE]."),
    "American": ("212-555-0100", "[PHONE]"),
    "American, parentheses": ("(212) 555-0100", "[PHONE]"),
    "American, dots": ("212.555.0100", "[PHONE]"),
    "American, trunk prefix": ("1-800-555-0199", "[PHONE]"),
    "American, extension": ("212-555-0100x12", "[PHONE]x12"),
    "German": ("030 1234567", "[PHONE]"),
    "German, slash": ("0171/1234567", "[PHONE]"),
    "German, announced": ("Telefon: 089/123 45 67", "Telefon: [PHONE]"),
    "French": ("06 12 34 56 78", "[PHONE]"),
    "French, dots": ("06.12.34.56.78", "[PHONE]"),
    "French, announced": ("appelez-moi au 0612345678", "appelez-moi au [PHONE]"),
    "Italian": ("347 123 4567", "[PHONE]"),
    "Spanish": ("612 34 56 78", "[PHONE]"),
    "Spanish, in threes, announced": ("mi móvil es 612 345 678", "mi móvil es [PHONE]"),
    "Spanish, call me": ("llámame al 612345678", "llámame al [PHONE]"),
    "Swiss": ("079 123 45 67", "[PHONE]"),
    "Dutch": ("06-12345678", "[PHONE]"),
    "E.164": ("+41791234567", "[PHONE]"),
    "00 for +": ("0041 79 123 45 67", "[PHONE]"),
    "country code in parentheses": ("(+41) 79 123 45 67", "[PHONE]"),
    "tel URI": ("tel:+12125550100", "tel:[PHONE]"),
    "query string": ("?phone=+12125550100&x=1", "?phone=[PHONE]&x=1"),
    "order by phone": ("To order call us: 0800 123 4567", "To order call us: [PHONE]"),
    "list after one word": ("phones: 2125550100, 2125550101", "phones: [PHONE], [PHONE]"),
    "list without spaces": ("phones:2125550100,2125550101", "phones:[PHONE],[PHONE]"),
    "two numbers side by side": ("01223 812660 07911 123456", "[PHONE] [PHONE]"),
    "digits after it": ("01223 812660 24 hours", "[PHONE] 24 hours"),
    "date before it": ("2024-03-05 01223 812660", "2024-03-05 [PHONE]"),
    "parentheses around": ("(tel 01223 812660)", "(tel [PHONE])"),
    "Chinese around": ("我的电话是2125550100，谢谢", "我的电话是[PHONE]，谢谢"),
    "Persian digits": ("Phone: ۰۲۰ ۷۹۴۶ ۰۹۵۸", "Phone: [PHONE]"),
    "Arabic around": ("هاتفي +966 50 123 4567 شكرا", "هاتفي [PHONE] شكرا"),
    "several lines": ("Phone:\n01223 812660\n01223812661\n", "Phone:\n[PHONE]\n[PHONE]\n"),
}

CARDS = {
    "Visa": ("4111 1111 1111 1111", "[CARD]"),
    "one piece": ("pay with 4111111111111111.", "pay with [CARD]."),
    "dashes": ("4111-1111-1111-1111", "[CARD]"),
    "no-break spaces": ("4111\u00a01111\u00a01111\u00a01111", "[CARD]"),
    "Mastercard": ("5555 5555 5555 4444", "[CARD]"),
    "Mastercard, new range": ("2223003122003222", "[CARD]"),
    "American Express": ("3782 822463 10005", "[CARD]"),
    "American Express, one piece": ("378282246310005", "[CARD]"),
    "Diners Club": ("3056 930902 5904", "[CARD]"),
    "Discover": ("6011-1111-1111-1117", "[CARD]"),
    "JCB": ("3530111333300000", "[CARD]"),
    "UnionPay, nineteen digits": ("6222021234567890128", "[CARD]"),
    "Visa, thirteen digits": ("4222222222222", "[CARD]"),
    "expiry and code after it": ("4111 1111 1111 1111 12/26 123", "[CARD] 12/26 123"),
    "code after it": ("4111 1111 1111 1111 123", "[CARD] 123"),
    "list": ("4111111111111111,5105105105105100", "[CARD],[CARD]"),
    "Chinese around": ("卡号4111111111111111，谢谢", "卡号[CARD]，谢谢"),
}

IBANS = {
    "British": ("GB82 WEST 1234 5698 7654 32", "[IBAN]"),
    "in a sentence": ("GB82 WEST 1234 5698 7654 32 is mine.", "[IBAN] is mine."),
    "one piece": ("DE89370400440532013000", "[IBAN]"),
    "lower case": ("gb82west12345698765432", "[IBAN]"),
    "dashes": ("FR76-3000-6000-0112-3456-7890-189", "[IBAN]"),
    "the shortest": ("NO93 8601 1117 947", "[IBAN]"),
    "the longest of Europe": ("MT84 MALT 0110 0001 2345 MTLC AST0 01S", "[IBAN]"),
    "no-break spaces": ("CH93\u00a00076\u00a02011\u00a06238\u00a05295\u00a07", "[IBAN]"),
    "parentheses": ("(NL91 ABNA 0417 1643 00)", "([IBAN])"),
    "Chinese around": ("账号DE89370400440532013000，谢谢", "账号[IBAN]，谢谢"),
}

IP_ADDRESSES = {
    "version 4": ("from 192.168.1.10.", "from [IP]."),
    "port": ("8.8.8.8:53", "[IP]:53"),
    "network": ("203.0.113.0/24", "[IP]/24"),
    "URL": ("http://8.8.8.8/x", "http://[IP]/x"),
    "path": ("https://example.com/ip/8.8.8.8", "https://example.com/ip/[IP]"),
    "range": ("10.0.0.1-10.0.0.9", "[IP]-[IP]"),
    "assignment": ("host=10.0.0.1", "host=[IP]"),
    "Chinese around": ("地址是10.0.0.1，谢谢", "地址是[IP]，谢谢"),
    "version 6": ("2001:db8::1", "[IP]"),
    "version 6 in full": ("2001:0db8:85a3:0000:0000:8a2e:0370:7334.", "[IP]."),
    "version 6 before a colon": ("2001:db8::1: unreachable", "[IP]: unreachable"),
    "version 6 with port": ("[2001:db8::1]:80", "[[IP]]:80"),
    "version 6 network": ("2a02:1210::/32", "[IP]/32"),
    "version 6 after a label": ("ip:2001:db8::7", "ip:[IP]"),
    "link-local with zone": ("fe80::1%eth0", "[IP]%eth0"),
    "unique local": ("fd31:f903:5ab5:1::1", "[IP]"),
    "version 4 in version 6": ("::ffff:10.1.2.3", "::ffff:[IP]"),
}

SECRETS = {
    "OpenAI": (f"sk-proj-{DIGITS_AND_LETTERS}_-x", "[SECRET]"),
    "Anthropic": (f"my key is sk-ant-api03-{DIGITS_AND_LETTERS}.", "my key is [SECRET]."),
    "Stripe secret": (f"sk_live_{DIGITS_AND_LETTERS}", "[SECRET]"),
    "Stripe publishable": (f"pk_live_{DIGITS_AND_LETTERS}", "[SECRET]"),
    "GitHub": (f"ghp_{DIGITS_AND_LETTERS}{DIGITS_AND_LETTERS}", "[SECRET]"),
    "GitHub without digits": (f"ghp_{LETTERS}", "[SECRET]"),
    "GitHub, fine-grained": (f"github_pat_{DIGITS_AND_LETTERS}_{LETTERS}", "[SECRET]"),
    "GitLab": (f"glpat-{DIGITS_AND_LETTERS}", "[SECRET]"),
    "AWS": ("AKIA" + "IOSFODNN7EXAMPLE", "[SECRET]"),
    "Slack": (f"xoxb-123456789012-{DIGITS_AND_LETTERS}", "[SECRET]"),
    "Slack hook": (f"https://hooks.slack.com/services/T0001/B0001/{DIGITS_AND_LETTERS}", "https://[SECRET]"),
    "Google": (f"AIza{LETTERS}1", "[SECRET]"),
    "Google OAuth": (f"ya29.{DIGITS_AND_LETTERS}", "[SECRET]"),
    "Hugging Face": (f"hf_{LETTERS}", "[SECRET]"),
    "npm": (f"npm_{LETTERS}", "[SECRET]"),
    "SendGrid": (f"SG.{DIGITS_AND_LETTERS}.{DIGITS_AND_LETTERS}", "[SECRET]"),
    "this server": ("Ab3dEf9h." + "Xy1" + "b" * 29, "[SECRET]"),
    "JWT": (f"the token {JWT} expired", "the token [SECRET] expired"),
    "bearer": (f"Authorization: Bearer {DIGITS_AND_LETTERS}", "Authorization: Bearer [SECRET]"),
    "basic": ("Authorization: Basic dXNlcjpwYXNzd29yZDEyMw==", "Authorization: Basic [SECRET]"),
    "assignment": (f"api_key={DIGITS_AND_LETTERS}", "api_key=[SECRET]"),
    "hexadecimal": ("secret=9f86d081884c7d659a2feaa0c55ad015", "secret=[SECRET]"),
    "JSON": (f'{{"apiKey": "{DIGITS_AND_LETTERS}"}}', '{"apiKey": "[SECRET]"}'),
    "JSON in a string": (f'{{\\"token\\": \\"{DIGITS_AND_LETTERS}\\"}}', '{\\"token\\": \\"[SECRET]\\"}'),
    "environment": (f"export CLIENT_SECRET='{DIGITS_AND_LETTERS}'", "export CLIENT_SECRET='[SECRET]'"),
    "AWS secret": (
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "aws_secret_access_key = [SECRET]",
    ),
    "words": (f"my api key is {DIGITS_AND_LETTERS}", "my api key is [SECRET]"),
    "option": (f"--token {DIGITS_AND_LETTERS}", "--token [SECRET]"),
    "query string": (f"?token={DIGITS_AND_LETTERS}&x=1", "?token=[SECRET]&x=1"),
    "XML": (f"<token>{DIGITS_AND_LETTERS}</token>", "<token>[SECRET]</token>"),
    "long password": (f"password: {DIGITS_AND_LETTERS}", "password: [SECRET]"),
    "URL": ("https://bob:hunter2@example.com/x", "https://[SECRET]@example.com/x"),
    "URL, at sign in the password": ("https://bob:p@ss@example.com/x", "https://[SECRET]@example.com/x"),
    "database URL": ("postgresql://app:s3cret@10.0.0.1:5432/db", "postgresql://[SECRET]@[IP]:5432/db"),
    "URL without user": ("redis://:hunter2@cache/0", "redis://[SECRET]@cache/0"),
    "private key": (f"Here: {PRIVATE_KEY.format('RSA ')} thanks", "Here: [SECRET] thanks"),
    "private key, escaped": (PRIVATE_KEY.format("").replace("\n", "\\n"), "[SECRET]"),
    "private key, cut off": (
        PRIVATE_KEY.format("").partition("\nAgMB")[0] + "\n\nWhat is wrong with it?",
        "[SECRET]\n\nWhat is wrong with it?",
    ),
    "key before the name": (f"{JWT} bob@example.com", "[SECRET] [EMAIL]"),
}

MASKED = {
    f"{subject}: {name}": row
    for subject, table in [
        ("e-mail", EMAILS),
        ("phone", PHONES),
        ("card", CARDS),
        ("IBAN", IBANS),
        ("IP", IP_ADDRESSES),
        ("secret", SECRETS),
    ]
    for name, row in table.items()
}

LEFT_ALONE = {
    # From our data.
    "reference number": "Your reference number is 00000057",
    "train": "train TR4521 leaves at 17:35 costs 23.60 GBP",
    "table": "table at 18:30 on 2024-03-05",
    "British postcode": "postcode cb21ab",
    "at sign for at": "could you try Monday @ 19:30 please?",
    # Numbers of orders and the like.
    "order number": "order number is 2125550100",
    "order, grouped like a phone": "order 305-418-9021",
    "order after a word for phones": "call about order 2125550100",
    "hash": "order #2125550100",
    "bare digits": "2125550100",
    "bare digits with a zero": "01223812660",
    "zeros before": "0000001234",
    "number of": "the number of users is 2125550100",
    "tracking number": "tracking number 1Z999AA10123456784",
    "long tracking number": "9400 1000 0000 0000 0000 00",
    "key in JSON": '{"order_id": "305-418-9021"}',
    "product code": "SKU-212-555-0100, A1B2-C3D4, X305-418-9021",
    "tax number": "EIN 04-1234567, VAT DE123456789",
    "flight": "flight BA2490 at 0930, gate 12, seat 23F",
    "ISBN": "ISBN 0-306-40615-2, 978-0-306-40615-7, 9780306406157",
    "EAN": "4006381333931",
    "IMEI": "490154203237518",
    "snowflake": "175928847299117063",
    "sixteen digits": "1234567890123456",
    "card that fails its check": "4111 1111 1111 1112, 4111111111111112",
    "IBAN that fails its check": "GB82 WEST 1234 5698 7654 33, NL91 ABNA 0417 1643 01",
    "IBAN too short": "DE8937040044053201300",
    "IBAN of no country": "ZZ82 WEST 1234 5698 7654 32",
    # Times and places.
    "dates": "2024-03-05, 05.03.2024, 3/5/2024, 05/03/24, 5 March 2024, 20240305",
    "spaced date": "call me on 02 03 2024",
    "date and time": "2024-03-05 17:35:00.123456, 2024-03-05T17:35:00+0100, 05.03.2024 18:30",
    "compact date and time": "20240305 1830, 20240305T183000Z, 20240305183000",
    "changelog": "## 0.4.0 - 2019-04-21",
    "timestamps": "1709650800, 1709650800123, 1709650800.123456",
    "opening hours": "09:00-17:00, Mon-Fri 0900-1700, 0800-1800",
    "years": "2019-2020-2021, (1) 2023-2024 (2) 2024-2025",
    "coordinates": "52.520008, 13.404954 or 48.8566 2.3522 or -33.8688 151.2093",
    "postcodes": "10115 Berlin, 8001 Zürich, SW1A 1AA, 1012 AB Amsterdam, 90210-1234",
    # Quantities.
    "prices": "$1,299.00, 1.299,00 €, £2125550100, 23.60 GBP, 212 555 0100 €",
    "thousands": "1,234,567,890; 1 234 567 890; 612.345.678; 612 345 678",
    "thousands like an address": "€1.200.100.250",
    "percentages": "12.5%, 2125550100%",
    "math": "3.14159265358979 * 2.71828 = 8.5397342226735, 100-200-300, 0.4111111111111111",
    "sequence": "1 2 3 4 5 6 7 8 9 10, 1-2-3-4-5-6-7-8-9-10",
    "scores": "6-4 6-3 7-6, 3:2",
    "emergency": "call 999 or 112",
    "short number": "dial 12345",
    # Software.
    "versions": "v1.2.3.4, version 1.2.3.4, version: 10.0.0.1, 1.2.3",
    "version in JSON": '"version": "1.2.3.4"',
    "version of a package": "pkg==1.2.3.4, pkg-1.2.3.4.tar.gz, lodash@4.17.21, foo@1.2.3-beta.rc",
    "user agent": "Mozilla/5.0 Chrome/120.0.0.0 Safari/537.36",
    "assembly version": "1.0.0.0",
    "section": "see section 1.2.3.4",
    "object identifier": "1.3.6.1.4.1.311",
    "own machine": "http://127.0.0.1:8000, 0.0.0.0, ::1, 255.255.255.0",
    "no address": "256.1.1.1, 1.2.3, 1.2.3.4.5, 01.02.03.04",
    "UUID": "550e8400-e29b-41d4-a716-446655440000",
    "UUID that begins like a phone": "00656458-5682-4a70-9aaa-47083564f1c6",
    "UUID that holds an IBAN": "ee88559b-cef2-4868-8188-4de827b18c01",
    "commit": "commit da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "file with a digest": "bundle12.9f86d081884c7d659a2feaa0c55ad015.js",
    "hardware address": "00:11:22:33:44:55, 00:11:22:33:44:55:66:77",
    "pointer": "0x7ffee4c0a7b8",
    "C++": "std::vector<ab::cd>, dead::beef",
    "slices": "a[1::2], b[::-1], c[10:20:30]",
    "time with colons": "12:30:45, 2024:03:05 17:35:00",
    "decorator": "@app.route('/')",
    "matrix product": "a@b.T",
    "mention": "@someone, user@localhost, 50@$3.20",
    "image for dense screens": "icon@2x.png",
    "repository": "git@github.com:org/repo.git",
    "code": "for i in range(1000000000): SELECT * FROM t WHERE id = 2125550100",
    "class name": "sk-fading-circle-container",
    "function like a key": "hf_hub_download, npm_config_registry",
    "placeholder": "token: YOUR_TOKEN_HERE_PLEASE, Bearer $TOKEN, sk-xxxxxxxxxxxxxxxxxxxx",
    "expression": "token = get_token_from_request_v2(request), secret = os.environ['SECRET_KEY']",
    "identifier": "secret: my-very-long-kubernetes-secret-name-v1",
    "number of tokens": "max_tokens: 4096, tokens = 12345678901234567890",
    "short password": "password: hunter2",
    "bearer of words": "bearer internationalization",
    "public key": "-----BEGIN PUBLIC KEY-----",
    "template": "postgresql://{user}:{password}@{host}/db",
    "port and at sign": "http://example.com:8080/@me",
}  # fmt: skip


@pytest.mark.parametrize(("text", "masked"), MASKED.values(), ids=MASKED)
def test_pii_is_masked(text: str, masked: str):
    assert mask(text) == masked


@pytest.mark.parametrize("text", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_what_is_no_pii_is_left_alone(text: str):
    assert mask(text) is text


def test_every_kind_in_one_text():
    text = (
        "I am bob@example.com (tel. 01223 812660) on 10.0.0.1,\n"
        "card 4111 1111 1111 1111, IBAN DE89 3704 0044 0532 0130 00, "
        f"password: {DIGITS_AND_LETTERS}, order 4711 of 2024-03-05."
    )

    assert mask(text) == (
        "I am [EMAIL] (tel. [PHONE]) on [IP],\n"
        "card [CARD], IBAN [IBAN], password: [SECRET], order 4711 of 2024-03-05."
    )


def test_national_numbers_are_those_of_the_given_regions():
    british, french = "01223 812660", "06 12 34 56 78"

    assert [mask(british, ("GB",)), mask(french, ("GB",))] == ["[PHONE]", french]
    assert [mask(british, ("FR",)), mask(french, ("FR",))] == [british, "[PHONE]"]
    assert [mask(british, ()), mask(french, ())] == [british, french]


def _example_numbers() -> dict[str, phonenumbers.PhoneNumber]:
    return {
        region: phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
        for region in sorted(phonenumbers.SUPPORTED_REGIONS)
        if phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    }


@pytest.mark.parametrize(
    "form", [PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL], ids=["E.164", "groups"]
)
def test_numbers_with_country_code_of_every_region_are_masked(form: int):
    for number in _example_numbers().values():
        written = phonenumbers.format_number(number, form)

        assert mask(f"I use {written}.", ()) == "I use [PHONE]."


def test_national_numbers_are_masked_as_their_region_writes_them():
    for region in REGIONS:
        written = phonenumbers.format_number(_example_numbers()[region], PhoneNumberFormat.NATIONAL)

        assert mask(f"I use {written}.", (region,)) == "I use [PHONE]."


# Random PII, at random places of a text.

BEFORE = st.sampled_from(["", "use ", "(", "卡号", "שלום ", "🙂", "a, ", "\n", '"', "is: ", "Straße "])
AFTER = st.sampled_from(
    ["", " please", ")", "，谢谢", " שלום", "🙂", ", b", ": b", "\n", '"', ".", "?", "!", "; x"]
)

# What networks put first, and how many digits their cards have.
CARD_PREFIXES = {"4": 16, "51": 16, "55": 16, "2221": 16, "6011": 16, "34": 15, "37": 15, "36": 14, "62": 19}
CARD_GROUPS = {14: (4, 6, 4), 15: (4, 6, 5), 16: (4, 4, 4, 4), 19: (4, 4, 4, 4, 3)}


@st.composite
def card_digits(draw: st.DrawFn, error: st.SearchStrategy[int]) -> str:
    """A card number whose check digit is wrong by `error`."""
    prefix = draw(st.sampled_from(sorted(CARD_PREFIXES)))
    count = CARD_PREFIXES[prefix] - len(prefix) - 1
    digits = prefix + draw(st.text("0123456789", min_size=count, max_size=count))
    total = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[::-2]) + sum(map(int, digits[-2::-2]))
    return f"{digits}{(draw(error) - total) % 10}"


def grouped(digits: str, gap: str) -> str:
    """The digits as embossed: "4111 1111 1111 1111"."""
    remaining = iter(digits)
    return gap.join("".join(next(remaining) for _ in range(size)) for size in CARD_GROUPS[len(digits)])


@given(BEFORE, card_digits(st.just(0)), st.sampled_from(["", " ", "-"]), AFTER)
def test_cards_are_masked_anywhere(before: str, digits: str, gap: str, after: str):
    assert mask(f"{before}{grouped(digits, gap)}{after}") == f"{before}[CARD]{after}"


@given(card_digits(st.integers(1, 9)))
def test_wrong_check_digit_makes_no_card(digits: str):
    assert mask(digits) is digits


@st.composite
def ibans(draw: st.DrawFn, error: st.SearchStrategy[int]) -> str:
    """An account number whose check digits are wrong by `error`."""
    country, length = draw(st.sampled_from([("DE", 22), ("GB", 22), ("NO", 15), ("MT", 31), ("FR", 27)]))
    account = draw(st.text(string.digits + string.ascii_uppercase, min_size=length - 4, max_size=length - 4))
    value = int("".join(str(int(character, 36)) for character in f"{account}{country}00"))
    return f"{country}{(98 - value % 97 + draw(error)) % 100:02}{account}"


@given(BEFORE, ibans(st.just(0)), st.sampled_from(["", " ", "-"]), st.booleans(), AFTER)
def test_ibans_are_masked_anywhere(before: str, iban: str, gap: str, is_lower: bool, after: str):
    written = gap.join(iban[start : start + 4] for start in range(0, len(iban), 4))
    written = written.lower() if is_lower else written

    assert mask(f"{before}{written}{after}") == f"{before}[IBAN]{after}"


# Two check numbers that are 97 apart are both right.
@given(ibans(st.integers(1, 1)))
def test_wrong_check_digits_make_no_iban(iban: str):
    assert "[IBAN]" not in mask(iban)


NAMES = st.from_regex(r"[a-z0-9éüñж]+([._+-][a-z0-9éüñж]+){0,3}", fullmatch=True).filter(
    lambda name: name != "git"
)
DOMAINS = st.from_regex(
    r"([a-z]([a-z0-9-]{0,20}[a-z0-9])?\.){1,3}(com|co\.uk|museum|рф|xn--p1ai)", fullmatch=True
)


@given(BEFORE, NAMES, DOMAINS, AFTER)
def test_email_addresses_are_masked_anywhere(before: str, name: str, domain: str, after: str):
    assert mask(f"{before}{name}@{domain}{after}") == f"{before}[EMAIL]{after}"


@given(BEFORE, st.ip_addresses(v=4).filter(lambda address: 0 < int(address) >> 24 < 240), AFTER)
@example("", ip_address("10.0.0.1"), "")
def test_ipv4_addresses_are_masked_anywhere(before: str, address: IPv4Address, after: str):
    is_nobodys = address.is_loopback or str(address).endswith(".0.0.0")

    assert mask(f"{before}{address}{after}") == f"{before}{address if is_nobodys else '[IP]'}{after}"


@given(
    BEFORE,
    st.one_of(st.ip_addresses(network=network) for network in ("2000::/3", "fc00::/7", "fe80::/10")),
    st.sampled_from(["compressed", "exploded"]),
    st.booleans(),
    AFTER,
)
def test_ipv6_addresses_are_masked_anywhere(
    before: str, address: IPv6Address, form: str, is_upper: bool, after: str
):
    written = getattr(address, form).upper() if is_upper else getattr(address, form)

    assert mask(f"{before}{written}{after}") == f"{before}[IP]{after}"


LETTERS_AND_DIGITS = string.ascii_letters + string.digits


def _after(prefix: str, alphabet: str, length: int) -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=length, max_size=length).map(prefix.__add__)


KEYS = st.one_of(
    _after("sk-1", LETTERS_AND_DIGITS, 40),
    _after("pk_live_", LETTERS_AND_DIGITS, 24),
    _after("ghp_", LETTERS_AND_DIGITS, 36),
    _after("AKIA", string.ascii_uppercase + "234567", 16),
    _after("xoxb-123456789012-", LETTERS_AND_DIGITS, 24),
    _after("AIza", LETTERS_AND_DIGITS + "_-", 35),
    _after("glpat-", LETTERS_AND_DIGITS + "_-", 20),
    _after("hf_", string.ascii_letters, 34),
    _after("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.", LETTERS_AND_DIGITS + "_-", 43),
)


@given(BEFORE, KEYS, AFTER)
def test_keys_are_masked_anywhere(before: str, key: str, after: str):
    assert mask(f"{before}{key}{after}") == f"{before}[SECRET]{after}"


def test_keys_of_this_server_are_masked():
    for _ in range(100):
        key, _prefix, _hash = KeyGenerator().generate()

        assert mask(f"my key {key} fails") == "my key [SECRET] fails"


def test_a_key_of_this_server_without_a_digit_is_masked():
    key = "XsVnSTPs.JgAwPyfmGOAUMsOTrbiowzXRzSfTSZKd"

    assert mask(f"my key {key} fails") == "my key [SECRET] fails"


# What is no PII, at random.


@given(st.uuids(), st.binary(min_size=16, max_size=32))
def test_uuids_and_digests_are_left_alone(uuid: UUID, digest: bytes):
    text = f"{uuid} {str(uuid).upper()} {digest.hex()}"

    assert mask(text) is text


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d-%m-%y", "%d %m %Y", "%Y %m %d", "%d %B %Y",
        "%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%SZ", "%d.%m.%Y %H.%M",
        "%Y-%m-%dT%H:%M:%S+0100", "%H:%M:%S", "%H%M",
    ],
)  # fmt: skip
@given(moment=st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2099, 12, 31)))
def test_dates_and_times_are_left_alone(form: str, moment: datetime):
    text = f"Please call me on {moment.strftime(form)}, for two people"

    assert mask(text) is text


@given(st.decimals(0, 10**10, places=2), st.floats(-90, 90), st.floats(-180, 180))
def test_amounts_and_coordinates_are_left_alone(amount: Decimal, latitude: float, longitude: float):
    place = f"{latitude:.6f}, {longitude:.6f} ({latitude:.4f} {longitude:.4f})"
    text = f"It costs ${amount:,} or {amount} EUR at {place}"

    assert mask(text) is text


@given(st.text("0123456789", min_size=12, max_size=12))
def test_article_numbers_are_left_alone(digits: str):
    total = sum(map(int, digits[::-2])) * 3 + sum(map(int, digits[-2::-2]))
    text = f"It is {digits}{-total % 10}"

    assert mask(text) is text


@given(st.lists(st.integers(0, 255), min_size=4, max_size=4))
def test_versions_are_left_alone(numbers: list[int]):
    version = ".".join(map(str, numbers))
    text = f"v{version}, version {version}, pkg=={version}, Client/{version}"

    assert mask(text) is text


@given(st.text(st.characters(exclude_categories=["Nd"], exclude_characters="@＠:")))
def test_text_without_a_sign_of_pii_is_returned_itself(text: str):
    assert mask(text) is text


@given(st.text())
def test_any_text_can_be_masked(text: str):
    assert mask(text) == text


# Masking again, and documents.

FRAGMENTS = [
    "bob@example.com", "@", ".", "-", "+", "0", "1", "a", " ", "  ", ", ", "/", "(", ")", ":", "::", "%40",
    "[", "]", "[EMAIL]", "[PHONE]", "[SECRET]", "01223 812660", "212-555-0100", "2125550100",
    "+41 79 123 45 67", "phone ", "call ", "the number ", "order ", "x12", "(020) 7946 0958",
    "06 12 34 56 78", "4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111",
    "GB82 WEST 1234 5698 7654 32", "10.0.0.1", "2001:db8::1", "version ", "sk-abcdefghijklmnop1234",
    "token=", "secret: ", "Bearer ", DIGITS_AND_LETTERS, JWT, "https://", "user:pass@", "2024-03-05",
    "17:35", "中", "é", "\n", "#", "$", "=", '"', "'", "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
]  # fmt: skip


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join))
def test_masking_again_changes_nothing(text: str):
    masked = mask(text)

    assert mask(masked) is masked


@pytest.mark.parametrize(("text", "masked"), MASKED.values(), ids=MASKED)
def test_masking_a_masked_text_returns_it_itself(text: str, masked: str):
    assert mask(masked) is masked


def test_document_is_masked_in_every_string_but_its_keys():
    document = {
        "messages": [
            {"role": "user", "content": "I am bob@example.com"},
            ["call 01223 812660", [], {}, "", None, True, 4111111111111111, 1.5],
        ],
        "bob@example.com": {"note": "on 10.0.0.1"},
    }
    before = copy.deepcopy(document)

    assert mask_pii_in(document, REGIONS) == {
        "messages": [
            {"role": "user", "content": "I am [EMAIL]"},
            ["call [PHONE]", [], {}, "", None, True, 4111111111111111, 1.5],
        ],
        "bob@example.com": {"note": "on [IP]"},
    }
    assert document == before


@pytest.mark.parametrize(
    ("document", "masked"),
    [
        ({"phone": "2125550100"}, {"phone": "[PHONE]"}),
        ({"phoneNumber": "2125550100"}, {"phoneNumber": "[PHONE]"}),
        ({"api_key": DIGITS_AND_LETTERS}, {"api_key": "[SECRET]"}),
        ({"order": "305-418-9021"}, {"order": "305-418-9021"}),
        ({"version": "10.0.0.1"}, {"version": "10.0.0.1"}),
        ({"bob@example.com": "10.0.0.1"}, {"bob@example.com": "[IP]"}),
        ({"phone": ["2125550100"]}, {"phone": ["2125550100"]}),
    ],
    ids=["phone", "camel case", "secret", "order", "version", "key is PII", "not of a list"],
)
def test_key_says_what_its_value_is(document: dict[str, Any], masked: dict[str, Any]):
    assert mask_pii_in(document, REGIONS) == masked


@pytest.mark.parametrize("value", [None, 1, True, "hello", [], {}, ["hello"], {"a": {"b": "c"}}])
def test_document_without_pii_stays_equal(value: Any):
    assert mask_pii_in(value, REGIONS) == value


def test_string_alone_is_masked():
    assert mask_pii_in("bob@example.com", REGIONS) == "[EMAIL]"


def test_document_may_be_nested_deeper_than_the_stack():
    document: Any = "bob@example.com"
    for _ in range(50_000):
        document = [document]

    masked = mask_pii_in(document, REGIONS)

    for _ in range(50_000):
        (masked,) = masked
    assert masked == "[EMAIL]"


# Large and hostile texts.

HOSTILE_UNITS = [
    "1", "@", "a@", "a.", "a@a.", "a@a.aa ", "%2Ba", "a-", "-", ":", "::", "a:a:", "2001:", "2001::1 ",
    "1.1.1.1 ", "1.", "1 ", "01 ", "+1 ", "(1) ", "01223 812660 ", "+41 79 123 45 67, ",
    "phone 2125550100, ", "2024-03-05 ", "4111 1111 1111 1112 ", "4111-", "DE89 ", "gb82 west 1234 ",
    "://a:", "://a:a@", "sk-", "eyJ", "eyJaaaaaaaa.", "token=", "secret ", "bearer a1",
    "SG.aaaaaaaaaaaaaaaa.", "-----BEGIN PRIVATE KEY-----", "[PHONE]", "order is ", " ", "\\n", "é", "1é",
]  # fmt: skip
# Where time grew with the square of the length, one of these would take minutes.
HOSTILE_CHARS = 100_000


@pytest.mark.parametrize("unit", HOSTILE_UNITS, ids=repr)
def test_hostile_texts_are_masked_to_their_end(unit: str):
    masked = mask(unit * (HOSTILE_CHARS // len(unit)))

    assert mask(masked) == masked


@pytest.mark.parametrize("alphabet", ["0123456789 -.()+", "a1@.-", "a:f1.", "=:token1a ", "ab.-@:/1 "])
def test_random_texts_are_masked_to_their_end(alphabet: str):
    masked = mask("".join(random.Random(alphabet).choices(alphabet, k=HOSTILE_CHARS)))

    assert mask(masked) == masked


def test_long_list_of_numbers_is_masked_to_its_end():
    numbers = [f"01223 {number:06}" for number in range(200_000, 205_000)]

    assert mask("\n".join(numbers)) == "\n".join(["[PHONE]"] * len(numbers))
