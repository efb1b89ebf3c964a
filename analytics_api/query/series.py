"""Numbers over time: a row for every bucket of the range, beside those of the range before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from analytics_api.catalog import DEFAULT_ORDERING, ORDERINGS
from analytics_api.catalog.granularities import Granularity, bucket_name

from .plan import QueryPlan, build_plans
from .rows import TOTAL, GroupRow, group_rows, namer, shape_metrics
from .statements import unordered_statements

# More lines than anybody tells apart in a chart.
MAX_GROUPS = 50
# The cells of a series have no order of their own.
_NO_ORDER = {"by": ORDERINGS["group_name"], "direction": "asc"}

# The value of the group-by, or () for the total.
GroupKey = tuple[Any, ...]
Metrics = Mapping[str, int | float]


@dataclass(frozen=True, kw_only=True)
class SeriesPlan:
    """ranking: the groups, those of the most interactions first; None asks for the total alone.

    current, previous: grouped by bucket, and then by group. buckets, previous_buckets: the names of
        all buckets there are.
    """

    ranking: QueryPlan | None
    current: QueryPlan
    previous: QueryPlan
    buckets: Sequence[str]
    previous_buckets: Sequence[str]

    @property
    def whole(self) -> QueryPlan:
        """A plan that looks at all that the others look at."""
        return replace(self.current, shape=replace(self.current.shape, has_previous=True))


def build_series(
    project_id: int, request: Mapping[str, Any], granularity: Granularity, *, now: datetime
) -> SeriesPlan:
    """request: as for `build_plan`, with a group-by or None, without order. One query at most."""
    groups = [] if request["group_by"] is None else [request["group_by"]]
    asked = request | {"order_by": _NO_ORDER, "include_previous": False}
    ranking, current = build_plans(project_id, asked, [groups, [granularity.group, *groups]], now=now)
    previous = current.over(current.window.previous, now)
    by_interactions = replace(ranking.shape, metrics=(), ordering=DEFAULT_ORDERING, is_descending=True)
    return SeriesPlan(
        ranking=replace(ranking, shape=by_interactions) if groups else None,
        current=current,
        previous=previous,
        buckets=_names(granularity, current),
        previous_buckets=_names(granularity, previous),
    )


def _names(granularity: Granularity, plan: QueryPlan) -> list[str]:
    return [bucket_name(start) for start in granularity.buckets(plan.window.start, plan.window.end)]


def read_series(plan: SeriesPlan, using: str) -> dict[str, Any]:
    """-> {"buckets": [...], "datasets": {"billing": [{"bucket": ..., "n_interactions": 2}, ...], ...}}

    A dataset for each group, those of the most interactions first, or "total" alone. In each a row for
    every bucket in order: counts are 0 where nothing was, what has no value is left out. Each count
    has its `_prev`, of the same group in the bucket in the same place of the range before.
    """
    groups = _ranked_groups(plan, using)
    current = _read_cells(plan.current, groups, using)
    previous = _read_cells(plan.previous, groups, using)
    datasets = {name: list(_rows(plan, current[key], previous[key])) for key, name in groups.items()}
    return {"buckets": list(plan.buckets), "datasets": datasets}


def _ranked_groups(plan: SeriesPlan, using: str) -> dict[GroupKey, str]:
    """The groups to show, by value, with their names; ties are broken as in every list of groups."""
    if plan.ranking is None:
        return {(): TOTAL}
    page = group_rows(plan.ranking, using)[0:MAX_GROUPS]
    name = namer([(plan.ranking.shape.groups, page)])
    (group,) = plan.ranking.shape.groups
    return {(row[group.alias],): name(group, row) or "" for row in page}


def _read_cells(
    plan: QueryPlan, groups: Mapping[GroupKey, str], using: str
) -> dict[GroupKey, dict[str, Metrics]]:
    """The metrics of those groups, by group and by the name of the bucket, where anything was."""
    bucket, *grouped = plan.shape.groups
    # Nobody starts without a bucket, and all buckets are asked for.
    nulls = (None, *((None,) in groups for _ in grouped))
    values = plan.values | {
        group.page_values.name: sorted(key[0] for key in groups if key[0] is not None) for group in grouped
    }
    numbers: dict[tuple[GroupKey, str], dict[str, Any]] = defaultdict(dict)
    for statement in unordered_statements(plan.shape, nulls, using):
        for row in statement.rows(values):
            key = tuple(row[group.alias] for group in grouped)
            numbers[key, bucket.dimension.name_of(row[bucket.alias])].update(row)
    cells: dict[GroupKey, dict[str, Metrics]] = defaultdict(dict)
    for (key, name), row in numbers.items():
        cells[key][name] = shape_metrics(plan, row)
    return cells


def _rows(
    plan: SeriesPlan, current: Mapping[str, Metrics], previous: Mapping[str, Metrics]
) -> Iterator[dict[str, Any]]:
    metrics = plan.current.shape.metrics
    counted = [field.name for metric in metrics for field in metric.fields if field.has_previous]
    empty: GroupRow = defaultdict(int)
    nothing = shape_metrics(plan.current, empty)
    for place, bucket in enumerate(plan.buckets):
        before = nothing
        if place < len(plan.previous_buckets):
            before = previous.get(plan.previous_buckets[place], nothing)
        now = current.get(bucket, nothing)
        yield {"bucket": bucket, **now, **{f"{name}_prev": before[name] for name in counted}}
