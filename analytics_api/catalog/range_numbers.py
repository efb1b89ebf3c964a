"""Numbers of a span of time, the same for every group in it, that metrics divide by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from interactions.eligibility import read_eligibility

# Of some days, the first and the last of which are given.
NumberOfDays = Callable[[date, date], int]


@dataclass(frozen=True, kw_only=True)
class RangeNumber:
    """read: for a project, a last day and today: what tells the number of any days until the last one."""

    name: str
    read: Callable[[int, date, date], NumberOfDays]


def _count_started_days(project_id: int, last_day: date, today: date) -> NumberOfDays:
    return lambda first, last: max(0, (min(last, today) - first).days + 1)


def _count_eligible_users(project_id: int, last_day: date, today: date) -> NumberOfDays:
    return read_eligibility(project_id, last_day).count


N_STARTED_DAYS = RangeNumber(name="n_started_days", read=_count_started_days)
N_ELIGIBLE_USERS = RangeNumber(name="n_eligible_users", read=_count_eligible_users)
