"""The subcommands that measure: each keeps its section of the folder's results."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from benchmarks.processes import run_module

from .competitors import Competitor, in_process, over_http, yardstick
from .crowd import measure_crowds
from .loading import open_yardstick
from .measure import measure
from .resources import pss_bytes, sizes_on_disk
from .results import keep_results, read_results
from .stores import Folder


def run_yardstick(folder: Folder, n_repetitions: int) -> None:
    """The yardstick alone; nothing is kept, because only times of one run can be compared."""
    competitor = yardstick(folder)
    try:
        measure([competitor], n_repetitions)
    finally:
        competitor.close()


def run_questions(
    folder: Folder, stores: Sequence[str], engines: Sequence[str], n_repetitions: int, *, http: bool
) -> None:
    """All questions, in process and over HTTP, all competitors in one run; it replaces an earlier one."""
    with ExitStack() as stack:
        competitors: list[Competitor] = [yardstick(folder)]
        servers = []
        for name in stores:
            stack.enter_context(folder.stores[name].unsealed())
            for engine in engines:
                competitors.append(in_process(folder, folder.stores[name], engine))
                if http:
                    servers.append(stack.enter_context(over_http(folder.stores[name], engine)))
        for competitor in competitors:
            stack.callback(competitor.close)
        questions = measure([*competitors, *servers], n_repetitions)
        memory = {server.name: pss_bytes(server.server.process_id) for server in servers}
    keep_results(
        folder,
        n_interactions=_count_interactions(folder),
        questions=questions,
        pss_bytes=memory,
        sizes=sizes_on_disk(folder),
    )


def run_crowds(folder: Folder, stores: Sequence[str], engines: Sequence[str], seconds: float) -> None:
    crowds: dict[str, Any] = read_results(folder).get("crowds", {})
    for name in stores:
        for engine in engines:
            with folder.stores[name].unsealed(), over_http(folder.stores[name], engine) as server:
                crowds[f"{name}, {engine}"] = measure_crowds(server, seconds)
                print(f"{server.name}: {crowds[f'{name}, {engine}']}", flush=True)
    keep_results(folder, crowds=crowds)


def run_sealing(folder: Folder, stores: Sequence[str]) -> None:
    """Seal everything that is marked, and keep how long it took."""
    n_interactions = _count_interactions(folder)
    sealing = read_results(folder).get("sealing", {})
    for name in stores:
        started = time.perf_counter()
        run_module("manage", "seal", environment=folder.stores[name].environment())
        seconds = time.perf_counter() - started
        sealing[name] = {"seconds": seconds, "interactions_per_second": n_interactions / seconds}
        print(f"{name}: sealed in {seconds:.1f} s, {n_interactions / seconds:,.0f} interactions a second")
    keep_results(folder, sealing=sealing, sizes=sizes_on_disk(folder))


def _count_interactions(folder: Folder) -> int:
    with open_yardstick(folder.yardstick) as database:
        (count,) = database.execute("SELECT count(*) FROM interaction").fetchone()
    return count
