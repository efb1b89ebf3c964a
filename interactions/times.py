"""Reading date-times as clients write them."""

import re
from datetime import UTC, datetime

# ISO 8601's calendar form: date, or date and time with an optional fraction and offset.
# Checked before parsing, because the parser also takes week dates and other rarities.
_ISO_8601 = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"(?:[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
ACCEPTED = "a date-time such as 2024-05-30T14:00:00Z, with any offset, or a date"


def parse_utc(text: str) -> datetime:
    """Read ISO 8601 as an aware UTC date-time; naive means UTC, a bare date that midnight.

    Digits beyond the microsecond are dropped. Raises ValueError saying what is accepted.
    """
    if _ISO_8601.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text.upper())
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass  # The thirtieth of February, or year 1 moved before its start by an offset.
    raise ValueError(f"expected {ACCEPTED}")


def format_utc(moment: datetime) -> str:
    """The inverse of `parse_utc`: 2024-05-30T14:00:00Z, with microseconds when there are any."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
