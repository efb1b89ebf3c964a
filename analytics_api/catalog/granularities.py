"""The lengths of a time series' buckets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from interactions import dialect
from interactions.times import format_utc

from .asked import AskedGroup
from .dimensions import Dimension
from .storage import TimeBucket


@dataclass(frozen=True, kw_only=True)
class Granularity:
    """One length. start_of and next_after are for UTC; next_after of the calendar's last overflows."""

    name: str
    bucket: type[dialect.StartOf]
    start_of: Callable[[datetime], datetime]
    next_after: Callable[[datetime], datetime]

    def buckets(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """The starts of the buckets that start <= x < end touches, in order and without gaps."""
        bucket = self.start_of(start)
        while bucket < end:
            yield bucket
            try:
                bucket = self.next_after(bucket)
            except (OverflowError, ValueError):
                return

    @cached_property
    def group(self) -> AskedGroup:
        """Grouping by the buckets; a group's name is the moment that its bucket starts at."""
        dimension = Dimension(
            kind=self.name, storage=TimeBucket(bucket=self.bucket), help="", name_of=bucket_name
        )
        return AskedGroup(entry=dimension, kind=self.name, options={"include_empty": False})


def bucket_name(bucket: date | datetime) -> str:
    """-> 2024-05-30T00:00:00Z"""
    if not isinstance(bucket, datetime):
        bucket = datetime.combine(bucket, time.min, tzinfo=UTC)
    return format_utc(bucket)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _day(moment: datetime) -> datetime:
    return _hour(moment).replace(hour=0)


def _monday(moment: datetime) -> datetime:
    return _day(moment) - timedelta(days=moment.weekday())


def _first_of(n_months: int) -> Callable[[datetime], datetime]:
    return lambda moment: _day(moment).replace(day=1, month=moment.month - (moment.month - 1) % n_months)


def _later_by(n_months: int) -> Callable[[datetime], datetime]:
    def later(first: datetime) -> datetime:
        years, months = divmod(first.month - 1 + n_months, 12)
        return first.replace(year=first.year + years, month=months + 1)

    return later


def _fixed(
    name: str, bucket: type[dialect.StartOf], start_of: Callable[[datetime], datetime], length: timedelta
) -> Granularity:
    return Granularity(name=name, bucket=bucket, start_of=start_of, next_after=lambda start: start + length)


def _months(name: str, bucket: type[dialect.StartOf], n_months: int) -> Granularity:
    return Granularity(name=name, bucket=bucket, start_of=_first_of(n_months), next_after=_later_by(n_months))


_ENTRIES = (
    _fixed("hour", dialect.StartOfHour, _hour, timedelta(hours=1)),
    _fixed("day", dialect.StartOfDay, _day, timedelta(days=1)),
    _fixed("week", dialect.StartOfWeek, _monday, timedelta(weeks=1)),
    _months("month", dialect.StartOfMonth, 1),
    _months("quarter", dialect.StartOfQuarter, 3),
    _months("year", dialect.StartOfYear, 12),
)
GRANULARITIES: dict[str, Granularity] = {entry.name: entry for entry in _ENTRIES}
DEFAULT_GRANULARITY = GRANULARITIES["day"]
