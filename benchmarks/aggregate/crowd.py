"""How a server fares with several clients at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from itertools import cycle, islice
from statistics import quantiles
from typing import Any

from .competitors import OverHttp, TooSlow
from .questions import QUESTIONS
from .resources import pss_bytes

N_CLIENTS = (1, 4, 16)
TIMEOUT_SECONDS = 60


def measure_crowds(server: OverHttp, seconds: float) -> list[dict[str, Any]]:
    """For each number of clients, each with a connection of its own, asking all questions in turn.

    -> [{"n_clients": 4, "requests_per_second": 20.1, "p50_seconds": ..., "p95_seconds": ...,
         "n_too_slow": 0, "pss_bytes": ...}, ...]; memory is that of all processes afterwards.
    """
    return [_measure_crowd(server, n_clients, seconds) for n_clients in N_CLIENTS]


def _measure_crowd(server: OverHttp, n_clients: int, seconds: float) -> dict[str, Any]:
    taken: list[float] = []
    n_too_slow: list[int] = []
    started = time.perf_counter()
    deadline = started + seconds

    def ask(number: int) -> None:
        client = server.another()
        # Each begins elsewhere, so that not all ask the same.
        first = number * len(QUESTIONS) // n_clients
        for question in islice(cycle(QUESTIONS), first, None):
            if time.perf_counter() >= deadline:
                break
            try:
                taken.append(client.ask(question, TIMEOUT_SECONDS).seconds)
            except TooSlow:
                n_too_slow.append(number)
        client.close()

    clients = [threading.Thread(target=ask, args=(number,)) for number in range(n_clients)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    elapsed = time.perf_counter() - started
    return {
        "n_clients": n_clients,
        "requests_per_second": len(taken) / elapsed,
        "n_too_slow": len(n_too_slow),
        "pss_bytes": pss_bytes(server.server.process_id),
        **_percentiles(taken),
    }


def _percentiles(taken: Sequence[float]) -> dict[str, float]:
    if len(taken) < 2:
        return {}
    cuts = quantiles(taken, n=20)
    return {"p50_seconds": cuts[9], "p95_seconds": cuts[18]}
