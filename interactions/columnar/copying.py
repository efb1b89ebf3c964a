"""Rows out of the database as text, and into tables of DuckDB's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import islice
from operator import or_
from pathlib import Path

import duckdb
from django.db import connections

from interactions import dialect

from .families import KeptFamily, KeptTable
from .layout import Run
from .router import COLUMNAR

# Each run is a condition of the query; databases limit how many there are.
_RUNS_A_QUERY = 100


def copy_out(
    using: str, family: KeptFamily, project_id: int, runs: Sequence[Run], folder: Path
) -> dict[str, Path]:
    """Write the rows of the runs' buckets as CSV, a file a table: {table: path}.

    Call inside a snapshot, so that tables fit each other and the marks.
    """
    paths = {}
    for table in family.tables:
        paths[table.name] = folder / f"{table.name}.csv"
        with paths[table.name].open("wb") as file:
            waiting = iter(runs)
            while some := list(islice(waiting, _RUNS_A_QUERY)):
                kept = reduce(or_, (family.buckets.within(table.place, *run) for run in some))
                rows = table.rows(project_id).filter(kept).values_list(*table.columns)
                dialect.write_csv(using, rows, file)
    return paths


def copy_in(
    cursor: duckdb.DuckDBPyConnection,
    family: KeptFamily,
    paths: Mapping[str, Path],
    name_of: Callable[[KeptTable], str],
) -> None:
    """Make a table of each file of `copy_out`, with the bucket of every row.

    name_of: what the table is called, database included.
    """
    for table in family.tables:
        source = f"read_csv('{quoted(paths[table.name])}', {_FORMAT}, columns = {_columns(table)}) AS row"
        if table.parent is None:
            bucket = family.buckets.duckdb_sql(f"row.{table.place}")
        else:
            (parent,) = (other for other in family.tables if other.name == table.parent[0])
            bucket = "parent.bucket"
            source += f" JOIN {name_of(parent)} AS parent ON parent.id = row.{table.parent[1]}"
        columns = ", ".join(f"row.{column}" for column in table.columns)
        cursor.execute(
            f"CREATE TABLE {name_of(table)} AS SELECT {columns}, {bucket} AS bucket FROM {source}"
            f" ORDER BY {', '.join(f'row.{column}' for column in table.order)}"
        )


# Nothing between commas is NULL; text in quotes is text, even when there is none. A line is a few
# numbers, and at most two words; room for several of the longest is set aside for each thread.
_FORMAT = (
    "header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', nullstr = '',"
    " allow_quoted_nulls = false, strict_mode = true, max_line_size = 100000"
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
