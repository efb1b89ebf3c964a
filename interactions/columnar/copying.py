"""Rows out of the database as text, and at the same time into tables of DuckDB's."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from itertools import islice
from operator import or_
from pathlib import Path
from typing import BinaryIO

import duckdb
from django.db import connections

from interactions import dialect

from .families import KeptFamily, KeptTable
from .layout import Run
from .router import COLUMNAR

# Each run is a condition of the query; databases limit how many there are.
_RUNS_A_QUERY = 100


def copy_rows(
    using: str,
    family: KeptFamily,
    project_id: int,
    runs: Sequence[Run],
    cursor: duckdb.DuckDBPyConnection,
    name_of: Callable[[KeptTable], str],
) -> None:
    """Make tables of the rows of the runs' buckets, with the bucket of every row.

    Call inside a snapshot, so that tables fit each other and the marks. What fails leaves tables behind.
    name_of: what a table is called, database included.
    """
    for table in family.tables:
        # DuckDB reads and sorts what came while the database finds more: neither waits for Python.
        read_end, write_end = os.pipe()
        make = _make_statement(family, table, f"/dev/fd/{read_end}", name_of)
        with ThreadPoolExecutor(max_workers=1) as beside:
            made = beside.submit(_make, cursor, make, read_end)
            try:
                with os.fdopen(write_end, "wb") as file:
                    _write_rows(using, family, table, project_id, runs, file)
            except BrokenPipeError:
                # DuckDB reads no more, and says why.
                made.result()
                raise
            made.result()


def _write_rows(
    using: str, family: KeptFamily, table: KeptTable, project_id: int, runs: Sequence[Run], file: BinaryIO
) -> None:
    waiting = iter(runs)
    while some := list(islice(waiting, _RUNS_A_QUERY)):
        kept = reduce(or_, (family.buckets.within(table.place, *run) for run in some))
        rows = table.rows(project_id).filter(kept).values_list(*table.columns)
        dialect.write_csv(using, rows, file)


def _make(cursor: duckdb.DuckDBPyConnection, statement: str, read_end: int) -> None:
    try:
        cursor.execute(statement)
    finally:
        # Whoever still writes is told that nobody reads.
        os.close(read_end)


def _make_statement(
    family: KeptFamily, table: KeptTable, source: str, name_of: Callable[[KeptTable], str]
) -> str:
    rows = f"read_csv('{source}', {_FORMAT}, columns = {_columns(table)}) AS row"
    if table.parent is None:
        bucket = family.buckets.duckdb_sql(f"row.{table.place}")
    else:
        (parent,) = (other for other in family.tables if other.name == table.parent[0])
        bucket = "parent.bucket"
        rows += f" JOIN {name_of(parent)} AS parent ON parent.id = row.{table.parent[1]}"
    columns = ", ".join(f"row.{column}" for column in table.columns)
    return (
        f"CREATE TABLE {name_of(table)} AS SELECT {columns}, {bucket} AS bucket FROM {rows}"
        f" ORDER BY {', '.join(f'row.{column}' for column in table.order)}"
    )


# Nothing between commas is NULL; text in quotes is text, even when there is none. A line is a few
# numbers, and at most two words.
_MAX_LINE_BYTES = 100_000
# What DuckDB reads at once, for each thread: several of the longest lines. Sealing 400,000 interactions
# took 40 MB more, and no less time, with the 32 MB that it chooses by itself.
_BUFFER_BYTES = 16 * _MAX_LINE_BYTES
_FORMAT = (
    "header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', nullstr = '',"
    " allow_quoted_nulls = false, strict_mode = true,"
    f" max_line_size = {_MAX_LINE_BYTES}, buffer_size = {_BUFFER_BYTES}"
)


def _columns(table: KeptTable) -> str:
    types = ", ".join(f"'{column}': '{column_type(table, column)}'" for column in table.columns)
    return f"{{{types}}}"


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
