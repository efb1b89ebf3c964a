"""Work that threads of one process share: while one does theirs, the others wait, and are taken along."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence, Sized
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Piece = TypeVar("Piece", bound=Sized)
Result = TypeVar("Result")


@dataclass(kw_only=True, slots=True, eq=False)
class _Waiting(Generic[Piece, Result]):
    """A thread's piece of work. Taken but without an answer, it has to be done by itself.

    goes_on: set when the thread is to take its turn, or when its piece was taken and is over.
    """

    piece: Piece
    is_taken: bool = False
    answer: Result | None = None
    goes_on: threading.Event = field(default_factory=threading.Event)


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
        # Who came to the front, until their work is over; while there is nobody, nobody is in line.
        self._at_work: _Waiting[Piece, Result] | None = None
        self._changing = threading.Lock()

    def do(self, piece: Piece) -> Result:
        """Do a piece, or have it done by whoever is at work. Raises what `work` raises for it alone."""
        mine: _Waiting[Piece, Result] = _Waiting(piece=piece)
        self._enter(mine)
        try:
            # Each for a sign of their own. When all waited for one lock, who came later often had it first,
            # and who had an answer waited for that work, too: of 32 threads with 8 ms of it, some for 2 s.
            mine.goes_on.wait()
            if not mine.is_taken:
                with self._turn():
                    taken = self._take()
                    if taken == [mine]:
                        return self._alone(piece)
                    self._do_together(taken)
        finally:
            self._leave(mine)
        return self._alone(piece) if mine.answer is None else mine.answer

    def _enter(self, mine: _Waiting[Piece, Result]) -> None:
        with self._changing:
            self._line.append(mine)
            if self._at_work is None:
                self._let_first_work()

    def _leave(self, mine: _Waiting[Piece, Result]) -> None:
        with self._changing:
            if not mine.is_taken:
                self._line.remove(mine)
            if self._at_work is mine:
                self._let_first_work()

    def _let_first_work(self) -> None:
        self._at_work = self._line[0] if self._line else None
        if self._at_work:
            self._at_work.goes_on.set()

    def _take(self) -> list[_Waiting[Piece, Result]]:
        taken: list[_Waiting[Piece, Result]] = []
        size = 0
        with self._changing:
            while self._line:
                size += len(self._line[0].piece)
                if taken and size > self._max_size:
                    break
                taken.append(self._line.popleft())
                taken[-1].is_taken = True
        return taken

    def _do_together(self, taken: Sequence[_Waiting[Piece, Result]]) -> None:
        try:
            # What fails beside others may succeed by itself; if not, the error reaches who is to blame.
            with suppress(Exception):
                results = self._work([each.piece for each in taken])
                for each, result in zip(taken, results, strict=True):
                    each.answer = result
        finally:
            for each in taken:
                each.goes_on.set()

    def _alone(self, piece: Piece) -> Result:
        (result,) = self._work([piece])
        return result
