"""Work that is done before it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")

_END: Any = object()


class MadeAhead(Generic[Item]):
    """Items, the next of which another thread begins to make when it is told to."""

    def __init__(self, items: Iterable[Item], beside: ThreadPoolExecutor):
        self._items = iter(items)
        self._beside = beside
        self._next: Future[Item] | None = None

    def begin_next(self) -> None:
        """Begin to make the next item, unless that was begun."""
        if self._next is None:
            self._next = self._beside.submit(next, self._items, _END)

    def __iter__(self) -> Iterator[Item]:
        """Raises what went wrong in making an item in its place."""
        while True:
            self.begin_next()
            item = self._next.result()
            self._next = None
            if item is _END:
                return
            yield item


@contextmanager
def made_ahead(items: Iterable[Item]) -> Iterator[MadeAhead[Item]]:
    """Let the next item be made while one is in use; ends when nothing is being made any more."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        yield MadeAhead(items, beside)
