"""Numbers and table of a run."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from random import Random
from statistics import median, quantiles

from .measure import BLOCK_SIZE, Blocks, Measurement
from .questions import BARE, FOUNDING, QUESTIONS, Question

N_RESAMPLES = 500


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A median against the bare view's; between `low` and `high` in 95 of 100 runs like this."""

    value: float
    low: float
    high: float


def ratio_to_bare(measurement: Measurement, question: Question) -> Ratio:
    """The ratio of the medians, with a bootstrap interval.

    Whole rounds are drawn again, for both alike: requests of one moment share the machine's mood.
    """
    asked, bare = measurement.blocks[question.name], measurement.blocks[BARE.name]
    random = Random(N_RESAMPLES)
    ratios = []
    for _ in range(N_RESAMPLES):
        drawn = random.choices(range(len(asked)), k=len(asked))
        ratios.append(_median([asked[i] for i in drawn]) / _median([bare[i] for i in drawn]))
    cuts = quantiles(ratios, n=40)
    return Ratio(value=_median(asked) / _median(bare), low=cuts[0], high=cuts[-1])


def _median(blocks: Blocks) -> float:
    return median(chain.from_iterable(blocks))


def describe_machine(measurements: Sequence[Measurement]) -> str:
    """-> "2 CPUs, CPython 3.11.7, Django 5.2.19, ..., SQLite 3.40.1"."""
    packages = (("Django", "Django"), ("DRF", "djangorestframework"), ("gunicorn", "gunicorn"))
    return ", ".join(
        (
            f"{os.cpu_count()} CPUs",
            f"{platform.python_implementation()} {platform.python_version()}",
            *(f"{name} {version(package)}" for name, package in packages),
            *(measurement.database for measurement in measurements),
        )
    )


def make_report(measurements: Sequence[Measurement]) -> str:
    """The Markdown of a run."""
    n_requests = BLOCK_SIZE * len(measurements[0].blocks[BARE.name])
    lines = [
        f"{n_requests:,} requests of each kind; {describe_machine(measurements)}. Milliseconds.",
        "",
        "| database | request | median | p90 | p99 | × bare view (95 % interval) |",
        "|---|---|--:|--:|--:|--:|",
    ]
    return "\n".join([*lines, *chain.from_iterable(map(_table_rows, measurements))])


def _table_rows(measurement: Measurement) -> Iterator[str]:
    for question in QUESTIONS:
        milliseconds = [1000 * seconds for seconds in chain.from_iterable(measurement.blocks[question.name])]
        percentiles = quantiles(milliseconds, n=100)
        numbers = " | ".join(f"{percentiles[p - 1]:.2f}" for p in (50, 90, 99))
        name = f"**{question.name}**" if question is FOUNDING else question.name
        yield f"| {measurement.database} | {name} | {numbers} | {_ratio_cell(measurement, question)} |"


def _ratio_cell(measurement: Measurement, question: Question) -> str:
    if question is BARE:
        return "1"
    ratio = ratio_to_bare(measurement, question)
    return f"{ratio.value:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"
