"""One view of the data for several queries, and how long a query may take."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import groupby
from typing import Any, BinaryIO

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet


def set_statement_timeout(connection: BaseDatabaseWrapper, timeout_ms: int) -> None:
    """Bound every later statement of the connection. SQLite has no such bound."""
    if connection.vendor == "duckdb":
        connection.statement_timeout_ms = timeout_ms
    elif connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, false)", [str(timeout_ms)])


def read_once(using: str) -> AbstractContextManager[None]:
    """Keep in memory little of what is read inside: it is not going to be read again.

    Call outside transactions. PostgreSQL sees to it by itself.
    """
    return _caching(using, _READ_ONCE_CACHE_KB)


def write_many(using: str) -> AbstractContextManager[None]:
    """Keep in memory what a large transaction needs and no more: many follow, each with other pages.

    Call outside transactions. PostgreSQL keeps nothing in this process.
    """
    return _caching(using, _WRITE_MANY_CACHE_KB)


_READ_ONCE_CACHE_KB = 4096
# Most of what a batch of a thousand changes. Into 400,000 interactions, more saved no time; with 4 MB
# a tenth more was written, because a transaction that does not fit is written twice.
_WRITE_MANY_CACHE_KB = 16384


@contextmanager
def _caching(using: str, cache_kb: int) -> Iterator[None]:
    connection = connections[using]
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    # Mapped pages count as memory of the process for as long as they are mapped.
    bounds = {"mmap_size": 0, "cache_size": -cache_kb}
    usual = {name: _pragma(connection, name) for name in bounds}
    _set_pragmas(connection, bounds)
    try:
        yield
    finally:
        _set_pragmas(connection, usual)


def _pragma(connection: BaseDatabaseWrapper, name: str) -> int:
    with connection.cursor() as cursor:
        (value,) = cursor.execute(f"PRAGMA {name}").fetchone()
    return value


def _set_pragmas(connection: BaseDatabaseWrapper, values: Mapping[str, int]) -> None:
    with connection.cursor() as cursor:
        for name, value in values.items():
            cursor.execute(f"PRAGMA {name} = {value}")


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


def turn_to_read(using: str) -> AbstractContextManager[Any]:
    """For threads that read many rows at the same time: hold it while reading.

    SQLite's driver gives up the interpreter for every row, so that two of them take a fifth more processor
    time than one after the other, and as long.
    """
    return threading.Lock() if connections[using].vendor == "sqlite" else nullcontext()


# Rows fetched at a time: with 10,000, which no longer fit the cache of a core, a fifth more time.
_CHUNK_ROWS = 1_000
_TEXT_TYPES = ("CharField", "TextField")


def write_csv(using: str, rows: QuerySet, file: BinaryIO) -> None:
    """Write rows as CSV without a header, by the database's fastest way.

    rows: of `values_list()`. NULL is nothing between commas, text may be quoted, a
        date-time is UTC with or without saying so, a boolean is 1 and 0 or t and f.
    """
    rows = rows.using(using)
    compiler = rows.query.get_compiler(using)
    sql, params = compiler.as_sql()
    connection = connections[using]
    if connection.vendor == "postgresql":
        with (
            connection.cursor() as cursor,
            connection.wrap_database_errors,
            cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)", params) as copy,
        ):
            for block in copy:
                file.write(block)
        return
    fields = [expression.output_field for expression, _, _ in compiler.select]
    columns = [f"c{number}" for number in range(len(fields))]
    line = " || ',' || ".join(_sqlite_csv(zip(columns, fields, strict=True)))
    with connection.cursor() as cursor:
        cursor.execute(f"WITH r({', '.join(columns)}) AS ({sql}) SELECT {line} || CHAR(10) FROM r", params)
        while lines := cursor.fetchmany(_CHUNK_ROWS):
            file.write("".join([line for (line,) in lines]).encode())


def _sqlite_csv(columns: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """Parts of a line; NULL, which would make the whole line NULL, as nothing.

    columns: (name, field). Neighbours that are no text are one part: half as dear as each by itself.
    """
    for is_text, neighbours in groupby(columns, lambda column: column[1].get_internal_type() in _TEXT_TYPES):
        names = [name for name, _ in neighbours]
        if is_text:
            yield from (f"""IFNULL('"' || REPLACE({name}, '"', '""') || '"', '')""" for name in names)
        else:
            yield f"PRINTF('{','.join(['%%s'] * len(names))}', {', '.join(names)})"
