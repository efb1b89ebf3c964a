"""Rows of the query as rows of the contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from analytics_api.catalog.metrics import MetricField
from analytics_api.catalog.storage import WordSource
from interactions.prepared import BoundQuery

from .compile import N_GROUPS
from .plan import QueryPlan
from .range_numbers import read_range_numbers
from .shape import GroupShape, QueryShape
from .statements import (
    KEPT_SHAPES,
    page_statement,
    rest_statements,
    unordered_statements,
)
from .words import read_words

# {"g0": 7, "g1": None}: the grouped values of a row, by alias.
GroupRow = Mapping[str, Any]
TOTAL = "total"


def read_total(plan: QueryPlan, using: str) -> GroupRow:
    """The measures over all interactions, and the numbers of the range."""
    numbers: dict[str, Any] = dict(read_range_numbers(plan)(plan.window))
    for statement in unordered_statements(plan.shape, None, using):
        (row,) = statement.rows(plan.values)
        numbers |= row
    return numbers


def shape_total(plan: QueryPlan, numbers: GroupRow) -> dict[str, Any]:
    """The row of a request without group-bys."""
    return {"group_name": TOTAL, "additional_groups": [], **shape_metrics(plan.shape, numbers)}


def group_rows(plan: QueryPlan, using: str) -> BoundQuery:
    """The rows of all groups, to be sliced for a page; each carries the number of groups."""
    return BoundQuery(query=page_statement(plan.shape, using), values=plan.values)


def shape_page(plan: QueryPlan, page: Sequence[GroupRow], using: str) -> list[dict[str, Any]]:
    """Complete a page's rows with the other statements' measures, name their groups, and shape them.

    page: [{"g0": 7, "g1": None, "n_interactions": 12, "n_groups": 30}, ...]
    ->    [{"group_name": "billing", "additional_groups": [None], "n_interactions": 12}, ...]
    """
    (rows,) = shape_pages([(plan, page)], using)
    return rows


def shape_pages(
    pages: Sequence[tuple[QueryPlan, Sequence[GroupRow]]], using: str
) -> list[list[dict[str, Any]]]:
    """Do what `shape_page` does for several pages, with one query for all names.

    The plans differ in their groups alone.
    """
    pages_with_rows = [(plan, page) for plan, page in pages if page]
    if not pages_with_rows:
        return [[] for _ in pages]
    name = namer([(plan.shape.groups, page) for plan, page in pages_with_rows])
    plan, _ = pages_with_rows[0]
    of_range = read_range_numbers(plan)(plan.window)
    return [_shaped(plan, page, using, name, of_range) if page else [] for plan, page in pages]


def _shaped(
    plan: QueryPlan,
    page: Sequence[GroupRow],
    using: str,
    name: Callable[[GroupShape, GroupRow], str | None],
    of_range: Mapping[str, int],
) -> list[dict[str, Any]]:
    rest = _read_rest(plan, page, using)
    main, *additional = plan.shape.groups
    return [
        {
            "group_name": name(main, row),
            "additional_groups": [name(group, row) for group in additional],
            **shape_metrics(plan.shape, {**of_range, **row, **rest.get(_key(plan, row), {})}),
        }
        for row in page
    ]


def _key(plan: QueryPlan, row: GroupRow) -> tuple:
    return tuple(row[group.alias] for group in plan.shape.groups)


def _read_rest(plan: QueryPlan, page: Sequence[GroupRow], using: str) -> Mapping[tuple, GroupRow]:
    groups = plan.shape.groups
    if len(page) == page[0][N_GROUPS]:
        on_page, nulls = {}, None
    else:
        on_page = {group: {row[group.alias] for row in page} for group in groups}
        nulls = tuple(None in on_page[group] for group in groups)
    statements = rest_statements(plan.shape, nulls, using)
    if not statements:
        return {}
    values = plan.values | {
        group.page_values.name: sorted(values - {None}) for group, values in on_page.items()
    }
    # Of several group-bys there may be far more combinations than the page has rows. Otherwise the
    # rows are the page's, and not worth the three round trips of a cursor on PostgreSQL.
    is_large = nulls is not None and len(groups) > 1
    rest: dict[tuple, dict[str, Any]] = {_key(plan, row): {} for row in page}
    for statement in statements:
        for row in statement.chunks(values) if is_large else statement.rows(values):
            if (known := rest.get(_key(plan, row))) is not None:
                known.update(row)
    return rest


def namer(
    pages: Iterable[tuple[Sequence[GroupShape], Sequence[GroupRow]]],
) -> Callable[[GroupShape, GroupRow], str | None]:
    """How to name a row's value of a group: None, or "" when empty ones were asked for.

    pages: groups, and rows that have values of them. One query; none when there are no words.
    """
    ids: dict[WordSource, set[int]] = defaultdict(set)
    for groups, page in pages:
        for group in groups:
            if source := group.dimension.storage.word_source:
                ids[source].update(row[group.alias] for row in page if row[group.alias] is not None)
    words = read_words(ids)

    def name(group: GroupShape, row: GroupRow) -> str | None:
        value = row[group.alias]
        if value is None:
            return "" if group.include_empty else None
        source = group.dimension.storage.word_source
        return words[source, value] if source else group.dimension.name_of(value)

    return name


@dataclass(frozen=True, kw_only=True)
class _Output:
    """A field of the answer's rows, and the numbers it is computed from, by name."""

    name: str
    field: MetricField
    inputs: tuple[str, ...]


@lru_cache(KEPT_SHAPES)
def _outputs(shape: QueryShape) -> tuple[_Output, ...]:
    outputs = []
    for metric in shape.metrics:
        for field in metric.fields:
            inputs = tuple(number.name for number in field.inputs)
            outputs.append(_Output(name=field.name, field=field, inputs=inputs))
            if shape.has_previous and field.has_previous:
                previous = tuple(measure.previous for measure in field.measures)
                outputs.append(_Output(name=f"{field.name}_prev", field=field, inputs=previous))
    return tuple(outputs)


def shape_metrics(shape: QueryShape, numbers: Mapping[str, Any]) -> dict[str, int | float]:
    """The asked fields; those without a value are left out.

    numbers: measures, of the previous range too where the shape has it, and the numbers of the range.
    """
    values = {}
    for output in _outputs(shape):
        # PostgreSQL's sums of 64-bit numbers are decimals.
        value = output.field.value(*(int(numbers[name]) for name in output.inputs))
        if value is not None:
            values[output.name] = value
    return values
