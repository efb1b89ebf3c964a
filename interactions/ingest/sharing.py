"""Work that threads of one process share: while one does theirs, the others wait, and are taken along."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence, Sized
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

Piece = TypeVar("Piece", bound=Sized)
Result = TypeVar("Result")


@dataclass(kw_only=True, slots=True, eq=False)
class _Waiting(Generic[Piece, Result]):
    """A thread's piece of work. Taken but without an answer, it has to be done by itself."""

    piece: Piece
    is_taken: bool = False
    answer: Result | None = None


class SharedWork(Generic[Piece, Result]):
    """Pieces of work of which many together cost little more than one.

    work: does pieces, in the order in which they came, all or nothing; -> a result for each, not None.
    turn: what is waited for before it is done; who comes until then is taken along.
    max_size: of all the pieces done at once; a larger one is done by itself.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Piece]], Sequence[Result]],
        *,
        turn: Callable[[], AbstractContextManager[None]],
        max_size: int,
    ):
        self._work = work
        self._turn = turn
        self._max_size = max_size
        self._line: deque[_Waiting[Piece, Result]] = deque()
        self._is_working = threading.Lock()

    def do(self, piece: Piece) -> Result:
        """Do a piece, or have it done by whoever is at work. Raises what `work` raises for it alone."""
        mine: _Waiting[Piece, Result] = _Waiting(piece=piece)
        self._line.append(mine)
        with self._is_working:
            try:
                while not mine.is_taken:
                    with self._turn():
                        taken = self._take()
                        if taken == [mine]:
                            return self._alone(piece)
                        self._do_together(taken)
            finally:
                if not mine.is_taken:
                    self._line.remove(mine)
        return self._alone(piece) if mine.answer is None else mine.answer

    def _take(self) -> list[_Waiting[Piece, Result]]:
        taken: list[_Waiting[Piece, Result]] = []
        size = 0
        while self._line:
            size += len(self._line[0].piece)
            if taken and size > self._max_size:
                break
            taken.append(self._line.popleft())
            taken[-1].is_taken = True
        return taken

    def _do_together(self, taken: Sequence[_Waiting[Piece, Result]]) -> None:
        # What fails beside others may succeed by itself; if not, the error reaches who is to blame.
        with suppress(Exception):
            results = self._work([each.piece for each in taken])
            for each, result in zip(taken, results, strict=True):
                each.answer = result

    def _alone(self, piece: Piece) -> Result:
        (result,) = self._work([piece])
        return result
