"""Work that threads share: done once for all who wait, and each gets what is theirs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.test.utils import CaptureQueriesContext

from interactions import dialect
from interactions.dialect import turn_to_write
from interactions.ingest import IngestResult, Outcome, parse_interaction, record_interactions
from interactions.ingest.record import _shared_work
from interactions.ingest.sharing import SharedWork
from interactions.models import Project
from tests.storage import stored

MAX_SIZE = 5
# Long enough for a slow machine; only a failing test waits so long.
PATIENCE_SECONDS = 30


class Lengths:
    """Shared work that measures texts, fails for "bad" ones, and can be made to wait."""

    def __init__(self) -> None:
        self.done: list[list[str]] = []
        self.may_begin = threading.Event()
        self.waits = threading.Event()
        self.shared: SharedWork[str, int] = SharedWork(self._work, turn=self._turn, max_size=MAX_SIZE)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self.waits.set()
        assert self.may_begin.wait(PATIENCE_SECONDS)
        yield

    def _work(self, texts: Sequence[str]) -> list[int]:
        self.done.append(list(texts))
        if any(text.startswith("bad") for text in texts):
            raise ValueError(f"no: {', '.join(texts)}")
        return [len(text) for text in texts]

    def at_once(self, *texts: str) -> list[Future[int]]:
        """Send texts in this order, all of them while the first waits for its turn."""
        with ThreadPoolExecutor(len(texts)) as threads:
            sent = []
            for number, text in enumerate(texts, 1):
                sent.append(threads.submit(self.shared.do, text))
                wait_until(lambda expected=number: len(self.shared._line) == expected)
            assert self.waits.wait(PATIENCE_SECONDS)
            self.may_begin.set()
        return sent


def wait_until(is_so: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(PATIENCE_SECONDS * 1000):
        if is_so():
            return
        pause.wait(0.001)
    raise AssertionError("it never came to be")


def test_who_waits_is_taken_along_in_order():
    lengths = Lengths()

    results = lengths.at_once("a", "bb", "cc")

    assert [result.result() for result in results] == [1, 2, 2]
    assert lengths.done == [["a", "bb", "cc"]]


def test_no_more_is_done_at_once_than_is_allowed():
    lengths = Lengths()

    results = lengths.at_once("aaa", "bb", "c", "dddddd", "e")

    assert [result.result() for result in results] == [3, 2, 1, 6, 1]
    assert lengths.done == [["aaa", "bb"], ["c"], ["dddddd"], ["e"]]


def test_a_failure_reaches_only_those_who_are_to_blame():
    lengths = Lengths()

    first, bad, last = lengths.at_once("a", "bad", "b")

    assert (first.result(), last.result()) == (1, 1)
    with pytest.raises(ValueError, match=r"^no: bad$"):
        bad.result()
    assert lengths.done[0] == ["a", "bad", "b"]


def test_a_failure_alone_is_not_tried_again():
    lengths = Lengths()

    (bad,) = lengths.at_once("bad")

    with pytest.raises(ValueError, match=r"^no: bad$"):
        bad.result()
    assert lengths.done == [["bad"]]


def test_who_gets_no_turn_leaves_the_line():
    @contextmanager
    def no_turn() -> Iterator[None]:
        raise OSError("no turn")
        yield

    shared: SharedWork[str, str] = SharedWork(list, turn=no_turn, max_size=MAX_SIZE)
    with pytest.raises(OSError, match="no turn"):
        shared.do("a")

    assert not shared._line


def test_who_gets_no_turn_is_in_nobodys_way():
    may_fail = threading.Event()
    failing = iter([may_fail])

    @contextmanager
    def turn() -> Iterator[None]:
        for first in failing:
            assert first.wait(PATIENCE_SECONDS)
            raise OSError("no turn")
        yield

    shared: SharedWork[str, str] = SharedWork(list, turn=turn, max_size=MAX_SIZE)
    with ThreadPoolExecutor(3) as threads:
        sent = []
        for number, text in enumerate("abc", 1):
            sent.append(threads.submit(shared.do, text))
            wait_until(lambda expected=number: len(shared._line) == expected)
        may_fail.set()

    first, *others = sent
    with pytest.raises(OSError, match="no turn"):
        first.result()
    assert [other.result() for other in others] == ["b", "c"]


def test_who_has_an_answer_does_not_wait_for_who_came_later():
    may_begin, may_end = threading.Event(), threading.Event()

    @contextmanager
    def turn() -> Iterator[None]:
        assert may_begin.wait(PATIENCE_SECONDS)
        yield

    def work(texts: Sequence[str]) -> Sequence[str]:
        if "late" in texts:
            assert may_end.wait(PATIENCE_SECONDS)
        return texts

    shared: SharedWork[str, str] = SharedWork(work, turn=turn, max_size=MAX_SIZE)
    with ThreadPoolExecutor(MAX_SIZE) as threads:
        first = threads.submit(lambda: [shared.do("first"), shared.do("late")])
        wait_until(lambda: len(shared._line) == 1)
        others = [threads.submit(shared.do, text) for text in "abcd"]
        wait_until(lambda: len(shared._line) == MAX_SIZE)
        may_begin.set()
        try:
            assert [other.result(PATIENCE_SECONDS) for other in others] == list("abcd")
        finally:
            may_end.set()

    assert first.result() == ["first", "late"]


# Recording

N_SENDERS = 6


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="shop")


def line(number: int) -> dict[str, Any]:
    return {
        "end_user": f"user {number % 2}",
        "time_start": "2024-05-27T10:00:00Z",
        "time_end": "2024-05-27T10:00:01Z",
        "input": str(number),
        "output": "x",
        "tags": {"plan": f"plan {number}"},
    }


@contextmanager
def nobody_writes(project: Project) -> Iterator[None]:
    """Keep writers to the project waiting."""
    with turn_to_write(DEFAULT_DB_ALIAS), transaction.atomic():
        dialect.enter_project(DEFAULT_DB_ALIAS, project.pk, alone=True)
        yield


def record_at_once(project: Project, *batches: Sequence[dict[str, Any]]) -> list[tuple[IngestResult, int]]:
    """Record batches while nobody may write, a thread each. -> the results, and the number of statements"""

    def record(batch: Sequence[dict[str, Any]]) -> tuple[IngestResult, int]:
        try:
            with CaptureQueriesContext(connection) as queries:
                recorded = record_interactions(project, [parse_interaction(one) for one in batch])
            return recorded, len(queries)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(batches)) as threads:
        with nobody_writes(project):
            sent = [threads.submit(record, batch) for batch in batches]
            # On PostgreSQL the first has begun by then, and waits inside.
            line = _shared_work(DEFAULT_DB_ALIAS, project.pk)._line
            wait_until(lambda: len(line) >= len(batches) - 1)
        return [one.result() for one in sent]


@pytest.mark.django_db(transaction=True)
def test_senders_at_a_time_share_transactions(project: Project):
    results = record_at_once(project, *([line(number)] for number in range(N_SENDERS)))

    assert [recorded.outcomes for recorded, _ in results] == [[Outcome.STORED]] * N_SENDERS
    assert {one["input"]: one["id"] for one in stored(project)} == {
        str(number): recorded.ids[0] for number, (recorded, _) in enumerate(results)
    }
    assert sum(n_statements > 0 for _, n_statements in results) <= 2


@pytest.mark.django_db(transaction=True)
def test_each_sender_is_told_of_theirs(project: Project):
    batches = [[line(1), line(2)], [line(2), line(3), line(3)], [line(4)]]

    results = record_at_once(project, *batches)

    ids = {one["input"]: one["id"] for one in stored(project)}
    assert [recorded.ids for recorded, _ in results] == [[ids[one["input"]] for one in b] for b in batches]
    outcomes = [outcome for recorded, _ in results for outcome in recorded.outcomes]
    assert outcomes.count(Outcome.STORED) == len(ids) == 4
