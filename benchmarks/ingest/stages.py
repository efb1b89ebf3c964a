"""Where the time of an import goes: functions timed, each without those of the others that it calls."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from types import ModuleType
from typing import Any

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
    """seconds: the processor's in all threads, {"anonymising": 1.2, ...}, with "the rest"."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._running = _Running()

    def during(self, work: Callable[[], object]) -> None:
        """Do the work and time its stages."""
        originals = [getattr(place, name) for place, name, _ in _STAGES]
        for (place, name, stage), original in zip(_STAGES, originals, strict=True):
            setattr(place, name, self._timed(original, stage))
        started = time.process_time()
        try:
            work()
        finally:
            taken = time.process_time() - started
            for (place, name, _), original in zip(_STAGES, originals, strict=True):
                setattr(place, name, original)
        self.seconds["the rest: reading the file, transactions"] = taken - sum(self.seconds.values())

    def _timed(self, original: Callable[..., Any], stage: Name) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            name = stage if isinstance(stage, str) else stage(*args)
            inner = self._running.inner
            inner.append(0.0)
            started = time.thread_time()
            try:
                return original(*args, **kwargs)
            finally:
                taken = time.thread_time() - started
                self.seconds[name] += taken - inner.pop()
                inner[-1] += taken

        return timed


class _Running(threading.local):
    """Of each stage that runs in a thread, what the stages inside have taken."""

    def __init__(self) -> None:
        self.inner = [0.0]
