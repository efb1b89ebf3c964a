"""Loads the PostgreSQL database: CSV by COPY, secondary indexes afterwards."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import psycopg

from .loading import TABLES, chunks_in_key_order, columns_of, open_yardstick, table_name

_BLOCK_BYTES = 1 << 20
_BIG = tuple(map(table_name, ("interaction", "interactionlabel", "conversation")))


def load_postgresql(yardstick_path: Path, url: str) -> None:
    """Load a database that is migrated; whatever it holds is replaced."""
    with psycopg.connect(url) as database, open_yardstick(yardstick_path) as yardstick:
        # Neither triggers nor foreign keys: the rows are consistent.
        database.execute("SET session_replication_role = replica")
        database.execute("SET timezone = 'UTC'")
        restore = _drop_indexes(database)
        # In this transaction, so that the copied rows need no log and are frozen at once.
        database.execute(f"TRUNCATE {table_name('project')} CASCADE")
        for table in TABLES:
            _copy(yardstick, database, table)
        for statement in restore:
            database.execute(statement)
        for table in TABLES:
            if "id" in columns_of(yardstick, table):
                _advance_sequence(database, table_name(table))
        database.commit()
        database.autocommit = True
        database.execute("VACUUM ANALYZE")


def _drop_indexes(database: psycopg.Connection) -> list[str]:
    """-> the statements that make them again.

    The primary keys that others refer to stay; they are filled in their order.
    """
    constraints = database.execute(
        """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid::regclass::text = ANY(%s) AND contype IN ('p', 'u')
            AND conindid NOT IN (SELECT conindid FROM pg_constraint WHERE contype = 'f')
        """,
        [list(_BIG)],
    ).fetchall()
    for table, name, _ in constraints:
        database.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    indexes = database.execute(
        """
        SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
        WHERE indrelid::regclass::text = ANY(%s) AND NOT indisunique
        """,
        [list(_BIG)],
    ).fetchall()
    for name, _ in indexes:
        database.execute(f"DROP INDEX {name}")
    return [
        *(
            f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}'
            for table, name, definition in constraints
        ),
        *(definition for _, definition in indexes),
    ]


def _copy(yardstick: duckdb.DuckDBPyConnection, database: psycopg.Connection, table: str) -> None:
    columns = ", ".join(columns_of(yardstick, table))
    statement = f"COPY {table_name(table)} ({columns}) FROM STDIN WITH (FORMAT csv, FREEZE)"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        for select in chunks_in_key_order(yardstick, table, columns):
            yardstick.execute(f"COPY ({select}) TO '{file}' (FORMAT csv, HEADER false)")
            with database.cursor() as cursor, cursor.copy(statement) as copy, file.open("rb") as rows:
                while block := rows.read(_BLOCK_BYTES):
                    copy.write(block)


def _advance_sequence(database: psycopg.Connection, table: str) -> None:
    database.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
