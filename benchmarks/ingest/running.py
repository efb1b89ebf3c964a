"""One run: every way in, on a new database each."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import orjson

from benchmarks.overhead.server import DATABASES
from benchmarks.processes import environment_with, run_module, serve_web

from .clients import SENDINGS, send
from .lines import make_lines
from .taken import Taken

# What `load.py` calls a way, and what it does, in this order: the first leaves the rows that the others load.
_RAW = "raw"
_LOADERS = {
    "import": "import of a file",
    _RAW: "the same rows, by COPY or executemany",
    "bulk_create": "the same rows, by `bulk_create`",
}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one kind of database took.

    raw: of the ways, the one that others are compared with. stage_seconds: of the import, in its process.
    """

    database: str
    ways: Sequence[Taken]
    raw: Taken
    stage_seconds: Mapping[str, float]


def measure(database_kind: str, n_rows: int) -> Measured:
    """database_kind: of `DATABASES`. n_rows: interactions to import."""
    loaded: dict[str, Taken] = {}
    stage_seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="ingest-") as folder:
        file, rows = Path(folder) / "lines.ndjson", Path(folder) / "rows"
        with file.open("wb") as lines:
            lines.writelines(
                orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
                for line in islice(make_lines(seed=0), n_rows)
            )
        for way, name in _LOADERS.items():
            with DATABASES[database_kind]() as database:
                environment = _environment(database.url, Path(folder) / way)
                answer = run_module(
                    "benchmarks.ingest.load", way, str(file), str(rows), environment=environment
                )
                result = json.loads(answer)
                stage_seconds |= result.pop("stage_seconds")
                loaded[way] = Taken(name=name, n_interactions=n_rows, **result)
        with DATABASES[database_kind]() as database:
            environment = _environment(database.url, Path(folder) / "server")
            key = run_module("benchmarks.ingest.prepare", environment=environment)
            with serve_web(environment) as server:
                sent = [send(sending, server, key) for sending in SENDINGS]
    return Measured(
        database=database.name,
        ways=[*loaded.values(), *sent],
        raw=loaded[_RAW],
        stage_seconds=stage_seconds,
    )


def _environment(url: str, data_dir: Path) -> dict[str, str]:
    return environment_with(
        DJANGO_SETTINGS_MODULE="config.settings", DATABASE_URL=url, DATA_DIR=str(data_dir)
    )
