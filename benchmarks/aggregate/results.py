"""What was measured in a folder, kept as JSON beside the databases."""

from __future__ import annotations

from typing import Any

import orjson

from .stores import Folder

_FILE = "results.json"


def read_results(folder: Folder) -> dict[str, Any]:
    """-> {"n_interactions": 10000000, "questions": {...}, "crowds": {...}, "sizes": {...}, ...}"""
    file = folder.path / _FILE
    return orjson.loads(file.read_bytes()) if file.exists() else {}


def keep_results(folder: Folder, **sections: Any) -> None:
    """Replace whole sections; the others stay."""
    results = read_results(folder) | sections
    (folder.path / _FILE).write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2))
