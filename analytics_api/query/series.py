"""Numbers over time: a row for every bucket of the range, beside those of the range before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise, zip_longest
from typing import Any

from analytics_api.catalog import DEFAULT_ORDERING, ORDERINGS
from analytics_api.catalog.granularities import Granularity, bucket_name

from .plan import QueryPlan, Window, build_plans
from .range_numbers import read_range_numbers
from .rows import TOTAL, group_rows, namer, shape_metrics
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

    current, previous: grouped by bucket, and then by group; of the range before, counts alone.
    buckets: the names of all there are, with their part of the range; previous_buckets: the names.
    """

    ranking: QueryPlan | None
    current: QueryPlan
    previous: QueryPlan
    buckets: Mapping[str, Window]
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
    counts = [metric for metric in request["variables"] if metric.has_previous]
    previous = current.over(current.window.previous)
    by_interactions = replace(ranking.shape, metrics=(), ordering=DEFAULT_ORDERING, is_descending=True)
    return SeriesPlan(
        ranking=replace(ranking, shape=by_interactions) if groups else None,
        current=current,
        previous=replace(previous, shape=replace(previous.shape, metrics=tuple(counts))),
        buckets=_buckets(granularity, current.window),
        previous_buckets=list(_buckets(granularity, previous.window)),
    )


def _buckets(granularity: Granularity, window: Window) -> dict[str, Window]:
    starts = granularity.buckets(window.start, window.end)
    return {
        bucket_name(start): Window(start=max(start, window.start), end=end)
        for start, end in pairwise([*starts, window.end])
    }


def read_series(plan: SeriesPlan, using: str) -> dict[str, Any]:
    """-> {"buckets": [...], "datasets": {"billing": [{"bucket": ..., "n_interactions": 2}, ...], ...}}

    A dataset for each group, those of the most interactions first, or "total" alone. In each a row for
    every bucket in order: counts are 0 where nothing was, what has no value is left out. Each count
    has its `_prev`, of the same group in the bucket in the same place of the range before.
    """
    groups = _ranked_groups(plan, using)
    numbers_of = read_range_numbers(plan.current)
    of_buckets = {bucket: numbers_of(part) for bucket, part in plan.buckets.items()}
    current = _read_cells(plan.current, groups, of_buckets, using)
    # Counts divide by nothing.
    previous = _read_cells(plan.previous, groups, {name: {} for name in plan.previous_buckets}, using)
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
    plan: QueryPlan,
    groups: Mapping[GroupKey, str],
    of_buckets: Mapping[str, Mapping[str, int]],
    using: str,
) -> dict[GroupKey, Mapping[str, Metrics]]:
    """The metrics of those groups, by group and by the name of the bucket.

    of_buckets: the range numbers of every bucket.
    """
    is_any_asked = plan.shape.metrics and groups and of_buckets
    numbers = _read_measures(plan, groups, using) if is_any_asked else {}
    zeros: Mapping[str, int] = defaultdict(int)
    # Most cells may be empty, and are alike in all groups.
    empty = {name: shape_metrics(plan.shape, zeros | of_range) for name, of_range in of_buckets.items()}
    cells: dict[GroupKey, dict[str, Metrics]] = {key: dict(empty) for key in groups}
    for (key, name), measures in numbers.items():
        cells[key][name] = shape_metrics(plan.shape, measures | of_buckets[name])
    return cells


def _read_measures(
    plan: QueryPlan, groups: Mapping[GroupKey, str], using: str
) -> dict[tuple[GroupKey, str], dict[str, Any]]:
    """Of those groups, by group and by the name of the bucket, where anything was."""
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
    return numbers


def _rows(
    plan: SeriesPlan, current: Mapping[str, Metrics], previous: Mapping[str, Metrics]
) -> Iterator[dict[str, Any]]:
    nothing = shape_metrics(plan.previous.shape, defaultdict(int))
    for bucket, before in zip_longest(plan.buckets, plan.previous_buckets[: len(plan.buckets)]):
        counts = previous.get(before, nothing)
        yield {"bucket": bucket, **current[bucket], **{f"{name}_prev": counts[name] for name in counts}}
