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

from .clients import SENDINGS, Sent, send
from .lines import make_lines

IMPORT = "import"
RAW = "raw"
# In this order: the first leaves the rows that the others load.
LOADERS = (IMPORT, RAW, "bulk_create")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one kind of database took.

    loader_seconds: of each of LOADERS. stage_seconds: of the import.
    """

    database: str
    n_rows: int
    loader_seconds: Mapping[str, float]
    stage_seconds: Mapping[str, float]
    sent: Sequence[Sent]


def measure(database_kind: str, n_rows: int) -> Measured:
    """database_kind: of `DATABASES`. n_rows: interactions to import."""
    seconds, stages = {}, {}
    with tempfile.TemporaryDirectory(prefix="ingest-") as folder:
        file, rows = Path(folder) / "lines.ndjson", Path(folder) / "rows"
        with file.open("wb") as lines:
            lines.writelines(
                orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
                for line in islice(make_lines(seed=0), n_rows)
            )
        for way in LOADERS:
            with DATABASES[database_kind]() as database:
                environment = _environment(database.url, Path(folder) / way)
                answer = run_module(
                    "benchmarks.ingest.load", way, str(file), str(rows), environment=environment
                )
                result = json.loads(answer)
                seconds[way] = result["seconds"]
                stages |= result["stages"]
        with DATABASES[database_kind]() as database:
            environment = _environment(database.url, Path(folder) / "server")
            key = run_module("benchmarks.ingest.prepare", environment=environment)
            with serve_web(environment) as server:
                sent = [send(sending, server.port, key) for sending in SENDINGS]
    return Measured(
        database=database.name, n_rows=n_rows, loader_seconds=seconds, stage_seconds=stages, sent=sent
    )


def _environment(url: str, data_dir: Path) -> dict[str, str]:
    return environment_with(
        DJANGO_SETTINGS_MODULE="config.settings", DATABASE_URL=url, DATA_DIR=str(data_dir)
    )
