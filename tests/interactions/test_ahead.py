"""The next item is made while one is in use, and nothing else changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from interactions.ingest.ahead import made_ahead

# Only a failing test waits so long.
PATIENCE_SECONDS = 30


@pytest.mark.parametrize("begins", [True, False], ids=["begun ahead", "not begun"])
@pytest.mark.parametrize("n_items", [0, 1, 5])
def test_items_come_in_order(n_items: int, begins: bool):
    got = []
    with made_ahead(range(n_items)) as ahead:
        for item in ahead:
            if begins:
                ahead.begin_next()
                ahead.begin_next()
            got.append(item)

    assert got == list(range(n_items))


def test_the_next_is_made_while_one_is_in_use():
    is_in_use = threading.Event()
    is_made = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        assert is_in_use.wait(PATIENCE_SECONDS)
        is_made.set()
        yield 2

    with made_ahead(items()) as ahead:
        for _ in ahead:
            ahead.begin_next()
            is_in_use.set()
            assert is_made.wait(PATIENCE_SECONDS)


def test_nothing_is_made_before_it_is_told():
    made = []

    def items() -> Iterator[int]:
        for number in range(3):
            made.append(number)
            yield number

    with made_ahead(items()) as ahead:
        assert made == []
        assert next(iter(ahead)) == 0

    assert made == [0]


def test_an_error_is_raised_in_place_of_its_item():
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("no second")

    with made_ahead(items()) as ahead:
        coming = iter(ahead)
        assert next(coming) == 1
        ahead.begin_next()
        with pytest.raises(ValueError, match="no second"):
            next(coming)


def test_leaving_early_waits_for_what_was_begun():
    is_over = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        threading.Event().wait(0.05)
        is_over.set()
        yield 2

    with made_ahead(items()) as ahead:
        next(iter(ahead))
        ahead.begin_next()

    assert is_over.is_set()
