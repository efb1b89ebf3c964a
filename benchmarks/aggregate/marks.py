"""Marks what was loaded as changed, as the triggers would have that the loading passed by."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

import psycopg

from benchmarks.processes import run_module

from .dataset import END
from .loading import open_yardstick
from .stores import Folder, Store

_TABLE = "interactions_dirtymark"
# (project, family, bucket): minutes since the first moment there is, and ids by 1024.
_MARKS = """
SELECT DISTINCT project_id, 1, (epoch_us(started_at) - epoch_us(TIMESTAMP '0001-01-01')) // 60000000
FROM interaction
UNION ALL SELECT DISTINCT project_id, 2, id // 1024 FROM enduser
UNION ALL SELECT DISTINCT project_id, 3, id // 1024 FROM conversation
UNION ALL SELECT DISTINCT project_id, 4, label.id // 1024
FROM label JOIN dimension ON dimension_id = dimension.id
ORDER BY ALL
"""
# The questions' windows end with it.
_MARKS_OF_LAST_HOUR = """
SELECT DISTINCT project_id, 1, (epoch_us(started_at) - epoch_us(TIMESTAMP '0001-01-01')) // 60000000
FROM interaction WHERE started_at >= ? ORDER BY ALL
"""


def mark(folder: Folder, store: Store) -> int:
    """Migrate one database, and mark everything in it -> how many marks."""
    run_module("manage", "migrate", "--verbosity=0", environment=store.environment())
    with open_yardstick(folder.yardstick) as yardstick:
        marks = yardstick.execute(_MARKS).fetchall()
    return _insert(folder, store, marks)


def mark_last_hour(folder: Folder, store: Store) -> int:
    """Mark the minutes of the last hour, as if it were still being recorded -> how many marks."""
    with open_yardstick(folder.yardstick) as yardstick:
        hour = (END - timedelta(hours=1)).replace(tzinfo=None)
        marks = yardstick.execute(_MARKS_OF_LAST_HOUR, [hour]).fetchall()
    return _insert(folder, store, marks)


def _insert(folder: Folder, store: Store, marks: list[tuple]) -> int:
    if store.url:
        _insert_into_postgresql(store.url, marks)
    else:
        _insert_into_sqlite(str(folder.sqlite_file), marks)
    return len(marks)


def _insert_into_postgresql(url: str, marks: list[tuple]) -> None:
    with psycopg.connect(url) as database, database.cursor() as cursor:
        with cursor.copy(f"COPY {_TABLE} (project_id, family, bucket) FROM STDIN") as copy:
            for row in marks:
                copy.write_row(row)
        cursor.execute(f"ANALYZE {_TABLE}")


def _insert_into_sqlite(file: str, marks: list[tuple]) -> None:
    database = sqlite3.connect(file)
    with database:
        database.executemany(
            f"INSERT OR REPLACE INTO {_TABLE} (project_id, family, bucket) VALUES (?, ?, ?)", marks
        )
    database.close()
