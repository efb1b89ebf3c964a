"""The SQL of the triggers that leave dirty marks, on each database."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import ForeignKey

from interactions.models import DirtyMark

from .families import (
    BUCKET_SECONDS,
    IDS_A_BUCKET,
    SECONDS_BEFORE_EPOCH,
    KeptFamily,
    KeptTable,
    bucket_of,
    bucket_of_id,
)

_PREFIX = "dirty_mark_"
_MARKS = DirtyMark._meta.db_table
_ID_BUCKET = f"{{place}} / {IDS_A_BUCKET}"
_TIME_BUCKET = f"({{seconds}} + {SECONDS_BEFORE_EPOCH}) / {BUCKET_SECONDS}"


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """statements: what makes it, with {name} for its name."""

    table: str
    label: str
    statements: tuple[str, ...]

    @property
    def name(self) -> str:
        """A name that changes with the text, so that names tell what is installed."""
        digest = hashlib.sha256("".join(self.statements).encode()).hexdigest()[:8]
        return f"{_PREFIX}{self.label}_{digest}"

    @property
    def statement(self) -> str:
        return ";\n".join(self.statements).replace("{name}", self.name)


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """How one database does it.

    buckets: SQL of a family's `bucket_of` over {place}.
    list_triggers: a query for (name, table) of our triggers.
    rebuilds_tables: whether a migration may replace a table by a copy.
    """

    buckets: Mapping[Callable[[Any], int], str]
    list_triggers: str
    drop_trigger: str
    rebuilds_tables: bool
    make_triggers: Callable[[Vendor, KeptFamily, KeptTable], Iterator[Trigger]]
    bookkeeping: tuple[Trigger, ...] = ()

    def triggers(self, families: Iterable[KeptFamily]) -> Iterator[Trigger]:
        yield from self.bookkeeping
        for family in families:
            for table in family.tables:
                yield from self.make_triggers(self, family, table)

    def mark_rows(
        self, family: KeptFamily, table: KeptTable, source: str | None, row: str = "changed"
    ) -> str:
        """INSERT of one mark for each bucket of the rows of `source`.

        source: a table or subquery with the columns of `table`; None where `row` is in reach by itself.
        """
        sources = [f"{source} AS {row}"] if source else []
        condition = ""
        if link := _link_to_owner(table):
            if source:
                # An interaction has several labels, and is looked up once.
                columns = ", ".join(_own_columns(table))
                sources = [f"(SELECT DISTINCT {columns} FROM {source} AS each_row) AS {row}"]
            sources.append(f"{link.related_model._meta.db_table} AS owner")
            condition = f" WHERE owner.id = {row}.{link.column}"
        values = (
            _read(table, table.project, row),
            str(family.kind.value),
            self.buckets[family.bucket_of].format(place=_read(table, table.place, row)),
        )
        distinct = "DISTINCT " if source else ""
        from_sources = f" FROM {', '.join(sources)}" if sources else ""
        return (
            f"INSERT INTO {_MARKS} (project_id, family, bucket)"
            f" SELECT {distinct}{', '.join(values)}{from_sources}{condition}"
        )


def _link_to_owner(table: KeptTable) -> ForeignKey | None:
    """The foreign key to the row that knows what this one does not."""
    links = {lookup.partition("__")[0] for lookup in (table.project, table.place) if "__" in lookup}
    return table.model._meta.get_field(links.pop()) if links else None


def _own_columns(table: KeptTable) -> list[str]:
    own = {lookup.partition("__")[0] for lookup in (table.project, table.place)}
    return sorted(table.model._meta.get_field(name).column for name in own)


def _read(table: KeptTable, lookup: str, row: str) -> str:
    first, _, second = lookup.partition("__")
    field = table.model._meta.get_field(first)
    if second:
        return f"owner.{field.related_model._meta.get_field(second).column}"
    return f"{row}.{field.column}"


# SQLite: row by row. Of a bucket only the newest mark is kept, or an import would leave one a row.

_SQLITE_ROWS = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}


def _sqlite_triggers(vendor: Vendor, family: KeptFamily, table: KeptTable) -> Iterator[Trigger]:
    name = table.model._meta.db_table
    for event, rows in _SQLITE_ROWS.items():
        marks = "; ".join(vendor.mark_rows(family, table, None, row) for row in rows)
        yield Trigger(
            table=name,
            label=f"{table.model._meta.model_name}_{event}",
            statements=(f"CREATE TRIGGER IF NOT EXISTS {{name}} AFTER {event} ON {name} BEGIN {marks}; END",),
        )


# Not INSERT OR REPLACE: in a trigger, an INSERT OR IGNORE that fires it makes that an OR IGNORE
# too, and the mark would keep the id that a sealer may have seen.
_NEWEST_MARK_ALONE = Trigger(
    table=_MARKS,
    label="replace",
    statements=(
        f"CREATE TRIGGER IF NOT EXISTS {{name}} BEFORE INSERT ON {_MARKS} BEGIN DELETE FROM {_MARKS}"
        " WHERE project_id = NEW.project_id AND family = NEW.family AND bucket = NEW.bucket; END",
    ),
)


# PostgreSQL: once a statement, and only ever adding marks, so that no writer waits for another's.

# event: (when, the names of its rows, the rows that changed). TRUNCATE has none to name: while they
# are still there, it marks all that will go.
_POSTGRESQL_EVENTS = {
    "insert": ("AFTER", "REFERENCING NEW TABLE AS new_rows", "new_rows"),
    "update": (
        "AFTER",
        "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "(TABLE old_rows UNION ALL TABLE new_rows)",
    ),
    "delete": ("AFTER", "REFERENCING OLD TABLE AS old_rows", "old_rows"),
    "truncate": ("BEFORE", "", "{table}"),
}


def _postgresql_triggers(vendor: Vendor, family: KeptFamily, table: KeptTable) -> Iterator[Trigger]:
    name = table.model._meta.db_table
    for event, (when, naming, changed) in _POSTGRESQL_EVENTS.items():
        mark = vendor.mark_rows(family, table, changed.format(table=name))
        yield Trigger(
            table=name,
            label=f"{table.model._meta.model_name}_{event}",
            statements=(
                # EXECUTE plans anew each time: a plan kept from when tables were small would scan
                # all interactions for a label. The path is kept for pg_restore, which has none.
                "CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
                " SET search_path FROM CURRENT"
                f" AS $body$ BEGIN EXECUTE $sql${mark}$sql$; RETURN NULL; END $body$",
                f"CREATE OR REPLACE TRIGGER {{name}} {when} {event} ON {name} {naming}"
                " FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
            ),
        )


VENDORS = {
    "sqlite": Vendor(
        buckets={
            bucket_of: _TIME_BUCKET.format(
                # The first 19 characters: the fraction would round.
                seconds="CAST(STRFTIME('%s', SUBSTR({place}, 1, 19)) AS INTEGER)"
            ),
            bucket_of_id: _ID_BUCKET,
        },
        list_triggers=(
            "SELECT name, tbl_name FROM sqlite_master"
            f" WHERE type = 'trigger' AND SUBSTR(name, 1, {len(_PREFIX)}) = '{_PREFIX}'"
        ),
        drop_trigger="DROP TRIGGER IF EXISTS {name}",
        rebuilds_tables=True,
        make_triggers=_sqlite_triggers,
        bookkeeping=(_NEWEST_MARK_ALONE,),
    ),
    "postgresql": Vendor(
        buckets={
            bucket_of: _TIME_BUCKET.format(seconds="FLOOR(EXTRACT(EPOCH FROM {place}))::bigint"),
            bucket_of_id: _ID_BUCKET,
        },
        list_triggers=(
            "SELECT tgname, tgrelid::regclass::text FROM pg_trigger"
            f" WHERE LEFT(tgname, {len(_PREFIX)}) = '{_PREFIX}' AND pg_function_is_visible(tgfoid)"
        ),
        # Takes its trigger with it.
        drop_trigger="DROP FUNCTION IF EXISTS {name} CASCADE",
        rebuilds_tables=False,
        make_triggers=_postgresql_triggers,
    ),
}
