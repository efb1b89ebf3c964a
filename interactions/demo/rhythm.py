"""When people ask: growth over the weeks, the days of the week, the hours of the day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import NamedTuple

from .plans import N_DAYS, ProjectPlan

# How far a day may lie above or below what its date promises.
_NOISE = 0.12


class PlannedDay(NamedTuple):
    """One UTC day.

    progress: 0.0 on the first day, 1.0 on the last.
    due: interactions that have begun by its end, counted from the first day.
    """

    day: date
    progress: float
    due: int


def planned_days(plan: ProjectPlan, *, count: int, today: date, rng: Random) -> Iterator[PlannedDay]:
    """Spread `count` interactions over the days that end with `today`, oldest first.

    `today` gets what a whole day gets, whatever the hour: so the days before it do not
    depend on when the demo is made.
    """
    days = [today - timedelta(days=N_DAYS - 1 - number) for number in range(N_DAYS)]
    weights = [
        (1 + (plan.growth - 1) * number / (N_DAYS - 1))
        * plan.weekday_weights[day.weekday()]
        * rng.uniform(1 - _NOISE, 1 + _NOISE)
        for number, day in enumerate(days)
    ]
    total, sum_so_far = sum(weights), 0.0
    for number, (day, weight) in enumerate(zip(days, weights, strict=True)):
        sum_so_far += weight
        yield PlannedDay(day, number / (N_DAYS - 1), round(count * sum_so_far / total))


def draw_start(plan: ProjectPlan, day: date, rng: Random) -> datetime:
    """A moment of `day` at which a conversation begins."""
    (hour,) = rng.choices(range(24), plan.hour_weights)
    return datetime.combine(day, time(hour), UTC) + timedelta(milliseconds=rng.randrange(3_600_000))
