"""Numbers over time: a row for every bucket of the range, beside those of the range before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from analytics_api.catalog import ORDERINGS
from analytics_api.catalog.granularities import Granularity, bucket_name

from .plan import QueryPlan, build_plans
from .rows import TOTAL, group_rows, shape_metrics, shape_page

_BY_BUCKET = {"by": ORDERINGS["group_name"], "direction": "asc"}


@dataclass(frozen=True, kw_only=True)
class SeriesPlan:
    """current, previous: grouped by bucket. buckets, previous_buckets: the names of all there are."""

    current: QueryPlan
    previous: QueryPlan
    buckets: Sequence[str]
    previous_buckets: Sequence[str]

    @property
    def whole(self) -> QueryPlan:
        """A plan that looks at all that the two look at."""
        return replace(self.current, shape=replace(self.current.shape, has_previous=True))


def build_series(
    project_id: int, request: Mapping[str, Any], granularity: Granularity, *, now: datetime
) -> SeriesPlan:
    """request: as for `build_plan`, without group-bys and order. One query at most for each range."""
    asked = request | {"order_by": _BY_BUCKET, "include_previous": False}
    (current,) = build_plans(project_id, asked, [[granularity.group]], now=now)
    before = current.window.previous
    range_before = {"start": before.start, "end": before.end}
    (previous,) = build_plans(
        project_id, asked | {"time_range": range_before}, [[granularity.group]], now=now
    )
    return SeriesPlan(
        current=current,
        previous=previous,
        buckets=_names(granularity, current),
        previous_buckets=_names(granularity, previous),
    )


def _names(granularity: Granularity, plan: QueryPlan) -> list[str]:
    return [bucket_name(start) for start in granularity.buckets(plan.window.start, plan.window.end)]


def series_rows(plan: SeriesPlan, using: str) -> list[dict[str, Any]]:
    """A row for each bucket in order: counts are 0 where nothing was, what has no value is left out.

    Each count has its `_prev`, of the bucket in the same place of the range before.
    """
    current = _by_bucket(plan.current, len(plan.buckets), using)
    previous = _by_bucket(plan.previous, len(plan.previous_buckets), using)
    nothing = shape_metrics(plan.current, defaultdict(int))
    counted = [
        field.name for metric in plan.current.shape.metrics for field in metric.fields if field.has_previous
    ]
    rows = []
    for place, bucket in enumerate(plan.buckets):
        before = nothing
        if place < len(plan.previous_buckets):
            before = previous.get(plan.previous_buckets[place], nothing)
        rows.append(
            {
                "bucket": bucket,
                **current.get(bucket, nothing),
                **{f"{name}_prev": before[name] for name in counted},
            }
        )
    return rows


def _by_bucket(plan: QueryPlan, n_buckets: int, using: str) -> dict[str, dict[str, Any]]:
    rows = shape_page(plan, group_rows(plan, using)[0:n_buckets], using) if n_buckets else []
    return {
        row["group_name"]: {
            name: value for name, value in row.items() if name not in ("group_name", "additional_groups")
        }
        for row in rows
    }


def as_datasets(plan: SeriesPlan, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer: {"buckets": [...], "datasets": {"total": [...]}}"""
    return {"buckets": list(plan.buckets), "datasets": {TOTAL: rows}}
