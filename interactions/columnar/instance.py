"""The process's one DuckDB instance, and the files it has attached.

It holds nothing that lasts: sealed files are attached to it read-only, and rows that are not sealed
are copied into its memory.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from uuid import uuid4

import duckdb
from django.conf import settings

# An attached file costs some open handles and cached pages; a question names a dozen.
_MAX_ATTACHED = 100


class UnreadableFile(Exception):
    """A sealed file is missing or damaged."""

    def __init__(self, path: Path, reason: str):
        self.path = path
        super().__init__(f"{path.name}: {reason}")


class Instance:
    """DuckDB with the limits of the settings. Safe to use from any thread."""

    def __init__(self) -> None:
        store = store_folder()
        self._root = duckdb.connect(
            ":memory:",
            config={
                "threads": settings.COLUMNAR_THREADS,
                "memory_limit": f"{settings.COLUMNAR_MEMORY_MB}MB",
                # Where a question that needs more memory puts what does not fit.
                "temp_directory": str(store / f"spill-{os.getpid()}"),
                "max_temp_directory_size": "20GB",
                # As Django and both databases have it: a division of whole numbers is whole.
                "integer_division": True,
                "preserve_insertion_order": False,
                # It narrows sums by what DuckDB 2.0.1 takes for their bounds, which are too small
                # after some joins: the question then fails.
                "disabled_optimizers": "compressed_materialization",
                # Else a file that was filled in parts has its smaller row groups put together when it is
                # finished, and the space they had stays in it: a third more, of a million in four parts.
                "max_vacuum_tasks": 0,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "python_enable_replacements": False,
            },
        )
        self._lock = threading.Lock()
        # The name under which each file is attached, and how many questions read it now.
        self._names: OrderedDict[Path, str] = OrderedDict()
        self._readers: dict[Path, int] = {}
        self._numbers = count(1)
        # No other instance of the process ever had or gets it.
        self.name = uuid4().hex

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own: temporary views are seen by it alone."""
        return self._root.cursor()

    @contextmanager
    def in_memory_of(self, memory_mb: int) -> Iterator[None]:
        """Inside, what needs more memory spills to disk."""
        self._root.execute(f"SET memory_limit = '{memory_mb}MB'")
        try:
            yield
        finally:
            self._root.execute(f"SET memory_limit = '{settings.COLUMNAR_MEMORY_MB}MB'")

    def next_name(self, kind: str) -> str:
        """A name nothing else in the instance has."""
        return f"{kind}_{next(self._numbers)}"

    @contextmanager
    def attached(self, paths: Sequence[Path]) -> Iterator[dict[Path, str]]:
        """The names of the files' databases, which stay attached while inside.

        Raises UnreadableFile.
        """
        held: list[Path] = []
        try:
            for path in paths:
                self._hold(path)
                held.append(path)
            yield {path: self._names[path] for path in paths}
        finally:
            self._release(held)

    def _hold(self, path: Path) -> None:
        with self._lock:
            if path not in self._names:
                name = self.next_name("file")
                try:
                    quoted = str(path).replace("'", "''")
                    self._root.execute(f"ATTACH '{quoted}' AS {name} (READ_ONLY)")
                except duckdb.Error as error:
                    raise UnreadableFile(path, str(error)) from error
                self._names[path] = name
            self._names.move_to_end(path)
            self._readers[path] = self._readers.get(path, 0) + 1

    def _release(self, paths: Sequence[Path]) -> None:
        with self._lock:
            for path in paths:
                self._readers[path] -= 1
            idle = [path for path in self._names if not self._readers[path]]
            for path in idle[: max(0, len(self._names) - _MAX_ATTACHED)]:
                self._root.execute(f"DETACH {self._names.pop(path)}")
                del self._readers[path]


def store_folder() -> Path:
    """Where sealed files lie; made when missing, for its owner alone like all that is kept."""
    folder = settings.DATA_DIR / "columnar"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


_instance: Instance | None = None
_making = threading.Lock()


def instance() -> Instance:
    """The instance of this process, made when first needed."""
    global _instance
    with _making:
        if _instance is None:
            _instance = Instance()
        return _instance


def forget_instance(broken: Instance | None = None) -> None:
    """Let the next question make a new one: this one has failed, or belongs to the parent process."""
    global _instance
    if broken is None or _instance is broken:
        _instance = None


os.register_at_fork(after_in_child=forget_instance)
