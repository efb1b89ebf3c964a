"""Makes the folder of a benchmark, as far as it is not there yet."""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.processes import run_module

from .dataset import generate
from .load_postgresql import load_postgresql
from .load_sqlite import load_sqlite
from .stores import Folder


def prepare(folder: Folder, n_interactions: int, only: str | None) -> None:
    """Generate the yardstick's file and load the databases.

    only: "duckdb" for the file alone, or the database to load.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    if not folder.yardstick.exists():
        _timed("duckdb: generated", lambda: generate(folder.yardstick, n_interactions))
    if only in (None, "sqlite"):
        _load_sqlite(folder)
    if only in (None, "postgresql"):
        _load_postgresql(folder)


def _load_sqlite(folder: Folder) -> None:
    folder.sqlite_file.unlink(missing_ok=True)
    run_module("manage", "migrate", "--verbosity=0", environment=folder.stores["sqlite"].environment())
    _timed("sqlite: loaded", lambda: load_sqlite(folder.yardstick, folder.sqlite_file))


def _load_postgresql(folder: Folder) -> None:
    store = folder.stores["postgresql"]
    folder.start_postgresql()
    run_module("manage", "migrate", "--verbosity=0", environment=store.environment())
    _timed("postgresql: loaded", lambda: load_postgresql(folder.yardstick, store.url))


def _timed(done: str, act: Callable[[], None]) -> None:
    started = time.perf_counter()
    act()
    print(f"{done} in {time.perf_counter() - started:.1f} s", flush=True)
