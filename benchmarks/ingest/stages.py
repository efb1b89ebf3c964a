"""Where the time of an import goes: functions timed, each without those of the others that it calls."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from types import ModuleType
from typing import Any, Self

from django.db import connection

from interactions import dialect, importing
from interactions.ingest import gathering, record, records, writing

Name = str | Callable[..., str]


def _table(using: str, model: type, *_: Any) -> str:
    return f"inserting into {model._meta.verbose_name_plural}"


# Everything else is "the rest": reading the file, transactions, commits.
_STAGES: tuple[tuple[ModuleType | type, str, Name], ...] = (
    (importing, "_parse_line", "reading and checking lines, twice"),
    (record, "build_record", "building records"),
    (records, "mask_pii", "anonymising"),
    (record, "_read_stored", "looking for what is stored"),
    (gathering.Gathering, "add", "merging, computing costs"),
    (writing, "WordIds", "words to ids"),
    (dialect, "insert_rows", _table),
    (record, "link_waiting", "looking for what waits"),
)


class Stages:
    """A context that times the stages of everything inside.

    seconds: {"anonymising": 1.2, ...}, with "the rest"; known when the context is left.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.total_seconds = 0.0
        # Of each stage that is running, what the stages inside have taken.
        self._inner = [0.0]
        self._originals = [getattr(place, name) for place, name, _ in _STAGES]

    def __enter__(self) -> Self:
        for (place, name, stage), original in zip(_STAGES, self._originals, strict=True):
            setattr(place, name, self._timed(original, stage))
        # Opening it is no part of the work.
        connection.ensure_connection()
        self._started = time.perf_counter()
        return self

    def __exit__(self, *error: object) -> None:
        self.total_seconds = time.perf_counter() - self._started
        for (place, name, _), original in zip(_STAGES, self._originals, strict=True):
            setattr(place, name, original)
        self.seconds["the rest: reading the file, transactions"] = self.total_seconds - self._inner[0]

    def _timed(self, original: Callable[..., Any], stage: Name) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            name = stage if isinstance(stage, str) else stage(*args)
            self._inner.append(0.0)
            started = time.perf_counter()
            try:
                return original(*args, **kwargs)
            finally:
                taken = time.perf_counter() - started
                self.seconds[name] += taken - self._inner.pop()
                self._inner[-1] += taken

        return timed
