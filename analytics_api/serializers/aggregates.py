"""The forms of the requests that ask about a time range (contract 2 to 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from django.conf import settings
from rest_framework.exceptions import ErrorDetail

from analytics_api.catalog import DEFAULT_METRICS, DEFAULT_ORDERING
from analytics_api.catalog.granularities import DEFAULT_GRANULARITY, GRANULARITIES
from analytics_api.query.plan import REPEATED_GROUP, check_request, repeated_groups
from analytics_api.query.refusals import Place
from analytics_api.query.series import MAX_GROUPS

from .catalog import FilterField, GroupByField, OrderingField, VariableField
from .fields import BooleanField, DateTimeField, Form, IntegerField, ListField, NameField

# One filter of each kind and then some.
MAX_FILTERS = 100
# Every additional group-by multiplies the rows; nobody reads a table of more columns.
MAX_ADDITIONAL_GROUP_BYS = 8
# More than a year of hours, more than a screen has points.
MAX_BUCKETS = 10_000
# By group, each bucket is up to fifty rows: a month of hours, or three years of days.
MAX_BUCKETS_BY_GROUP = 1_100
# Each is a statement, and all are of one moment.
MAX_LISTS = 20
DIRECTIONS = {"asc": "asc", "desc": "desc"}


class TimeRange(Form):
    """A span of time, half open: start <= time_start < end."""

    start = DateTimeField(help_text="The first moment of the range.")
    end = DateTimeField(help_text="The first moment after the range.")

    def check(self, values: Mapping[str, Any]) -> Iterable[tuple[Place, ErrorDetail]]:
        if "start" in values and "end" in values and values["start"] > values["end"]:
            yield (), ErrorDetail("start lies after end; expected start <= end", code="value_error")


class OrderBy(Form):
    """The order of the rows."""

    by = OrderingField(
        required=False, default=DEFAULT_ORDERING, allow_null=True, help_text="What to order by."
    )
    direction = NameField(
        entries=DIRECTIONS,
        error_type="literal_error",
        required=False,
        default="desc",
        allow_null=True,
        help_text="`asc`: the smallest first; `desc`: the largest. Rows without a value always come last.",
    )


class Selection(Form):
    """Which interactions; forms add what is asked about them."""

    time_range = TimeRange(help_text="Which interactions, by their start.")
    filters = ListField(child=FilterField(), maximum=MAX_FILTERS, help_text="All must hold; may be empty.")

    def check(self, values: Mapping[str, Any]) -> Iterable[tuple[Place, ErrorDetail]]:
        return _refusals(values)


def _refusals(values: Mapping[str, Any]) -> Iterable[tuple[Place, ErrorDetail]]:
    for refusal in check_request(values):
        yield refusal.place, ErrorDetail(refusal.msg, code=refusal.type)


class ShortPage(Form):
    """A page that need not be asked for."""

    limit = IntegerField(
        minimum=1, maximum=settings.MAX_PAGE_SIZE, required=False, default=10, allow_null=True,
        help_text="Rows on a page.",
    )  # fmt: skip
    offset = IntegerField(
        minimum=0, required=False, default=0, allow_null=True, help_text="Rows to pass over before the page."
    )


class Measured(Selection):
    """What to compute, over which interactions; forms add what the rows are."""

    variables = ListField(
        child=VariableField(),
        required=False,
        default=list,
        allow_null=True,
        help_text="What to compute. Without any: "
        f"{', '.join(f'`{metric.name}`' for metric in DEFAULT_METRICS)}.",
    )

    def validated(self, values: dict[str, Any]) -> dict[str, Any]:
        variables = tuple(dict.fromkeys(values["variables"])) or DEFAULT_METRICS
        return {**values, "variables": variables}


class Ordered(Measured):
    """And in which order."""

    order_by = OrderBy(
        required=False,
        default=lambda: {"by": DEFAULT_ORDERING, "direction": "desc"},
        allow_null=True,
        help_text="The order of the rows; ties have a fixed order.",
    )
    include_previous = BooleanField(
        required=False,
        default=False,
        allow_null=True,
        help_text="Add each count over the range of the same length just before, as `NAME_prev`.",
    )


class AggregateRequest(Ordered):
    """What to compute, over which interactions, in which groups."""

    limit = IntegerField(minimum=1, maximum=settings.MAX_PAGE_SIZE, help_text="Rows on a page.")
    offset = IntegerField(minimum=0, help_text="Rows to pass over before the page.")
    group_by = GroupByField(
        required=False, default=None, allow_null=True, help_text="What to group by; without it, the total."
    )
    additional_group_bys = ListField(
        child=GroupByField(),
        maximum=MAX_ADDITIONAL_GROUP_BYS,
        required=False,
        default=list,
        allow_null=True,
        help_text="Splits the groups further; rows are the distinct combinations.",
    )


class MultiAggregateRequest(Ordered, ShortPage):
    """What to compute, over which interactions, in several lists of groups."""

    group_by_groups = ListField(
        child=ListField(child=GroupByField(), maximum=MAX_ADDITIONAL_GROUP_BYS + 1),
        maximum=MAX_LISTS,
        help_text="Lists of group-bys, each an aggregation of its own; an empty one is the total.",
    )

    def check(self, values: Mapping[str, Any]) -> Iterable[tuple[Place, ErrorDetail]]:
        yield from super().check(values)
        for number, groups in enumerate(values.get("group_by_groups", ())):
            for place in repeated_groups(groups):
                yield ("group_by_groups", number, place), ErrorDetail(REPEATED_GROUP, code="value_error")


class InteractionsRequest(Selection, ShortPage):
    """Which interactions to list."""


class DeletionRequest(Form):
    """Which interactions to delete: of neither a range nor filters, all there are."""

    time_range = TimeRange(
        required=False, default=None, allow_null=True, help_text="Only those that started in it."
    )
    filters = ListField(
        child=FilterField(),
        maximum=MAX_FILTERS,
        required=False,
        default=list,
        allow_null=True,
        help_text="All must hold; may be empty.",
    )

    def check(self, values: Mapping[str, Any]) -> Iterable[tuple[Place, ErrorDetail]]:
        return _refusals(values)


class TimeSeriesRequest(Measured):
    """What to compute, bucket by bucket of the range."""

    granularity = NameField(
        entries=GRANULARITIES,
        required=False,
        default=DEFAULT_GRANULARITY,
        allow_null=True,
        help_text="The length of a bucket, in UTC; weeks begin on Monday.",
    )
    group_by = GroupByField(
        required=False,
        default=None,
        allow_null=True,
        help_text=f"Splits into a dataset for each of the {MAX_GROUPS} groups of the most interactions; "
        "without it, the total.",
    )

    def check(self, values: Mapping[str, Any]) -> Iterable[tuple[Place, ErrorDetail]]:
        yield from super().check(values)
        if "granularity" in values and "time_range" in values:
            buckets = values["granularity"].buckets(**values["time_range"])
            maximum, of_what = MAX_BUCKETS, "buckets"
            if values.get("group_by"):
                maximum, of_what = MAX_BUCKETS_BY_GROUP, "buckets by group"
            if sum(1 for _ in islice(buckets, maximum + 1)) > maximum:
                msg = f"the range has more than {maximum} {of_what}; ask for longer ones or a shorter range"
                yield ("granularity",), ErrorDetail(msg, code="value_error")
