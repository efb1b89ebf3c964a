"""Rows in, by the databases' fastest ways, and who may write beside whom."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from typing import Any
from zlib import crc32

import orjson
from django.db import Error, connections, models


def has_server(using: str) -> bool:
    """Whether a process of its own stores, beside which this one can work meanwhile.

    SQLite works in ours. It takes the interpreter back after each row, and a thread at work beside it
    gives it away only every few milliseconds.
    """
    return connections[using].vendor == "postgresql"


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
    if not rows:
        return
    connection = connections[using]
    form = _row_form(connection.vendor, model, tuple(field_names))
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany(form.insert, form.adapted(rows))
        else:
            # COPY goes past Django's cursor, which turns the driver's errors into Django's.
            with connection.wrap_database_errors, cursor.copy(form.copy) as copy:
                for row in form.adapted(rows):
                    copy.write_row(row)


def insert_new_rows(
    using: str,
    model: type[models.Model],
    field_names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    named_by: Sequence[str],
) -> list[tuple[Any, ...]]:
    """Insert rows, passing over those that are there already; the database makes their keys.

    rows: integers, texts and booleans, in the order of `field_names`.
    -> of each row that was new, the values of `named_by` and then its primary key
    """
    connection = connections[using]
    columns = [model._meta.get_field(name).column for name in field_names]
    returned = [model._meta.get_field(name).column for name in named_by] + [model._meta.pk.column]
    # One statement, whose triggers fire once on PostgreSQL: one a row took six times as long.
    document = [dict(zip(columns, row, strict=True)) for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(
            _insert_new(connection.vendor, model, tuple(columns), tuple(returned)), [_json_text(document)]
        )
        return cursor.fetchall()


@cache
def _insert_new(
    vendor: str, model: type[models.Model], columns: tuple[str, ...], returned: tuple[str, ...]
) -> str:
    table = f'"{model._meta.db_table}"'
    names = _quoted(columns)
    if vendor == "sqlite":
        values = ", ".join(f"JSON_EXTRACT(value, '$.{column}')" for column in columns)
        # Without a condition, ON would be read as the beginning of a join's.
        source = f"SELECT {values} FROM JSON_EACH(%s) WHERE TRUE"
    else:
        source = f"SELECT {names} FROM json_populate_recordset(NULL::{table}, %s)"
    return f"INSERT INTO {table} ({names}) {source} ON CONFLICT DO NOTHING RETURNING {_quoted(returned)}"


def _quoted(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


@dataclass(frozen=True, kw_only=True)
class _RowForm:
    """How rows of a table are given to a database.

    adapters: of the columns, by position, whose values the driver wants in another form.
    """

    insert: str
    copy: str
    adapters: Sequence[tuple[int, Callable[[Any], Any]]]

    def adapted(self, rows: Iterable[Sequence[Any]]) -> Iterable[Sequence[Any]]:
        return map(self._adapt, rows) if self.adapters else rows

    def _adapt(self, row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for position, adapt in self.adapters:
            if (value := values[position]) is not None:
                values[position] = adapt(value)
        return values


@cache
def _row_form(vendor: str, model: type[models.Model], field_names: tuple[str, ...]) -> _RowForm:
    fields = [model._meta.get_field(name) for name in field_names]
    table = f'"{model._meta.db_table}"'
    columns = _quoted(field.column for field in fields)
    adapters = [_ADAPTERS[vendor].get(field.get_internal_type()) for field in fields]
    return _RowForm(
        insert=f"INSERT INTO {table} ({columns}) VALUES ({', '.join(['%s'] * len(fields))})",
        copy=f"COPY {table} ({columns}) FROM STDIN",
        adapters=[(position, adapt) for position, adapt in enumerate(adapters) if adapt],
    )


def _json_text(document: Any) -> str:
    return orjson.dumps(document).decode()


# Values as the driver wants them. SQLite compares date-times as text, in Django's own format.
_ADAPTERS = {
    "sqlite": {
        "DateField": lambda day: day.isoformat(),
        "DateTimeField": lambda moment: str(moment.astimezone(UTC).replace(tzinfo=None)),
        "UUIDField": lambda value: value.hex,
        "JSONField": _json_text,
    },
    "postgresql": {"JSONField": _json_text},
}


@contextmanager
def turn_to_write(using: str) -> Iterator[None]:
    """Wait in line with other writers, before the transaction that writes.

    SQLite has no line: who finds another writing looks again after up to a tenth of a second, and
    may find the next. With eight clients at a time some waited for seconds. Who does not stand in
    line, as the admin, is only as badly off as before. Who has the turn already goes on.
    """
    connection = connections[using]
    if connection.vendor != "sqlite" or connection.in_atomic_block or _turn.is_held:
        yield
        return
    # Opened anew each time, because the lock belongs to the open file: threads wait for each other too.
    with open(f"{connection.settings_dict['NAME']}-writers", "wb") as line:
        fcntl.flock(line, fcntl.LOCK_EX)
        _turn.is_held = True
        try:
            yield
        finally:
            _turn.is_held = False


class _Turn(threading.local):
    """Whether this thread has the turn to write."""

    is_held = False


_turn = _Turn()


# Names the advisory locks on projects; any number that no other advisory lock uses.
_PROJECT_LOCK = 1
# Users of a project share so many locks: enough that two who write at once seldom share one, and few
# enough for a transaction about all of them (PostgreSQL has room for 64 locks a connection).
_USER_LOCKS = 32


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


def enter_users(using: str, project_id: int, end_users: Collection[str | None], *, alone: bool) -> None:
    """Write about users until the transaction ends, side by side with others or `alone`.

    end_users: by their ids; with None among them, all users. Call once, after `enter_project`.
    """
    connection = connections[using]
    if connection.vendor == "postgresql" and end_users:
        numbers = range(_USER_LOCKS)
        if None not in end_users:
            numbers = sorted({crc32(user.encode()) % _USER_LOCKS for user in end_users})
        # In one order for all, so that nobody waits for a lock whose holder waits for theirs.
        names = [project_id * _USER_LOCKS + number for number in numbers]
        lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {lock}(name) FROM unnest(%s::bigint[]) AS name", [names])


# What PostgreSQL says when another transaction came first: it stored the same or won a deadlock.
_LOST = {"23505", "40001", "40P01"}


def was_lost_to_another(error: Error) -> bool:
    """Whether another transaction made this one fail, so that it may succeed when tried again.

    Never on SQLite, where a transaction that writes is alone from its start.
    """
    return getattr(error.__cause__, "sqlstate", None) in _LOST
