"""The plan of a request: everything decided, nothing compiled, words resolved to ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from analytics_api.catalog import Dimension, Metric, Ordering
from analytics_api.catalog.asked import AskedFilter, AskedGroup
from analytics_api.catalog.measures import Measure, TwoLevelMeasure

from .refusals import Refusal
from .words import resolve_words

# Within SQLite's limit of 32,766 parameters a statement, with room for the rest.
MAX_FILTER_VALUES = 10_000
_FIRST_MOMENT = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Window:
    """A span of time, half open, in UTC: start <= x < end."""

    start: datetime
    end: datetime

    @property
    def previous(self) -> Window:
        """The window of the same length just before; cut off where time begins."""
        length = self.end - self.start
        start = self.start - length if self.start - _FIRST_MOMENT >= length else _FIRST_MOMENT
        return Window(start=start, end=self.start)


@dataclass(frozen=True, kw_only=True)
class BoundFilter:
    """A filter with its words as ids; words that nobody recorded have none."""

    asked: AskedFilter
    ids: Sequence[int]
    dimension_id: int


@dataclass(frozen=True, kw_only=True)
class BoundGroup:
    """A group-by with the name its values have inside the query."""

    asked: AskedGroup
    alias: str
    dimension_id: int
    is_main: bool

    @property
    def dimension(self) -> Dimension:
        return self.asked.entry

    @property
    def include_empty(self) -> bool:
        return self.asked.options["include_empty"]

    @property
    def keeps_empty(self) -> bool:
        """Whether interactions without a value are counted at all."""
        return self.include_empty or not self.is_main


@dataclass(frozen=True, kw_only=True)
class QueryPlan:
    """What an aggregate request asks for, decided.

    groups: main first, then the additional ones; () asks for the total.
    n_days: days of the window that have started; `days_end` is the last moment of the last one.
    """

    project_id: int
    window: Window
    filters: tuple[BoundFilter, ...]
    groups: tuple[BoundGroup, ...]
    metrics: tuple[Metric, ...]
    ordering: Ordering
    is_descending: bool
    has_previous: bool
    n_days: int
    days_end: datetime

    @property
    def measures(self) -> tuple[Measure, ...]:
        asked = (measure for metric in self.metrics for field in metric.fields for measure in field.measures)
        return tuple(dict.fromkeys((*asked, *self.ordering.measures)))

    @property
    def two_level_measures(self) -> tuple[TwoLevelMeasure, ...]:
        asked = (
            measure
            for metric in self.metrics
            for field in metric.fields
            for measure in field.two_level_measures
        )
        return tuple(dict.fromkeys((*asked, *self.ordering.two_level_measures)))

    @property
    def spans_previous(self) -> bool:
        """Whether the query must look at the previous window too."""
        return self.has_previous or self.ordering.needs_previous


def build_plan(project_id: int, request: Mapping[str, Any], *, now: datetime) -> QueryPlan:
    """Decide everything about a request that `check_request` had nothing against.

    request: the serializer's validated data: catalog entries, aware date-times.
    now: which days of the window have started.
    One query, to resolve words; none when the request holds no words.
    """
    window = Window(start=request["time_range"]["start"], end=request["time_range"]["end"])
    asked_groups = _asked_groups(request)
    resolved = resolve_words(project_id, request["filters"], asked_groups)
    days_end, n_days = _started_days(window, now)
    return QueryPlan(
        project_id=project_id,
        window=window,
        filters=tuple(
            BoundFilter(
                asked=asked, ids=resolved.ids_for(asked), dimension_id=resolved.dimension_id_for(asked)
            )
            for asked in request["filters"]
        ),
        groups=tuple(
            BoundGroup(
                asked=asked,
                alias=f"g{number}",
                dimension_id=resolved.dimension_id_for(asked),
                is_main=number == 0,
            )
            for number, asked in enumerate(asked_groups)
        ),
        metrics=request["variables"],
        ordering=request["order_by"]["by"],
        is_descending=request["order_by"]["direction"] == "desc",
        has_previous=request["include_previous"],
        n_days=n_days,
        days_end=days_end,
    )


def check_request(request: Mapping[str, Any]) -> list[Refusal]:
    """Every rule across fields the request breaks.

    request: the fields that are well formed; a rule about an absent one is passed over.
    """
    checks = (_additional_groups_need_a_main_one, _groups_differ, _values_are_not_too_many)
    return [refusal for check in checks for refusal in check(request)]


def _additional_groups_need_a_main_one(request: Mapping[str, Any]) -> list[Refusal]:
    if "group_by" in request and request["group_by"] is None and request.get("additional_group_bys"):
        return [Refusal(("additional_group_bys",), "value_error", "needs a group_by to refine; give one")]
    return []


def _groups_differ(request: Mapping[str, Any]) -> list[Refusal]:
    refusals = []
    seen = {request["group_by"].identity} if request.get("group_by") else set()
    for place, group in enumerate(request.get("additional_group_bys") or ()):
        if group.identity in seen:
            msg = "groups by the same as an earlier group-by; each kind, or tag key, is accepted once"
            refusals.append(Refusal(("additional_group_bys", place), "value_error", msg))
        seen.add(group.identity)
    return refusals


def _values_are_not_too_many(request: Mapping[str, Any]) -> list[Refusal]:
    n_values = sum(len(asked.options.get("values", ())) for asked in request.get("filters", ()))
    if n_values > MAX_FILTER_VALUES:
        msg = f"{n_values} values in all filters together; at most {MAX_FILTER_VALUES} are accepted"
        return [Refusal(("filters",), "value_error", msg)]
    return []


def _asked_groups(request: Mapping[str, Any]) -> tuple[AskedGroup, ...]:
    main = request["group_by"]
    return () if main is None else (main, *request["additional_group_bys"])


def _started_days(window: Window, now: datetime) -> tuple[datetime, int]:
    """The last moment of the last UTC day the window touches that has started, and their number."""
    if window.start == window.end:
        return window.start, 0
    first = window.start.date()
    last = min((window.end - timedelta(microseconds=1)).date(), now.astimezone(UTC).date())
    if last < first:
        return window.start, 0
    days_end = datetime.combine(last, time.max, tzinfo=UTC)
    return days_end, (last - first).days + 1
