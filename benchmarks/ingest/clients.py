"""Clients that send over HTTP, each over a connection it keeps, and how long their answers took."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import islice
from typing import Any

import orjson

from benchmarks.processes import HOST

from .lines import make_lines

# The first requests of a worker compile statements and open connections.
N_WARM_UP_REQUESTS = 16


@dataclass(frozen=True, kw_only=True)
class Sending:
    """A way to send. n_clients: at a time. a_request: interactions in each. n_requests: all together."""

    name: str
    path: str
    n_clients: int
    a_request: int
    n_requests: int

    def body(self, lines: Sequence[dict[str, Any]]) -> bytes:
        return orjson.dumps({"interaction": lines[0]} if self.a_request == 1 else {"interactions": lines})


SENDINGS = (
    Sending(
        name="single posts, 8 clients",
        path="/event-ingestion/api/v1/events/interactions",
        n_clients=8,
        a_request=1,
        n_requests=4000,
    ),
    Sending(
        name="batches of 100",
        path="/event-ingestion/api/v3/events/batch",
        n_clients=1,
        a_request=100,
        n_requests=100,
    ),
    Sending(
        name="batches of 1,000",
        path="/event-ingestion/api/v3/events/batch",
        n_clients=1,
        a_request=1000,
        n_requests=20,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What came of a sending. request_seconds: of each, until the whole answer was there."""

    name: str
    n_interactions: int
    seconds: float
    request_seconds: Sequence[float]


def send(sending: Sending, port: int, key: str) -> Sent:
    """Raises SystemExit when something is refused."""
    lines = make_lines(seed=sending.a_request)
    bodies = [
        sending.body(list(islice(lines, sending.a_request)))
        for _ in range(N_WARM_UP_REQUESTS + sending.n_requests)
    ]
    clients = [_Client(sending, port, key) for _ in range(sending.n_clients)]
    with ThreadPoolExecutor(sending.n_clients) as pool:

        def take_turns(bodies: Sequence[bytes]) -> list[float]:
            shares = [bodies[n :: sending.n_clients] for n in range(sending.n_clients)]
            results = pool.map(lambda client, share: [client.post(each) for each in share], clients, shares)
            return [seconds for share in results for seconds in share]

        take_turns(bodies[:N_WARM_UP_REQUESTS])
        started = time.perf_counter()
        request_seconds = take_turns(bodies[N_WARM_UP_REQUESTS:])
        seconds = time.perf_counter() - started
    return Sent(
        name=sending.name,
        n_interactions=sending.n_requests * sending.a_request,
        seconds=seconds,
        request_seconds=request_seconds,
    )


class _Client:
    def __init__(self, sending: Sending, port: int, key: str):
        self._path = sending.path
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._connection = HTTPConnection(HOST, port)

    def post(self, body: bytes) -> float:
        """-> seconds until the answer"""
        started = time.perf_counter()
        self._connection.request("POST", self._path, body, self._headers)
        response = self._connection.getresponse()
        answer = response.read()
        seconds = time.perf_counter() - started
        if response.status != 200 or b'"invalid"' in answer:
            raise SystemExit(f"{self._path}: {response.status} {answer[:500].decode()}")
        return seconds
