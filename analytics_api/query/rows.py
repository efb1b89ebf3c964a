"""Rows of the query as rows of the contract."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from analytics_api.catalog.metrics import MetricField
from analytics_api.catalog.storage import WordSource

from .compile import (
    N_GROUPS,
    GroupRow,
    compile_rest,
    compile_total,
    compile_total_entities,
    one_level_aggregates,
    second_level_aggregates,
)
from .plan import BoundGroup, QueryPlan
from .words import read_words

TOTAL = "total"


def shape_total(plan: QueryPlan, using: str) -> dict[str, Any]:
    """Compute and shape the row of a request without group-bys."""
    numbers = compile_total(plan).using(using).aggregate(**one_level_aggregates(plan))
    if plan.two_level_measures:
        numbers |= compile_total_entities(plan).using(using).aggregate(**second_level_aggregates(plan))
    return {"group_name": TOTAL, "additional_groups": [], **_metrics(plan, numbers)}


def shape_page(plan: QueryPlan, page: Sequence[GroupRow], using: str) -> list[dict[str, Any]]:
    """Complete a page's rows with the second QuerySet's measures, name their groups, and shape them.

    page: [{"g0": 7, "g1": None, "n_interactions": 12, "n_groups": 30}, ...]
    ->    [{"group_name": "billing", "additional_groups": [None], "n_interactions": 12}, ...]
    """
    if not page:
        return []
    rest = _read_rest(plan, page, using)
    name = _namer(plan, page)
    main, *additional = plan.groups
    return [
        {
            "group_name": name(main, row),
            "additional_groups": [name(group, row) for group in additional],
            **_metrics(plan, {**row, **rest.get(_key(plan, row), {})}),
        }
        for row in page
    ]


def _key(plan: QueryPlan, row: GroupRow) -> tuple:
    return tuple(row[group.alias] for group in plan.groups)


def _read_rest(plan: QueryPlan, page: Sequence[GroupRow], using: str) -> dict[tuple, GroupRow]:
    holds_all_groups = len(page) == page[0][N_GROUPS]
    queryset = compile_rest(plan, None if holds_all_groups else page)
    if queryset is None:
        return {}
    wanted = {_key(plan, row) for row in page}
    rows = queryset.using(using)
    if len(plan.groups) > 1 and not holds_all_groups:
        # There may be far more combinations than the page has rows. Otherwise the rows are the
        # page's, and not worth the three round trips of a cursor on PostgreSQL.
        rows = rows.iterator(chunk_size=2000)
    return {key: row for row in rows if (key := _key(plan, row)) in wanted}


def _namer(plan: QueryPlan, page: Iterable[GroupRow]) -> Callable[[BoundGroup, GroupRow], str | None]:
    """How to name a row's value of a group: None, or "" when empty ones were asked for."""
    ids: dict[WordSource, set[int]] = defaultdict(set)
    for group in plan.groups:
        if source := group.dimension.storage.word_source:
            ids[source].update(row[group.alias] for row in page if row[group.alias] is not None)
    words = read_words(ids)

    def name(group: BoundGroup, row: GroupRow) -> str | None:
        value = row[group.alias]
        if value is None:
            return "" if group.include_empty else None
        source = group.dimension.storage.word_source
        return words[source, value] if source else group.dimension.name_of(value)

    return name


def _metrics(plan: QueryPlan, numbers: Mapping[str, Any]) -> dict[str, int | float]:
    """The asked fields; those without a value are left out."""
    values: dict[str, int | float | None] = {}
    for metric in plan.metrics:
        for field in metric.fields:
            values[field.name] = _value(plan, field, [numbers[m.name] for m in _inputs(field)])
            if plan.has_previous and field.has_previous:
                values[f"{field.name}_prev"] = _value(
                    plan, field, [numbers[m.previous] for m in field.measures]
                )
    return {name: value for name, value in values.items() if value is not None}


def _inputs(field: MetricField) -> tuple:
    return (*field.measures, *field.two_level_measures)


def _value(plan: QueryPlan, field: MetricField, inputs: Sequence[Any]) -> int | float | None:
    # PostgreSQL's sums of 64-bit numbers are decimals.
    days = [plan.n_days] if field.needs_days else []
    return field.value(*map(int, inputs), *days)
