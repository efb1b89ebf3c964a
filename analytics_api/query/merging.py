"""Several lists of groups as one, in one order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .compile import N_GROUPS, ORDER_VALUE
from .plan import QueryPlan
from .rows import TOTAL, GroupRow, read_total, shape_pages, shape_total
from .statements import merged_page_statement

# The largest LIMIT that databases take; a sum of two numbers of requests may be larger.
_MAX_LIMIT = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a row of the union comes from, and what it is ordered by."""

    list_number: int
    row: GroupRow
    order_value: Any


def merged_page(
    plans: Sequence[QueryPlan], using: str, *, offset: int, limit: int
) -> tuple[int, list[tuple[int, dict[str, Any]]]]:
    """A page of the union of the plans' rows, in their common order; rows that tie, in the lists' order.

    Of each list no more than the first offset + limit rows are read, by one statement; a further one
    for the lists on the page when it has measures of two levels.
    -> how many rows the union has, and [(the list's number, its row), ...]
    """
    n_rows = min(offset + limit, _MAX_LIMIT)
    total, places = 0, []
    totals: dict[int, Mapping[str, Any]] = {}
    for number, plan in enumerate(plans):
        if plan.shape.groups:
            rows = merged_page_statement(plan.shape, using).rows(plan.values, limit=n_rows)
            total += rows[0][N_GROUPS] if rows else 0
            places += [_Place(list_number=number, row=r, order_value=_comparable(plan, r)) for r in rows]
        else:
            total += 1
            numbers = read_total(plan, using)
            totals[number] = shape_total(plan, numbers)
            order_value = _order_value_of_total(plan, numbers)
            places.append(_Place(list_number=number, row={}, order_value=order_value))
    is_descending = plans[0].shape.is_descending if plans else True
    with_value = sorted(
        (place for place in places if place.order_value is not None),
        key=lambda place: place.order_value,
        reverse=is_descending,
    )
    without = [place for place in places if place.order_value is None]
    page = [*with_value, *without][offset : offset + limit]
    return total, _shaped(plans, page, totals, using)


def _shaped(
    plans: Sequence[QueryPlan], page: Sequence[_Place], totals: Mapping[int, Mapping[str, Any]], using: str
) -> list[tuple[int, dict[str, Any]]]:
    numbers = sorted({place.list_number for place in page} - totals.keys())
    rows_of = {number: [p.row for p in page if p.list_number == number] for number in numbers}
    shaped = shape_pages([(plans[number], rows_of[number]) for number in numbers], using)
    waiting = {number: iter(rows) for number, rows in zip(numbers, shaped, strict=True)}
    return [
        (number, totals[number] if number in totals else next(waiting[number]))
        for number in (place.list_number for place in page)
    ]


def _comparable(plan: QueryPlan, row: GroupRow) -> Any:
    """What rows of different lists are compared by: numbers, or names."""
    value = row[ORDER_VALUE]
    if plan.shape.ordering.expression is not None:
        return _number(value)
    dimension = plan.shape.groups[0].dimension
    return value if value is None or dimension.storage.word_source else dimension.name_of(value)


def _order_value_of_total(plan: QueryPlan, numbers: GroupRow) -> Any:
    of_total = plan.shape.ordering.of_total
    if of_total is None:
        return TOTAL
    measures = (*plan.shape.ordering.measures, *plan.shape.ordering.two_level_measures)
    names = {measure.name for measure in measures} | {measure.previous for measure in plan.shape.measures}
    return of_total({name: int(numbers[name]) for name in names & numbers.keys()})


def _number(value: Any) -> int | float | None:
    # PostgreSQL's sums of 64-bit numbers are decimals.
    return value if value is None or isinstance(value, float) else int(value)
