"""How many users are eligible on any of some days."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date
from itertools import accumulate

from django.db.models import Count, Value

from interactions.models import EligibleUser


class _Tally:
    """How many of something there are up to a day. counts: of each day, in any order."""

    def __init__(self, counts: Iterable[tuple[date, int]]):
        ordered = sorted(counts)
        self._days = [day for day, _ in ordered]
        self._totals = [0, *accumulate(count for _, count in ordered)]

    def up_to(self, day: date) -> int:
        return self._totals[bisect_right(self._days, day)]

    def before(self, day: date) -> int:
        return self._totals[bisect_left(self._days, day)]


class Eligibility:
    """The periods of a project's eligible users, as far as they begin by a day."""

    def __init__(self, first_days: Iterable[tuple[date, int]], last_days: Iterable[tuple[date, int]]):
        self._first_days = _Tally(first_days)
        self._last_days = _Tally(last_days)

    def count(self, first: date, last: date) -> int:
        """Those whose period meets first <= day <= last: all that have begun, less those that had ended."""
        return self._first_days.up_to(last) - self._last_days.before(first)


def read_eligibility(project_id: int, last_day: date) -> Eligibility:
    """What can be counted up to a day, by one query that reads no user's row."""
    # Served by eligible_user_period, alone.
    begun = EligibleUser.objects.for_project(project_id).filter(active_from__lte=last_day)
    ended = begun.filter(active_to__isnull=False)
    starts, ends = (
        rows.values_list(Value(is_end), column).annotate(count=Count("*"))
        for rows, is_end, column in ((begun, 0, "active_from"), (ended, 1, "active_to"))
    )
    counts: tuple[list[tuple[date, int]], list[tuple[date, int]]] = ([], [])
    for is_end, day, count in starts.union(ends, all=True):
        counts[is_end].append((day, count))
    return Eligibility(*counts)
