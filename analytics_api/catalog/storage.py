"""How a kind's values are stored: what to group by, what to filter on, where its words are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    F,
    Field,
    FilteredRelation,
    Q,
    Value,
    When,
)
from django.db.models.expressions import Combinable

from interactions import dialect
from interactions.models import DimensionKind, InteractionLabel
from interactions.prepared import ListPlaceholder, Placeholder

# (kind, key) of a stored dimension; only tags have a key.
Axis = tuple[str, str]
# A dimension nobody has recorded: no row has this id.
UNKNOWN_DIMENSION_ID = 0


class WordSource(Enum):
    """The tables that hold words; the big queries see their ids alone."""

    LABEL = auto()
    END_USER = auto()
    CONVERSATION = auto()


@dataclass(frozen=True, kw_only=True)
class Storage:
    """The values of a kind, none of which are words, one each interaction.

    has_value: holds for exactly the interactions that have one, where columns of the fact row tell. It
        spares a question that leaves out the others the search for values they do not have.
    """

    word_source: WordSource | None = None
    has_value: Q = field(default_factory=Q)

    def axis(self, options: Mapping[str, Any]) -> Axis | None:
        """The stored dimension that holds the values; None when they are not labels."""
        return None

    @property
    def value_field(self) -> Field:
        """The type of the values."""
        return BigIntegerField()

    def joins(self, alias: str, dimension_id: Placeholder) -> dict[str, FilteredRelation]:
        """Relations that `value` goes through."""
        return {}

    def value(self, alias: str) -> Combinable:
        """What is grouped by; NULL for interactions without a value."""
        raise NotImplementedError

    def sort_key(self, alias: str) -> Combinable:
        """What orders the groups by name."""
        return self.value(alias)

    def keeps(self, ids: ListPlaceholder, dimension_id: Placeholder) -> Q:
        """Interactions that have one of the words."""
        raise NotImplementedError


def _one_of(column: str, ids: ListPlaceholder) -> Q:
    # Never unknown, so that its negation keeps interactions without a value.
    return Q(**{f"{column}__isnull": False}) & Q(dialect.OneOf(F(column), ids))


@dataclass(frozen=True, kw_only=True)
class LabelColumn(Storage):
    """A single label in a column of the fact row, named like its kind."""

    kind: DimensionKind
    word_source: WordSource | None = WordSource.LABEL

    def axis(self, options: Mapping[str, Any]) -> Axis | None:
        return self.kind.value, ""

    def value(self, alias: str) -> Combinable:
        return F(f"{self.kind.value}_id")

    def sort_key(self, alias: str) -> Combinable:
        return dialect.by_code_point(F(f"{self.kind.value}__value"))

    def keeps(self, ids: ListPlaceholder, dimension_id: Placeholder) -> Q:
        return _one_of(f"{self.kind.value}_id", ids)


@dataclass(frozen=True, kw_only=True)
class LabelBridge(Storage):
    """Any number of labels in the bridge table; a tag's key chooses the dimension."""

    kind: DimensionKind
    word_source: WordSource | None = WordSource.LABEL

    def axis(self, options: Mapping[str, Any]) -> Axis | None:
        return self.kind.value, options.get("tag") or ""

    def joins(self, alias: str, dimension_id: Placeholder) -> dict[str, FilteredRelation]:
        # An outer join of its own for every group-by: interactions without a label stay, as NULL.
        return {f"{alias}_labels": FilteredRelation("labels", condition=Q(labels__dimension_id=dimension_id))}

    def value(self, alias: str) -> Combinable:
        return F(f"{alias}_labels__label_id")

    def sort_key(self, alias: str) -> Combinable:
        return dialect.by_code_point(F(f"{alias}_labels__label__value"))

    def keeps(self, ids: ListPlaceholder, dimension_id: Placeholder) -> Q:
        # Served by the bridge's primary key; a join would count an interaction once a label.
        rows = InteractionLabel.objects.filter(dialect.OneOf(F("label_id"), ids), dimension_id=dimension_id)
        return Q(dialect.HasRow(rows, "interaction_id"))


@dataclass(frozen=True, kw_only=True)
class Reference(Storage):
    """The end user or the conversation of the fact row."""

    field: str

    def value(self, alias: str) -> Combinable:
        return F(f"{self.field}_id")

    def sort_key(self, alias: str) -> Combinable:
        return dialect.by_code_point(F(f"{self.field}__external_id"))

    def keeps(self, ids: ListPlaceholder, dimension_id: Placeholder) -> Q:
        return _one_of(f"{self.field}_id", ids)


@dataclass(frozen=True, kw_only=True)
class GroupProfile(Storage):
    """The group profile of the end user: theirs now, whenever the interaction was."""

    word_source: WordSource | None = WordSource.LABEL

    def axis(self, options: Mapping[str, Any]) -> Axis | None:
        return DimensionKind.COHORT.value, ""

    def value(self, alias: str) -> Combinable:
        return F("end_user__group_profile_id")

    def sort_key(self, alias: str) -> Combinable:
        return dialect.by_code_point(F("end_user__group_profile__value"))

    def keeps(self, ids: ListPlaceholder, dimension_id: Placeholder) -> Q:
        return _one_of("end_user__group_profile_id", ids)


@dataclass(frozen=True, kw_only=True)
class Flag(Storage):
    """A yes or no of the fact row."""

    condition: Q

    @property
    def value_field(self) -> Field:
        return BooleanField()

    def value(self, alias: str) -> Combinable:
        return Case(When(self.condition, then=Value(True)), default=Value(False), output_field=BooleanField())


@dataclass(frozen=True, kw_only=True)
class TimeBucket(Storage):
    """The calendar bucket in UTC that an interaction started in."""

    bucket: type[dialect.StartOf]

    @property
    def value_field(self) -> Field:
        return self.bucket.output_field

    def value(self, alias: str) -> Combinable:
        return self.bucket(F("started_at"))
