"""The tables of a run."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from statistics import quantiles

from .running import LOADERS, RAW, Measured

_NAMES = {
    "import": "import of a file",
    "raw": "the same rows, by COPY or executemany",
    "bulk_create": "the same rows, by `bulk_create`",
}


def make_report(measured: Sequence[Measured]) -> str:
    """The Markdown of a run."""
    machine = f"{os.cpu_count()} CPUs, {platform.python_implementation()} {platform.python_version()}"
    databases = ", ".join(each.database for each in measured)
    parts = [
        f"{measured[0].n_rows:,} interactions imported; {machine}, {databases}.",
        "\n".join(_rates(measured)),
        "Where the time of an import goes, microseconds an interaction:",
        "\n".join(_stages(measured)),
    ]
    return "\n\n".join(parts)


def _rates(measured: Sequence[Measured]) -> Iterator[str]:
    yield "| database | way in | interactions a second | × raw | p50, ms | p99, ms |"
    yield "| --- | --- | --: | --: | --: | --: |"
    for each in measured:
        raw = each.n_rows / each.loader_seconds[RAW]
        for loader in LOADERS:
            rate = each.n_rows / each.loader_seconds[loader]
            yield f"| {each.database} | {_NAMES[loader]} | {rate:,.0f} | {rate / raw:.2f} | | |"
        for sent in each.sent:
            rate = sent.n_interactions / sent.seconds
            cuts = quantiles([1000 * seconds for seconds in sent.request_seconds], n=100, method="inclusive")
            yield (
                f"| {each.database} | {sent.name} | {rate:,.0f} | {rate / raw:.2f}"
                f" | {cuts[49]:.1f} | {cuts[98]:.1f} |"
            )


def _stages(measured: Sequence[Measured]) -> Iterator[str]:
    yield f"| stage | {' | '.join(each.database for each in measured)} |"
    yield f"| --- |{' --: |' * len(measured)}"
    first = measured[0].stage_seconds
    for stage in sorted(first, key=first.__getitem__, reverse=True):
        cells = [f"{each.stage_seconds[stage] / each.n_rows * 1e6:.0f}" for each in measured]
        yield f"| {stage} | {' | '.join(cells)} |"
