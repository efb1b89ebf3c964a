"""Loads the SQLite file: rows in key order, indexes and triggers afterwards."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import duckdb

from .loading import TABLES, chunks_in_key_order, columns_of, open_yardstick, table_name

# A load that fails is begun anew, so nothing is logged and nothing waits for a disk. The one index
# that is filled at random, of public ids, stays in memory.
_PRAGMAS = (
    "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-2000000; PRAGMA temp_store=MEMORY;"
)
_ROWS_AT_A_TIME = 50_000
# As Django writes them to SQLite; its text of a moment leaves out a fraction of nothing.
_AS_STORED = {
    "TIMESTAMP": "replace(strftime({column}, '%Y-%m-%d %H:%M:%S.%f'), '.000000', '')",
    "UUID": "replace({column}::VARCHAR, '-', '')",
    "BOOLEAN": "{column}::TINYINT",
}


def load_sqlite(yardstick_path: Path, file: Path) -> None:
    """Load a database that is migrated and empty."""
    database = sqlite3.connect(file, isolation_level=None)
    database.executescript(_PRAGMAS)
    dropped = _drop_indexes_and_triggers(database)
    with open_yardstick(yardstick_path) as yardstick:
        for table in TABLES:
            database.execute("BEGIN")
            _copy(yardstick, database, table)
            database.execute("COMMIT")
    for statement in dropped:
        database.execute(statement)
    database.execute("ANALYZE")
    database.execute("PRAGMA journal_mode=WAL")
    database.close()


def _drop_indexes_and_triggers(database: sqlite3.Connection) -> list[str]:
    """-> the statements that make them again."""
    names = ", ".join(f"'{table_name(table)}'" for table in TABLES)
    # Those that a table's own constraints made have no SQL, and stay.
    rows = database.execute(
        "SELECT type, name, sql FROM sqlite_master"
        f" WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND tbl_name IN ({names})"
    ).fetchall()
    for type, name, _ in rows:
        database.execute(f'DROP {type} "{name}"')
    return [statement for *_, statement in rows]


def _copy(yardstick: duckdb.DuckDBPyConnection, database: sqlite3.Connection, table: str) -> None:
    columns = columns_of(yardstick, table)
    expressions = ", ".join(
        _AS_STORED.get(type, "{column}").format(column=name) for name, type in columns.items()
    )
    marks = ", ".join("?" * len(columns))
    insert = f"INSERT INTO {table_name(table)} ({', '.join(columns)}) VALUES ({marks})"
    for select in chunks_in_key_order(yardstick, table, expressions):
        answer = yardstick.execute(select)
        while rows := answer.fetchmany(_ROWS_AT_A_TIME):
            database.executemany(insert, rows)
