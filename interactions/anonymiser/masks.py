"""What stands in the place of something found, and that nothing is found right beside it."""

from __future__ import annotations


# What may not stand beside something found, with at most a gap between them.
def not_after_mask(gap: str = "") -> str:
    return rf"(?<!(?:AIL|ONE|ARD|BAN|RET)\]{gap})(?<!\[IP\]{gap})"


def not_before_mask(gap: str = "") -> str:
    return rf"(?!{gap}\[(?:EMAIL|PHONE|CARD|IBAN|IP|SECRET)\])"
