"""All kinds in a text, and all texts of a document."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .kinds import KINDS, LONG_TOKEN
from .phones import SIGN_OF_PHONE, PhoneMasker

# Most texts hold none of these and are done after one search. What else is found needs a digit.
_SIGN_OF_PII = re.compile(rf"[\d@＠:]|-----BEGIN|{LONG_TOKEN}")


def mask_pii(text: str, phone_regions: Sequence[str]) -> str:
    """Replace what identifies a person or opens a door by its kind: "[EMAIL]", "[PHONE]", ...

    phone_regions: two-letter codes of the countries whose national numbers are known; numbers with
        a country code are always found.
    Returns `text` itself when nothing was found. Masking the result again changes nothing.
    """
    if _SIGN_OF_PII.search(text) is None:
        return text
    masked = text
    for kind in KINDS:
        if kind.sign.search(masked):
            masked = kind.pattern.sub(kind.replacement, masked)
    if SIGN_OF_PHONE.search(masked):
        masked = PhoneMasker(phone_regions).mask(masked)
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
