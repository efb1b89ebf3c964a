"""Keeps Django from making tables where only the store's files are read."""

from typing import Any

COLUMNAR = "columnar"


class ColumnarRouter:
    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if db == COLUMNAR else None
