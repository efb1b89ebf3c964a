"""Fills our databases with the yardstick's rows, past the ORM and faster than it could."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb

# In the order of their foreign keys.
TABLES = ("project", "dimension", "label", "enduser", "conversation", "interaction", "interactionlabel")
# Interactions whose rows are in memory at a time.
_CHUNK = 250_000


def table_name(table: str) -> str:
    """The name of a table of the yardstick in our databases."""
    return f"interactions_{table}"


def open_yardstick(path: Path, n_threads: int = 2) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(path, read_only=True, config={"threads": n_threads})


def columns_of(yardstick: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """-> {"id": "BIGINT", "started_at": "TIMESTAMP", ...}"""
    rows = yardstick.execute(f"SELECT column_name, column_type FROM (DESCRIBE {table})").fetchall()
    return {name: str(type) for name, type in rows}


def chunks_in_key_order(yardstick: duckdb.DuckDBPyConnection, table: str, expressions: str) -> Iterator[str]:
    """SELECTs of `expressions` that together give every row of the table, by primary key."""
    key = "interaction_id" if table == "interactionlabel" else "id"
    order = "interaction_id, dimension_id, label_id" if table == "interactionlabel" else "id"
    (last,) = yardstick.execute(f"SELECT max({key}) FROM {table}").fetchone()
    for first in range(0, last + 1, _CHUNK):
        yield (
            f"SELECT {expressions} FROM {table}"
            f" WHERE {key} >= {first} AND {key} < {first + _CHUNK} ORDER BY {order}"
        )
