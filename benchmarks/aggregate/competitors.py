"""Who is asked: the yardstick and our engines, each in processes of their own."""

from __future__ import annotations

import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any, Protocol

import orjson

from benchmarks.processes import HOST, WebServer, run_module, serve_web
from config.env import BASE_DIR

from .question import AggregateQuestion
from .stores import Folder, Store
from .words import PROJECTS

AGGREGATES_PATH = "/api/external/get-interaction-aggregates"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """seconds: until the whole answer was there. answer: {"total": 60, "data": [...]}."""

    seconds: float
    answer: dict[str, Any]


class TooSlow(Exception):
    """There was no answer in time."""


class Competitor(Protocol):
    name: str

    def ask(self, question: AggregateQuestion, timeout_seconds: float) -> Reply:
        """Raises TooSlow, and stops working on the question."""

    def close(self) -> None: ...


class InProcess:
    """A worker that answers without HTTP; it is started anew after a question took too long."""

    def __init__(self, name: str, folder: Folder, kind: str, environment: dict[str, str]) -> None:
        self.name = name
        self._command = [sys.executable, "-m", "benchmarks.aggregate.worker", str(folder.path), kind]
        self._environment = environment
        self._process = self._start()

    def _start(self) -> subprocess.Popen:
        return subprocess.Popen(
            self._command,
            cwd=BASE_DIR,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )

    def ask(self, question: AggregateQuestion, timeout_seconds: float) -> Reply:
        self._process.stdin.write(question.name.encode() + b"\n")
        line = b""
        deadline = time.monotonic() + timeout_seconds
        while not line.endswith(b"\n"):
            left = max(0, deadline - time.monotonic())
            if not select.select([self._process.stdout], [], [], left)[0]:
                self._process.kill()
                self._process.wait()
                self._process = self._start()
                raise TooSlow
            part = self._process.stdout.read(1 << 20)
            if not part:
                raise SystemExit(f"{self.name}: failed at {question.name!r}; the reason is above.")
            line += part
        return Reply(**orjson.loads(line))

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


_IDLE_SECONDS = 30


class OverHttp:
    """The production server, over one kept-alive connection."""

    _used_at = 0.0

    def __init__(self, name: str, server: WebServer, key: str) -> None:
        self.name = name
        self.server = server
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._connection = self._connect(None)

    def _connect(self, timeout_seconds: float | None) -> HTTPConnection:
        return HTTPConnection(HOST, self.server.port, timeout=timeout_seconds)

    def another(self) -> OverHttp:
        """The same server over a connection of its own, for a client beside this one."""
        other = object.__new__(OverHttp)
        other.name, other.server, other._headers = self.name, self.server, self._headers
        other._connection = other._connect(None)
        return other

    def ask(self, question: AggregateQuestion, timeout_seconds: float) -> Reply:
        body = orjson.dumps(question.body)
        started = time.perf_counter()
        if started - self._used_at > _IDLE_SECONDS:
            # The server has closed it, or is about to.
            self._connection.close()
        if self._connection.sock is not None:
            self._connection.sock.settimeout(timeout_seconds)
        self._connection.timeout = timeout_seconds
        try:
            self._connection.request("POST", AGGREGATES_PATH, body, self._headers)
            response = self._connection.getresponse()
            text = response.read()
        except TimeoutError:
            self._connection.close()
            raise TooSlow from None
        self._used_at = time.perf_counter()
        seconds = self._used_at - started
        if response.status == 503:
            raise TooSlow
        if response.status != 200:
            raise SystemExit(f"{self.name}: {question.name}: {response.status} {text[:500].decode()}")
        answer = orjson.loads(text)
        return Reply(seconds=seconds, answer={"total": answer["total"], "data": answer["data"]})

    def close(self) -> None:
        self._connection.close()


def in_process(folder: Folder, store: Store, engine: str) -> InProcess:
    return InProcess(f"{store.name}, {engine}", folder, "product", store.environment(QUERY_ENGINE=engine))


def yardstick(folder: Folder) -> InProcess:
    return InProcess("by hand", folder, "yardstick", folder.stores["sqlite"].environment())


@contextmanager
def over_http(store: Store, engine: str) -> Iterator[OverHttp]:
    """A server of the store's interactions, with a new key."""
    environment = store.environment(QUERY_ENGINE=engine)
    key = run_module("manage", "create_api_key", f"--project={PROJECTS[0]}", environment=environment).split()[
        -1
    ]
    with serve_web(environment) as server:
        competitor = OverHttp(f"{store.name}, {engine}, HTTP", server, key)
        try:
            yield competitor
        finally:
            competitor.close()
