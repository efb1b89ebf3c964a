"""Rows out of the database as text, and at the same time into tables of DuckDB's."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import reduce
from itertools import islice
from operator import or_
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
from django.db import connections
from django.db.models import OuterRef

from interactions import dialect

from .families import KeptFamily, KeptTable
from .layout import Run
from .router import COLUMNAR

# For what the database finds while DuckDB does something else: the usual 64 kB cost a fifth of the time.
_PIPE_BYTES = 1 << 20
_NO_TURNS = nullcontext()
# Each run is a condition of the query; databases limit how many there are.
_RUNS_A_QUERY = 100


def make_tables(
    family: KeptFamily, cursor: duckdb.DuckDBPyConnection, name_of: Callable[[KeptTable], str]
) -> None:
    """Make tables without rows for `copy_rows`. name_of: what a table is called, database included."""
    for table in family.tables:
        columns = [f"{column} {column_type(table, column)}" for column in table.columns]
        cursor.execute(f"CREATE TABLE {name_of(table)} ({', '.join(columns)}, bucket bigint)")


def copy_rows(
    using: str,
    family: KeptFamily,
    project_id: int,
    runs: Sequence[Run],
    cursor: duckdb.DuckDBPyConnection,
    name_of: Callable[[KeptTable], str],
    turn: AbstractContextManager[Any] = _NO_TURNS,
) -> None:
    """Copy the rows of the runs' buckets into tables, with the bucket of every row.

    Call inside a snapshot, so that tables fit each other and the marks. What fails leaves some rows behind.
    turn: `turn_to_read`, the same for all threads that copy; held while the database is read.
    """
    with ThreadPoolExecutor(max_workers=len(family.tables)) as beside:
        with turn:
            # DuckDB reads and sorts what came while the database finds more, of a table or of the next.
            inserted = [
                _copy_table(using, family, table, project_id, runs, cursor, name_of(table), beside)
                for table in family.tables
            ]
        for each in inserted:
            each.result()


def _copy_table(
    using: str,
    family: KeptFamily,
    table: KeptTable,
    project_id: int,
    runs: Sequence[Run],
    cursor: duckdb.DuckDBPyConnection,
    name: str,
    beside: ThreadPoolExecutor,
) -> Future[None]:
    """Write the rows of one table to DuckDB, which may still be sorting them afterwards."""
    read_end, write_end = _pipe()
    statement = f"INSERT INTO {name} {_select(family, table, f'/dev/fd/{read_end}')}"
    inserted = beside.submit(_insert, cursor.cursor(), statement, read_end)
    try:
        with os.fdopen(write_end, "wb") as file:
            _write_rows(using, family, table, project_id, runs, file)
    except BrokenPipeError:
        # DuckDB reads no more, and says why.
        inserted.result()
        raise
    return inserted


def _pipe() -> tuple[int, int]:
    """-> the end to read from, and the end to write to"""
    read_end, write_end = os.pipe()
    # Only Linux has it. Who has too many pipes is refused, and has a smaller one.
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):
            fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return read_end, write_end


def _write_rows(
    using: str, family: KeptFamily, table: KeptTable, project_id: int, runs: Sequence[Run], file: BinaryIO
) -> None:
    found, columns = table, table.columns
    if table.parent is not None:
        found = family.parent_of(table)
        own = table.model.objects.filter(**{table.parent[1]: OuterRef("pk")}).order_by()
        columns = ("pk", found.place, dialect.ListedNumbers(own.values_list(*table.listed)))
    waiting = iter(runs)
    while some := list(islice(waiting, _RUNS_A_QUERY)):
        kept = reduce(or_, (family.buckets.within(found.place, *run) for run in some))
        rows = found.rows(project_id).filter(kept).values_list(*columns)
        dialect.write_csv(using, rows, file)


def _insert(cursor: duckdb.DuckDBPyConnection, statement: str, read_end: int) -> None:
    try:
        cursor.execute(statement)
    finally:
        # Whoever still writes is told that nobody reads.
        os.close(read_end)
        cursor.close()


def _select(family: KeptFamily, table: KeptTable, source: str) -> str:
    rows = _rows_of_own_line(family, table, source)
    if table.parent is not None:
        rows = _rows_of_parents_lines(family, table, source)
    return f"SELECT {', '.join(table.columns)}, bucket FROM ({rows}) ORDER BY {', '.join(table.order)}"


def _rows_of_own_line(family: KeptFamily, table: KeptTable, source: str) -> str:
    columns = {column: column_type(table, column) for column in table.columns}
    bucket = family.buckets.duckdb_sql(table.place)
    return f"SELECT *, {bucket} AS bucket FROM {_lines(source, columns)}"


def _rows_of_parents_lines(family: KeptFamily, table: KeptTable, source: str) -> str:
    """From the parent's id and place, and all numbers of its rows in one text.

    A line each would take both databases and Python longer, and a join to know the bucket.
    """
    parent = family.parent_of(table)
    columns = {"pk": "bigint", "place": column_type(parent, parent.place), "numbers": "varchar"}
    lists = (
        f"unnest(numbers[{number}:-:{len(table.listed)}])::{column_type(table, column)} AS {column}"
        for number, column in enumerate(table.listed, start=1)
    )
    bucket = family.buckets.duckdb_sql("place")
    split = f"SELECT pk, {bucket} AS bucket, string_split(numbers, ' ') AS numbers"
    return (
        f"SELECT pk AS {table.parent[1]}, bucket, {', '.join(lists)}"
        f" FROM ({split} FROM {_lines(source, columns)})"
    )


def _lines(source: str, columns: Mapping[str, str]) -> str:
    types = ", ".join(f"'{column}': '{type}'" for column, type in columns.items())
    return f"read_csv('{source}', {_FORMAT}, columns = {{{types}}})"


# Nothing between commas is NULL; text in quotes is text, even when there is none. A line is a few
# numbers, and at most two words or the numbers of all labels of an interaction: room for many thousands.
_MAX_LINE_BYTES = 1_000_000
# What DuckDB reads at once, for each thread: at least one of the longest lines. Sealing 400,000 interactions
# took 40 MB more, and no less time, with the 32 MB that it chooses by itself.
_BUFFER_BYTES = 2 * _MAX_LINE_BYTES
_FORMAT = (
    "header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', nullstr = '',"
    " allow_quoted_nulls = false, strict_mode = true,"
    f" max_line_size = {_MAX_LINE_BYTES}, buffer_size = {_BUFFER_BYTES}"
)


def column_type(table: KeptTable, column: str) -> str:
    """DuckDB's type of a kept column."""
    field = table.model._meta.get_field(column)
    connection = connections[COLUMNAR]
    return field.rel_db_type(connection) if field.primary_key else field.db_type(connection)


def outside(runs: Sequence[Run]) -> list[str]:
    """SQL conditions that together leave out the rows of the runs' buckets."""
    single = [str(first) for first, end in runs if end == first + 1]
    conditions = [f"NOT (bucket >= {first} AND bucket < {end})" for first, end in runs if end > first + 1]
    return [f"bucket NOT IN ({', '.join(single)})", *conditions] if single else conditions


def quoted(path: Path) -> str:
    """A path inside a text of SQL."""
    return str(path).replace("'", "''")
