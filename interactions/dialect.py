"""Where SQLite and PostgreSQL differ: everything that asks which database it is stands here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from typing import Any

import orjson
from django.db import Error, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, BooleanField, DateField, DateTimeField, Func
from django.db.models.functions import Collate

# Loading


def reserve_ids(using: str, model: type[models.Model], count: int) -> Sequence[int]:
    """Take `count` unused primary keys of `model`; call inside the transaction that uses them."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            # Safe because the transaction holds the write lock from its start (IMMEDIATE).
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [model._meta.db_table])
            first = (cursor.fetchone() or (0,))[0] + 1
            return range(first, first + count)
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [model._meta.db_table, model._meta.pk.column, count],
        )
        return [row[0] for row in cursor.fetchall()]


def insert_rows(
    using: str, model: type[models.Model], field_names: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert many rows the database's fastest way: COPY, or executemany.

    rows: values in the order of `field_names` (attnames, e.g. "project_id"); aware datetimes,
        UUIDs and JSON documents as Python has them. Nothing is filled in: give every column.
    """
    connection = connections[using]
    fields = [model._meta.get_field(name) for name in field_names]
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    columns = ", ".join(quote(field.column) for field in fields)
    adapters = [_ADAPTERS[connection.vendor].get(field.get_internal_type()) for field in fields]
    adapted = (
        [
            value if adapt is None or value is None else adapt(value)
            for adapt, value in zip(adapters, row, strict=True)
        ]
        for row in rows
    )
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            marks = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", adapted)
        else:
            # COPY goes past Django's cursor, which turns the driver's errors into Django's.
            with connection.wrap_database_errors, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in adapted:
                    copy.write_row(row)


def _json_text(document: Any) -> str:
    return orjson.dumps(document).decode()


# Values as the driver wants them. SQLite compares date-times as text, in Django's own format.
_ADAPTERS = {
    "sqlite": {
        "DateTimeField": lambda moment: str(moment.astimezone(UTC).replace(tzinfo=None)),
        "UUIDField": lambda value: value.hex,
        "JSONField": _json_text,
    },
    "postgresql": {"JSONField": _json_text},
}


# Names the advisory locks on projects; any number that no other advisory lock uses.
_PROJECT_LOCK = 1


def enter_project(using: str, project_id: int, *, alone: bool) -> None:
    """Write to a project until the transaction ends, side by side with others or `alone`.

    Who waits to be alone is next: nobody enters before. On SQLite every writer is alone.
    """
    connection = connections[using]
    if connection.vendor == "postgresql":
        lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
        with connection.cursor() as cursor:
            # Both parts of the name are 32 bits wide.
            cursor.execute(f"SELECT {lock}(%s, %s)", [_PROJECT_LOCK, project_id % 2**31])


# What PostgreSQL says when another transaction came first: it stored the same or won a deadlock.
_LOST = {"23505", "40001", "40P01"}


def was_lost_to_another(error: Error) -> bool:
    """Whether another transaction made this one fail, so that it may succeed when tried again.

    Never on SQLite, where a transaction that writes is alone from its start.
    """
    return getattr(error.__cause__, "sqlstate", None) in _LOST


# Reading


def set_statement_timeout(connection: BaseDatabaseWrapper, timeout_ms: int) -> None:
    """Bound every later statement of the connection. SQLite has no such bound."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [str(timeout_ms)])


_BEGIN_SNAPSHOT = {
    # Plain BEGIN takes no lock until it reads; the connection's own mode would lock out writers.
    "sqlite": "BEGIN DEFERRED",
    "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
}


@contextmanager
def snapshot(using: str) -> Iterator[None]:
    """Let every query inside see the database as it was at the first one, without blocking writers.

    Inside a transaction there is nothing to do but join it.
    """
    connection = connections[using]
    connection.ensure_connection()
    if connection.in_atomic_block:
        yield
        return
    # On the driver's connection: these statements are not queries of the application.
    driver = connection.connection
    with connection.wrap_database_errors:
        driver.execute(_BEGIN_SNAPSHOT[connection.vendor])
    try:
        yield
    finally:
        _end_snapshot(connection, driver)


def _end_snapshot(connection: BaseDatabaseWrapper, driver: Any) -> None:
    try:
        driver.execute("ROLLBACK")
    except connection.Database.Error:
        # The connection was lost; the error that says so is already on its way.
        connection.close()


# Expressions


def adapt_list(connection: BaseDatabaseWrapper, values: Sequence[Any]) -> Any:
    """A list as the one argument of `OneOf`; the values are as the driver wants them."""
    return orjson.dumps(values).decode() if connection.vendor == "sqlite" else list(values)


class OneOf(Func):
    """Whether a value is in a list that is one argument, however long; unknown for NULL."""

    output_field = BooleanField()
    arity = 2

    def as_sqlite(self, compiler, connection, **extra_context):
        joiner = " IN (SELECT value FROM JSON_EACH("
        return self.as_sql(compiler, connection, template="(%(expressions)s)))", arg_joiner=joiner)

    def as_postgresql(self, compiler, connection, **extra_context):
        return self.as_sql(compiler, connection, template="(%(expressions)s))", arg_joiner=" = ANY (")


def by_code_point(expression: Any) -> Collate:
    """Order text by code point everywhere; PostgreSQL would use the language of its locale."""
    return _ByCodePoint(expression, "C")


class _ByCodePoint(Collate):
    def as_sqlite(self, compiler, connection, **extra_context):
        # BINARY compares UTF-8 bytes, which is the order of code points.
        return self.as_sql(
            compiler, connection, template=f"%(expressions)s COLLATE {connection.ops.quote_name('BINARY')}"
        )


class StartOf(Func):
    """The UTC hour, day, week (from Monday) or month a date-time lies in.

    Subclasses name the bucket. SQLite's text format makes most of them a prefix of the text;
    Django's own functions would call Python for every row.
    """

    output_field = DateField()
    sqlite_template: str
    truncate_to: str

    def as_sqlite(self, compiler, connection, **extra_context):
        return self.as_sql(compiler, connection, template=self.sqlite_template)

    def as_postgresql(self, compiler, connection, **extra_context):
        return self.as_sql(
            compiler,
            connection,
            template=f"DATE_TRUNC('{self.truncate_to}', %(expressions)s AT TIME ZONE 'UTC')::date",
        )


class StartOfHour(StartOf):
    """-> naive UTC date-time."""

    output_field = DateTimeField()
    sqlite_template = "(SUBSTR(%(expressions)s, 1, 13) || ':00:00')"

    def as_postgresql(self, compiler, connection, **extra_context):
        return self.as_sql(
            compiler,
            connection,
            template="DATE_TRUNC('hour', %(expressions)s AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'",
        )


class StartOfDay(StartOf):
    sqlite_template = "SUBSTR(%(expressions)s, 1, 10)"
    truncate_to = "day"


class StartOfWeek(StartOf):
    # Back six days and on to the next Monday: going forward first would leave year 9999.
    sqlite_template = "DATE(SUBSTR(%(expressions)s, 1, 10), '-6 days', 'weekday 1')"
    truncate_to = "week"


class StartOfMonth(StartOf):
    sqlite_template = "(SUBSTR(%(expressions)s, 1, 7) || '-01')"
    truncate_to = "month"


class MicrosecondsSinceEpoch(Func):
    """A date-time as a whole number, so that spans are exact on every database."""

    output_field = BigIntegerField()

    def as_sqlite(self, compiler, connection, **extra_context):
        sql, params = compiler.compile(self.source_expressions[0])
        return (
            f"(CAST(STRFTIME('%%s', SUBSTR({sql}, 1, 19)) AS INTEGER) * 1000000"
            f" + CAST(SUBSTR({sql}, 21) AS INTEGER))",
            (*params, *params),
        )

    def as_postgresql(self, compiler, connection, **extra_context):
        return self.as_sql(
            compiler, connection, template="(EXTRACT(EPOCH FROM %(expressions)s) * 1000000)::bigint"
        )


class SameDay(Func):
    """Whether two date-times lie on the same UTC day."""

    output_field = BooleanField()
    arity = 2

    def __init__(self, first: Any, second: Any):
        super().__init__(
            StartOfDay(first), StartOfDay(second), template="(%(expressions)s)", arg_joiner=" = "
        )
