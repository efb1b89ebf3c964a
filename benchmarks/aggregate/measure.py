"""Asks every competitor every question, in turns, and holds the answers to the yardstick's."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from .competitors import Competitor, Reply, TooSlow
from .question import AggregateQuestion
from .questions import QUESTIONS

# A question that a competitor has worked on for so long is not repeated there...
ENOUGH_SECONDS = 15
# ... and after so long it is given up.
TIMEOUT_SECONDS = 60


@dataclass(kw_only=True)
class Course:
    """What one competitor took for one question; without seconds it was given up."""

    seconds: list[float]
    spent_seconds: float = 0

    @property
    def is_over(self) -> bool:
        return self.spent_seconds > ENOUGH_SECONDS

    @property
    def median_seconds(self) -> float | None:
        return median(self.seconds) if self.seconds else None


class Differs(Exception):
    """An answer is not the yardstick's."""


def measure(competitors: Sequence[Competitor], n_repetitions: int) -> dict[str, dict[str, Any]]:
    """Interleaved question by question, so that what disturbs the machine disturbs all alike.

    competitors: the first is the yardstick, whose answers are right.
    -> {question: {competitor: {"median_seconds": 0.2, "n": 5}}}; None where it was given up.
    """
    return {question.name: _measure_question(question, competitors, n_repetitions) for question in QUESTIONS}


def _measure_question(
    question: AggregateQuestion, competitors: Sequence[Competitor], n_repetitions: int
) -> dict[str, Any]:
    courses = {competitor.name: Course(seconds=[]) for competitor in competitors}
    right: dict[str, Any] | None = None
    # The first round warms up; it counts only where there is no other.
    for number in range(n_repetitions + 1):
        for competitor in competitors:
            course = courses[competitor.name]
            if course.is_over:
                continue
            reply = _ask(competitor, question, course)
            if reply is None:
                continue
            right = reply.answer if right is None else right
            if reply.answer != right:
                raise Differs(f"{competitor.name}: {question.name}: {reply.answer} is not {right}")
            if number == 1:
                course.seconds.clear()
            course.seconds.append(reply.seconds)
    results = {
        name: {"median_seconds": course.median_seconds, "n": len(course.seconds)}
        for name, course in courses.items()
    }
    print(f"{question.name}: {_line(results)}", flush=True)
    return results


def _ask(competitor: Competitor, question: AggregateQuestion, course: Course) -> Reply | None:
    started = time.perf_counter()
    try:
        return competitor.ask(question, TIMEOUT_SECONDS)
    except TooSlow:
        return None
    finally:
        course.spent_seconds += time.perf_counter() - started


def _line(results: dict[str, Any]) -> str:
    return "; ".join(
        f"{name} {result['median_seconds'] * 1000:.0f} ms" if result["n"] else f"{name} given up"
        for name, result in results.items()
    )
