"""Many rows in transactions so short that nobody waits long for one, with rests for those who wait."""

from __future__ import annotations

import time
from collections.abc import Callable

from .transactions import in_project

# What is about nobody in particular, and about everybody.
NOBODY: tuple[str | None, ...] = ()
ANYBODY: tuple[str | None, ...] = (None,)
# What writers wait for a portion, about.
_PORTION_SECONDS = 0.6
_FIRST_PORTION = 250
_MAX_PORTION = 10_000
# A writer that SQLite makes wait looks again after a tenth of a second at the latest.
_REST_SECONDS = 0.11


def in_portions(using: str, project_id: int, act: Callable[[int], int | None]) -> None:
    """Do something to rows of a project portion by portion, beside no other writer to it.

    act: does it to as many rows as it is told, at most, in a transaction. -> to how many; None
        when none is left
    """
    size = _FIRST_PORTION
    started = 0.0

    def work() -> int | None:
        # Not before: it may have waited for others.
        nonlocal started
        started = time.monotonic()
        return act(size)

    while True:
        n_done = in_project(using, project_id, ANYBODY, work, alone=True)
        if n_done is None:
            return
        if n_done < size:
            continue
        # By how long this one took: texts may be short or a megabyte each.
        faster = _PORTION_SECONDS / max(time.monotonic() - started, 0.001)
        size = max(1, min(int(size * min(faster, 2)), _MAX_PORTION))
        rest()


def rest() -> None:
    time.sleep(_REST_SECONDS)
