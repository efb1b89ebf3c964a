"""What of a request decides the SQL: everything but the values.

Requests of one shape run the same statements. A value is a parameter, whose name is made here.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import BigIntegerField, DateTimeField, Q, TextField

from analytics_api.catalog import Dimension, FilterKind, Metric, Ordering
from analytics_api.catalog.measures import Measure, TwoLevelMeasure
from analytics_api.catalog.range_numbers import RangeNumber
from interactions.prepared import ListPlaceholder, Placeholder

PROJECT_ID = Placeholder("project_id", BigIntegerField())
START = Placeholder("start", DateTimeField())
END = Placeholder("end", DateTimeField())
PREVIOUS_START = Placeholder("previous_start", DateTimeField())
DAYS_END = Placeholder("days_end", DateTimeField())


@dataclass(frozen=True, kw_only=True)
class FilterShape:
    """alias: begins the names of the filter's parameters.
    variant: what the kind of filter says of its options.
    """

    kind: FilterKind
    alias: str
    variant: Hashable
    is_exclude: bool

    @property
    def condition(self) -> Q:
        condition = self.kind.filter_condition.condition(self.variant, self.alias)
        return ~condition if self.is_exclude else condition


@dataclass(frozen=True, kw_only=True)
class GroupShape:
    """alias: the name of the group-by's values inside the query."""

    dimension: Dimension
    alias: str
    is_main: bool
    include_empty: bool
    only_customs: bool
    is_searched: bool

    @property
    def keeps_empty(self) -> bool:
        """Whether interactions without a value are counted at all."""
        return self.include_empty or not self.is_main

    @property
    def dimension_id(self) -> Placeholder:
        return Placeholder(f"{self.alias}_dimension_id", BigIntegerField())

    @property
    def search(self) -> Placeholder:
        return Placeholder(f"{self.alias}_search", TextField())

    @property
    def page_values(self) -> ListPlaceholder:
        """The group's values on a page, without null."""
        return ListPlaceholder(f"{self.alias}_page", self.dimension.storage.value_field)


@dataclass(frozen=True, kw_only=True)
class QueryShape:
    """groups: main first, then the additional ones; () asks for the total."""

    filters: tuple[FilterShape, ...]
    groups: tuple[GroupShape, ...]
    metrics: tuple[Metric, ...]
    ordering: Ordering
    is_descending: bool
    has_previous: bool

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        asked = (measure for metric in self.metrics for field in metric.fields for measure in field.measures)
        return tuple(dict.fromkeys((*asked, *self.ordering.measures)))

    @cached_property
    def two_level_measures(self) -> tuple[TwoLevelMeasure, ...]:
        asked = (
            measure
            for metric in self.metrics
            for field in metric.fields
            for measure in field.two_level_measures
        )
        return tuple(dict.fromkeys((*asked, *self.ordering.two_level_measures)))

    @cached_property
    def range_numbers(self) -> tuple[RangeNumber, ...]:
        asked = (
            number for metric in self.metrics for field in metric.fields for number in field.range_numbers
        )
        return tuple(dict.fromkeys(asked))

    @property
    def reads_texts(self) -> bool:
        """Whether a filter looks at what people wrote."""
        return any(asked.kind.filter_condition.reads_texts for asked in self.filters)

    @property
    def spans_previous(self) -> bool:
        """Whether the query must look at the previous window too."""
        return self.has_previous or self.ordering.needs_previous
