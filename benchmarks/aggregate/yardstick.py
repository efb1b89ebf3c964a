"""Answers the questions with the yardstick's SQL."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from .loading import open_yardstick
from .question import AggregateQuestion


class Yardstick:
    """DuckDB on its own storage, read only and with as many threads as ours."""

    name = "by hand"

    def __init__(self, path: Path, n_threads: int) -> None:
        self._database: duckdb.DuckDBPyConnection = open_yardstick(path, n_threads)

    def answer(self, question: AggregateQuestion) -> dict[str, Any]:
        """-> the body that the endpoint answers, but for limit and offset."""
        cursor = self._database.execute(question.sql)
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        total = rows[0].get("total", 1) if rows else 0
        return {"total": total, "data": [_without_missing(row) for row in rows]}


def _without_missing(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "total" and value is not None}
