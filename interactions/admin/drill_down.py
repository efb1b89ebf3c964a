"""The way from years to months to days above a list.

Django's own way asks for the distinct periods of all rows, a function call for each on SQLite.
Here the first and the last row are looked up in an index, and every period between is offered.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date
from typing import TYPE_CHECKING

from django.contrib.admin.options import IncorrectLookupParameters
from django.utils.formats import date_format

if TYPE_CHECKING:
    from .browsing import BrowsingChangeList

# One interaction dated 1970 by mistake should not fill the page with links.
MAX_YEARS = 30

# (), (2024,), (2024, 3) or (2024, 3, 6)
Period = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Step:
    """A period and the address of its list; no address for the period that is shown."""

    title: str
    link: str | None = None


@dataclass(frozen=True, kw_only=True)
class DrillDown:
    """The way to the larger period, None at the top, and to the smaller ones."""

    back: Step | None
    choices: list[Step]


def read_period(field: str, params: Mapping[str, str]) -> Period:
    """The period an address chooses, which may be no date; () when it chooses none.

    params: {"started_at__year": "2024", "started_at__month": "3"}
    Raises IncorrectLookupParameters on a part without the larger one, or that is no number.
    """
    texts = [params.get(name) for name in _parameters(field)]
    given = [text for text in texts if text is not None]
    if given != texts[: len(given)]:
        raise IncorrectLookupParameters("A day needs a month, and a month needs a year.")
    try:
        return tuple(int(text) for text in given)
    except ValueError as error:
        raise IncorrectLookupParameters(error) from error


def make_drill_down(changelist: BrowsingChangeList) -> DrillDown | None:
    """The links around the period that is shown; None for a list without rows or dates."""
    field = changelist.date_hierarchy
    ends = _first_and_last(changelist) if field else None
    if ends is None:
        return None
    shown = read_period(field, changelist.params)
    first, last = ends
    outer = shown
    while len(outer) < 2 and not shown and first[: len(outer) + 1] == last[: len(outer) + 1]:
        # There is one year, or one month, to choose.
        outer = first[: len(outer) + 1]

    def step_to(period: Period) -> Step:
        parts = dict(zip(_parameters(field), period, strict=False))
        return Step(title=_title(period), link=changelist.get_query_string(parts, [f"{field}__"]))

    if len(shown) == 3:
        choices = [Step(title=_title(shown))]
    else:
        choices = [step_to(period) for period in _periods_inside(outer, first, last)]
    return DrillDown(back=step_to(shown[:-1]) if shown else None, choices=choices)


def _parameters(field: str) -> list[str]:
    return [f"{field}__year", f"{field}__month", f"{field}__day"]


def _first_and_last(changelist: BrowsingChangeList) -> tuple[Period, Period] | None:
    """The days of the first and the last row, by one index look-up each.

    Of the filters, only one that has an index together with the date is heeded; under the
    others, some periods offered may turn out empty.
    """
    field, params = changelist.date_hierarchy, changelist.params
    rows = changelist.root_queryset.select_related(None)
    for name in changelist.model_admin.dated_by:
        if name in params:
            rows = rows.filter(**{name: params[name]})
            break
    moments = rows.values_list(field, flat=True)
    # Not Min and Max in one query: SQLite then reads the whole index.
    ends = [moments.order_by(order).first() for order in (field, f"-{field}")]
    if None in ends:
        return None
    first, last = (moment.astimezone(UTC) for moment in ends)
    return (first.year, first.month, first.day), (last.year, last.month, last.day)


def _periods_inside(outer: Period, first: Period, last: Period) -> Iterator[Period]:
    """The next smaller periods of `outer` from the one of `first` to the one of `last`."""
    if not outer:
        numbers = range(max(first[0], last[0] - MAX_YEARS + 1), last[0] + 1)
    elif len(outer) == 1:
        numbers = range(1, 13)
    else:
        numbers = range(1, monthrange(*outer)[1] + 1)
    for number in numbers:
        period = (*outer, number)
        if first[: len(period)] <= period <= last[: len(period)]:
            yield period


def _title(period: Period) -> str:
    if not period:
        return "All dates"
    if len(period) == 1:
        return str(period[0])
    if len(period) == 2:
        return date_format(date(*period, 1), "YEAR_MONTH_FORMAT")
    return date_format(date(*period), "MONTH_DAY_FORMAT")
