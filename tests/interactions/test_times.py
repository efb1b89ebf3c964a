"""Date-times as clients write them: every spelling of ISO 8601 they use, and nothing looser."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interactions.times import format_utc, parse_utc

REFUSAL = "expected a date-time such as 2024-05-30T14:00:00Z, with any offset, or a date"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-30T14:00:00Z", datetime(2024, 5, 30, 14)),
        ("2024-05-30t14:00:00z", datetime(2024, 5, 30, 14)),
        ("2024-05-30 14:00:00Z", datetime(2024, 5, 30, 14)),
        ("2024-05-30T14:00Z", datetime(2024, 5, 30, 14)),
        ("2024-05-30T14:00:00.123Z", datetime(2024, 5, 30, 14, microsecond=123_000)),
        ("2024-05-30T14:00:00,5Z", datetime(2024, 5, 30, 14, microsecond=500_000)),
        ("2024-05-30T14:00:00.123456+00:00", datetime(2024, 5, 30, 14, microsecond=123_456)),
        ("2024-05-30T14:00:00.999999999Z", datetime(2024, 5, 30, 14, microsecond=999_999)),
        ("2024-05-30T14:00:00+02:00", datetime(2024, 5, 30, 12)),
        ("2024-05-30T14:00:00+0530", datetime(2024, 5, 30, 8, 30)),
        ("2024-05-30T14:00:00-08", datetime(2024, 5, 30, 22)),
        ("2024-05-30T23:30:00-23:59", datetime(2024, 5, 31, 23, 29)),
        ("2024-05-30T14:00:00", datetime(2024, 5, 30, 14)),
        ("2024-05-30", datetime(2024, 5, 30)),
        ("2024-02-29", datetime(2024, 2, 29)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1)),
        ("9999-12-31T23:59:59.999999Z", datetime.max),
    ],
)
def test_spellings_of_iso_8601_are_read_as_utc(text: str, expected: datetime):
    moment = parse_utc(text)

    assert moment == expected.replace(tzinfo=UTC)
    assert moment.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2024",
        "2024-05",
        "20240530",
        "2024-W22-4",
        "2024-151",
        "30.05.2024",
        "05/30/2024",
        "1717077600",
        "2024-05-30T",
        "2024-05-30Z",
        "2024-05-30T14",
        "2024-05-30T14:00:00 Z",
        " 2024-05-30",
        "2024-05-30\n",
        "2024-05-30T14:00:00.Z",
        "2024-05-30T14:00:00.1234567890Z",
        "2024-05-30T14:00:00+2",
        "2024-05-30T14:00:00+24:00",
        "2024-05-30T24:00:00Z",
        "2024-05-30T14:60:00Z",
        "2016-12-31T23:59:60Z",
        "2024-13-01",
        "2024-02-30",
        "2023-02-29",
        "0000-01-01",
        "-001-01-01",
        "10000-01-01",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "٢٠٢٤-٠٥-٣٠",
    ],
)
def test_anything_else_is_refused_saying_what_is_accepted(text: str):
    with pytest.raises(ValueError, match="expected") as refusal:
        parse_utc(text)

    assert str(refusal.value) == REFUSAL


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2024, 5, 30, 14, tzinfo=UTC), "2024-05-30T14:00:00Z"),
        (datetime(2024, 5, 30, 14, 0, 0, 120, tzinfo=UTC), "2024-05-30T14:00:00.000120Z"),
        (datetime(2024, 5, 30, 14, tzinfo=timezone(timedelta(hours=2))), "2024-05-30T12:00:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_moments_are_written_in_utc(moment: datetime, expected: str):
    assert format_utc(moment) == expected


@settings(derandomize=True)
@given(st.datetimes(timezones=st.just(UTC)))
def test_what_is_written_is_read_back(moment: datetime):
    assert parse_utc(format_utc(moment)) == moment
