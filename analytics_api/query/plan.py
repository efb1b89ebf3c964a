"""The plan of a request: everything decided, nothing compiled, words resolved to ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from analytics_api.catalog.asked import AskedFilter, AskedGroup

from . import shape
from .refusals import Refusal
from .shape import FilterShape, GroupShape, QueryShape
from .words import ResolvedWords, resolve_words

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

    @property
    def days(self) -> tuple[date, date] | None:
        """The first and the last UTC day it touches; None when it is empty."""
        if self.start >= self.end:
            return None
        return self.start.date(), (self.end - timedelta(microseconds=1)).date()


@dataclass(frozen=True, kw_only=True)
class QueryPlan:
    """What an aggregate request asks for, decided: the shape of its statements, and their values.

    values: what the parameters of the shape stand for, by name.
    today: the last of the days that have started.
    """

    project_id: int
    window: Window
    shape: QueryShape
    values: Mapping[str, Any]
    today: date

    def over(self, window: Window) -> QueryPlan:
        """The same question about another window."""
        values = {**self.values, **_window_values(window, self.today)}
        return replace(self, window=window, values=values)


def build_plan(project_id: int, request: Mapping[str, Any], *, now: datetime) -> QueryPlan:
    """Decide everything about a request that `check_request` had nothing against.

    request: the serializer's validated data: catalog entries, aware date-times.
    now: which days of the window have started.
    One query, to resolve words; none when the request holds no words.
    """
    (plan,) = build_plans(project_id, request, [_asked_groups(request)], now=now)
    return plan


def build_plans(
    project_id: int, request: Mapping[str, Any], groupings: Sequence[Sequence[AskedGroup]], *, now: datetime
) -> list[QueryPlan]:
    """Plans that differ in their groups alone, for as many queries as `build_plan`.

    request: as for `build_plan`, without its group-bys. groupings: () asks for the total.
    """
    window = Window(start=request["time_range"]["start"], end=request["time_range"]["end"])
    filters = request["filters"]
    resolved = resolve_words(project_id, filters, [group for groups in groupings for group in groups])
    today = now.astimezone(UTC).date()
    values = {shape.PROJECT_ID.name: project_id, **_window_values(window, today)}
    filter_shapes = []
    for number, asked in enumerate(filters):
        filter_shape, its_values = _bind_filter(f"f{number}", asked, resolved)
        filter_shapes.append(filter_shape)
        values |= its_values
    plans = []
    for groups in groupings:
        group_shapes, group_values = [], {}
        for number, group in enumerate(groups):
            group_shape, its_values = _bind_group(f"g{number}", group, resolved, is_main=number == 0)
            group_shapes.append(group_shape)
            group_values |= its_values
        plans.append(
            QueryPlan(
                project_id=project_id,
                window=window,
                shape=QueryShape(
                    filters=tuple(filter_shapes),
                    groups=tuple(group_shapes),
                    metrics=request["variables"],
                    ordering=request["order_by"]["by"],
                    is_descending=request["order_by"]["direction"] == "desc",
                    has_previous=request["include_previous"],
                ),
                values=values | group_values,
                today=today,
            )
        )
    return plans


def _bind_filter(
    alias: str, asked: AskedFilter, resolved: ResolvedWords
) -> tuple[FilterShape, dict[str, Any]]:
    """A filter's shape, and the values of its parameters. Words that nobody recorded have no ids."""
    condition = asked.entry.filter_condition
    ids = resolved.ids_for(asked)
    values = condition.values(asked.options, ids, resolved.dimension_id_for(asked))
    filter_shape = FilterShape(
        kind=asked.entry,
        alias=alias,
        variant=condition.variant(asked.options, ids),
        is_exclude=asked.options["is_exclude"],
    )
    return filter_shape, {f"{alias}_{name}": value for name, value in values.items()}


def _bind_group(
    alias: str, asked: AskedGroup, resolved: ResolvedWords, *, is_main: bool
) -> tuple[GroupShape, dict[str, Any]]:
    search = asked.options.get("similarity_search")
    group_shape = GroupShape(
        dimension=asked.entry,
        alias=alias,
        is_main=is_main,
        include_empty=asked.options["include_empty"],
        only_customs=bool(asked.options.get("only_customs")),
        is_searched=bool(search),
    )
    values = {
        group_shape.dimension_id.name: resolved.dimension_id_for(asked),
        group_shape.search.name: (search or "").casefold(),
    }
    return group_shape, values


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
    main = request.get("group_by")
    additional = request.get("additional_group_bys") or ()
    # The place of the main one is never a repeat's.
    groups = [main, *additional] if main else list(additional)
    return [
        Refusal(("additional_group_bys", place - bool(main)), "value_error", REPEATED_GROUP)
        for place in repeated_groups(groups)
    ]


# What is wrong with a group-by that `repeated_groups` finds.
REPEATED_GROUP = "groups by the same as an earlier group-by; each kind, or tag key, is accepted once"


def repeated_groups(groups: Sequence[AskedGroup]) -> list[int]:
    """The places of group-bys that are there already."""
    identities = [group.identity for group in groups]
    return [place for place, identity in enumerate(identities) if identity in identities[:place]]


def _values_are_not_too_many(request: Mapping[str, Any]) -> list[Refusal]:
    n_values = sum(len(asked.options.get("values", ())) for asked in request.get("filters", ()))
    if n_values > MAX_FILTER_VALUES:
        msg = f"{n_values} values in all filters together; at most {MAX_FILTER_VALUES} are accepted"
        return [Refusal(("filters",), "value_error", msg)]
    return []


def _asked_groups(request: Mapping[str, Any]) -> tuple[AskedGroup, ...]:
    main = request["group_by"]
    return () if main is None else (main, *request["additional_group_bys"])


def _window_values(window: Window, today: date) -> dict[str, datetime]:
    """What the parameters of time stand for."""
    return {
        shape.START.name: window.start,
        shape.END.name: window.end,
        shape.PREVIOUS_START.name: window.previous.start,
        shape.DAYS_END.name: _end_of_started_days(window, today),
    }


def _end_of_started_days(window: Window, today: date) -> datetime:
    """The last moment of the last day the window touches that has started; its start when none has."""
    first, last = window.days or (window.start.date(), date.min)
    last = min(last, today)
    return datetime.combine(last, time.max, tzinfo=UTC) if last >= first else window.start
