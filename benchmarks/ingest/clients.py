"""Clients that send over HTTP, each over a connection it keeps, and how long their answers took."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from benchmarks.processes import HOST, WebServer

from .lines import make_lines
from .taken import Taken

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
        n_requests=2000,
    ),
    Sending(
        name="batches of 100",
        path="/event-ingestion/api/v3/events/batch",
        n_clients=1,
        a_request=100,
        n_requests=50,
    ),
    Sending(
        name="batches of 1,000",
        path="/event-ingestion/api/v3/events/batch",
        n_clients=1,
        a_request=1000,
        n_requests=10,
    ),
)


def send(sending: Sending, server: WebServer, key: str) -> Taken:
    """Raises SystemExit when something is refused."""
    lines = make_lines(seed=sending.a_request)
    bodies = [
        sending.body(list(islice(lines, sending.a_request)))
        for _ in range(N_WARM_UP_REQUESTS + sending.n_requests)
    ]
    clients = [_Client(sending, server.port, key) for _ in range(sending.n_clients)]
    with ThreadPoolExecutor(sending.n_clients) as pool:

        def take_turns(bodies: Sequence[bytes]) -> list[float]:
            shares = [bodies[n :: sending.n_clients] for n in range(sending.n_clients)]
            results = pool.map(lambda client, share: [client.post(each) for each in share], clients, shares)
            return [seconds for share in results for seconds in share]

        take_turns(bodies[:N_WARM_UP_REQUESTS])
        started, cpu_started = time.perf_counter(), _worker_cpu_seconds(server)
        request_seconds = take_turns(bodies[N_WARM_UP_REQUESTS:])
        seconds, cpu_seconds = time.perf_counter() - started, _worker_cpu_seconds(server) - cpu_started
    return Taken(
        name=sending.name,
        n_interactions=sending.n_requests * sending.a_request,
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        request_seconds=request_seconds,
    )


def _worker_cpu_seconds(server: WebServer) -> float:
    """What the workers have used of the processors; the sealer beside them works for questions."""
    children = Path(f"/proc/{server.process_id}/task/{server.process_id}/children").read_text().split()
    workers = [child for child in children if b"gunicorn" in Path(f"/proc/{child}/cmdline").read_bytes()]
    # After the name in parentheses: the twelfth and thirteenth field, user and system time.
    fields = [Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split() for worker in workers]
    return sum(int(ticks) for each in fields for ticks in each[11:13]) / os.sysconf("SC_CLK_TCK")


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
