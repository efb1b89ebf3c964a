"""What a plan's metrics need to know of spans of time, beside what is counted in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .plan import QueryPlan, Window


def read_range_numbers(plan: QueryPlan) -> Callable[[Window], Mapping[str, int]]:
    """-> of the plan's window, or any part of it, the range numbers by name: {"n_started_days": 7}

    Reads no more than the plan's metrics need. Call in the snapshot of the plan's queries.
    """
    days = plan.window.days
    names = [number.name for number in plan.shape.range_numbers]
    if days is None:
        return lambda window: dict.fromkeys(names, 0)
    _, last_day = days
    readers = {
        number.name: number.read(plan.project_id, last_day, plan.today) for number in plan.shape.range_numbers
    }

    def numbers_of(window: Window) -> Mapping[str, int]:
        return {name: read(*window.days) if window.days else 0 for name, read in readers.items()}

    return numbers_of
