"""What is kept as columns: families of tables that belong together, cut into buckets.

A bucket is what is marked when something in it changes, and what is read anew from the database
until it is sealed. Interactions have a bucket a minute, so that a busy server reads little twice;
words, whose rows nobody asks for by time, have one for so many ids.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import Combinable

from interactions import dialect
from interactions.models import Conversation, EndUser, Family, Interaction, InteractionLabel, Label

BUCKET_SECONDS = 60
IDS_A_BUCKET = 1024
# The first moment there is, so that no bucket is negative.
_FIRST_MOMENT = datetime.min.replace(tzinfo=UTC)
SECONDS_BEFORE_EPOCH = (datetime.fromtimestamp(0, UTC) - _FIRST_MOMENT) // timedelta(seconds=1)


def bucket_of(moment: datetime) -> int:
    """The bucket of an interaction that starts then, and of its labels."""
    return (moment - _FIRST_MOMENT) // timedelta(seconds=BUCKET_SECONDS)


def bucket_of_id(primary_key: int) -> int:
    """The bucket of an end user, a conversation or a label."""
    return primary_key // IDS_A_BUCKET


@dataclass(frozen=True, kw_only=True)
class Buckets:
    """How a place, a moment or an id, becomes a bucket: in the database, in DuckDB and here."""

    def within(self, place: str, first: int, end: int) -> Q:
        """Rows whose place lies in the buckets first <= x < end."""
        raise NotImplementedError

    def grouped(self, place: str) -> Combinable:
        """What the database groups rows of one bucket by."""
        raise NotImplementedError

    def bucket_of_group(self, value: Any) -> int:
        raise NotImplementedError

    def duckdb_sql(self, column: str) -> str:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Minutes(Buckets):
    def within(self, place: str, first: int, end: int) -> Q:
        kept = Q(**{f"{place}__gte": _FIRST_MOMENT + timedelta(seconds=BUCKET_SECONDS * first)})
        try:
            return kept & Q(**{f"{place}__lt": _FIRST_MOMENT + timedelta(seconds=BUCKET_SECONDS * end)})
        except OverflowError:
            # The end lies beyond the last moment there is.
            return kept

    def grouped(self, place: str) -> Combinable:
        return dialect.StartOfMinute(F(place))

    def bucket_of_group(self, value: datetime) -> int:
        return bucket_of(value)

    def duckdb_sql(self, column: str) -> str:
        # Counted from the first moment before dividing, which would round up what lies before 1970.
        return f"(epoch_us({column}) + {SECONDS_BEFORE_EPOCH}000000) // {BUCKET_SECONDS}000000"


@dataclass(frozen=True, kw_only=True)
class Ids(Buckets):
    def within(self, place: str, first: int, end: int) -> Q:
        return Q(**{f"{place}__gte": first * IDS_A_BUCKET, f"{place}__lt": end * IDS_A_BUCKET})

    def grouped(self, place: str) -> Combinable:
        return F(place) / IDS_A_BUCKET

    def bucket_of_group(self, value: int) -> int:
        return value

    def duckdb_sql(self, column: str) -> str:
        return f"{column} // {IDS_A_BUCKET}"


@dataclass(frozen=True, kw_only=True)
class KeptTable:
    """A table, where its rows are found, and how they are laid out.

    columns: what is kept; the rest is read by no question.
    place: the lookup of what decides a row's bucket.
    project: the lookup of the project's id.
    order: what a file is sorted by, so that a question skips what it does not ask for.
    parent: the table whose row, by its id, has the bucket, and the column that names it; None when
        the place is the row's own.
    """

    model: type[Model]
    columns: tuple[str, ...]
    place: str
    project: str = "project_id"
    order: tuple[str, ...]
    parent: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        return self.model._meta.db_table

    @property
    def listed(self) -> tuple[str, ...]:
        """What is kept besides the parent's id: numbers that are never NULL."""
        return tuple(column for column in self.columns if self.parent and column != self.parent[1])

    @property
    def has_project(self) -> bool:
        """Whether the table itself has the project's id, the same in every row kept."""
        return self.project == "project_id"

    def rows(self, project_id: int) -> QuerySet:
        return self.model.objects.filter(**{self.project: project_id}).order_by()


@dataclass(frozen=True, kw_only=True)
class KeptFamily:
    """tables: parents before those that have their bucket.

    bucket_of: from a place to its bucket; triggers compute the same in SQL.
    """

    kind: Family
    buckets: Buckets
    tables: tuple[KeptTable, ...]
    bucket_of: Callable[[Any], int] = bucket_of_id

    def parent_of(self, table: KeptTable) -> KeptTable:
        (parent,) = (other for other in self.tables if table.parent and other.name == table.parent[0])
        return parent


def _words(kind: Family, model: type[Model], *columns: str, project: str = "project_id") -> KeptFamily:
    table = KeptTable(model=model, columns=("id", *columns), place="id", project=project, order=("id",))
    return KeptFamily(kind=kind, buckets=Ids(), tables=(table,))


_FACTS = KeptTable(
    model=Interaction,
    # The rest no question counts or groups by; the public id alone would take 16 bytes a row.
    columns=tuple(
        field.attname
        for field in Interaction._meta.concrete_fields
        if field.attname
        not in (
            "project_id",
            "public_id",
            "sentiment",
            "input_tokens",
            "output_tokens",
            "is_cost_computed",
        )
    ),
    place="started_at",
    order=("started_at", "id"),
)
_LABELS = KeptTable(
    model=InteractionLabel,
    columns=("dimension_id", "interaction_id", "label_id"),
    place="interaction__started_at",
    project="interaction__project_id",
    # A question about keywords skips tags.
    order=("dimension_id", "interaction_id"),
    parent=(_FACTS.name, "interaction_id"),
)

FAMILIES: dict[Family, KeptFamily] = {
    family.kind: family
    for family in (
        KeptFamily(
            kind=Family.INTERACTIONS, buckets=Minutes(), tables=(_FACTS, _LABELS), bucket_of=bucket_of
        ),
        _words(Family.END_USERS, EndUser, "external_id", "group_profile_id"),
        _words(Family.CONVERSATIONS, Conversation, "external_id"),
        _words(
            Family.LABELS,
            Label,
            "dimension_id", "value", "folded", "is_custom",
            project="dimension__project_id",
        ),
    )
}  # fmt: skip
TABLES: dict[str, tuple[KeptFamily, KeptTable]] = {
    table.name: (family, table) for family in FAMILIES.values() for table in family.tables
}
