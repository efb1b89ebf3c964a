"""The tables of a run."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from statistics import quantiles

from .running import Measured
from .taken import Taken


def make_report(measured: Sequence[Measured]) -> str:
    """The Markdown of a run."""
    machine = f"{os.cpu_count()} CPUs, {platform.python_implementation()} {platform.python_version()}"
    databases = ", ".join(each.database for each in measured)
    parts = [
        f"{measured[0].raw.n_interactions:,} interactions imported; {machine}, {databases}.",
        "\n".join(_rates(measured)),
        "Where the time of an import goes in its process, microseconds of CPU an interaction:",
        "\n".join(_stages(measured)),
    ]
    return "\n\n".join(parts)


def _rates(measured: Sequence[Measured]) -> Iterator[str]:
    yield "| database | way in | interactions a second | × raw | CPU, µs each | p50, ms | p99, ms |"
    yield "| --- | --- | --: | --: | --: | --: | --: |"
    for each in measured:
        for way in each.ways:
            cpu_us = 1e6 * way.cpu_seconds / way.n_interactions
            cells = [
                each.database,
                way.name,
                f"{way.rate:,.0f}",
                f"{way.rate / each.raw.rate:.2f}",
                f"{cpu_us:,.0f}",
            ]
            yield f"| {' | '.join([*cells, *_times(way)])} |"


def _times(way: Taken) -> tuple[str, str]:
    """The median of the requests, and what one in a hundred took longer than."""
    if not way.request_seconds:
        return "", ""
    cuts = quantiles([1000 * seconds for seconds in way.request_seconds], n=100, method="inclusive")
    return f"{cuts[49]:.1f}", f"{cuts[98]:.1f}"


def _stages(measured: Sequence[Measured]) -> Iterator[str]:
    yield f"| stage | {' | '.join(each.database for each in measured)} |"
    yield f"| --- |{' --: |' * len(measured)}"
    first = measured[0].stage_seconds
    for stage in sorted(first, key=first.__getitem__, reverse=True):
        cells = [f"{1e6 * each.stage_seconds[stage] / each.raw.n_interactions:.0f}" for each in measured]
        yield f"| {stage} | {' | '.join(cells)} |"
