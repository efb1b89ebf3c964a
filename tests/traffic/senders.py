"""Senders that send their calls to a running server, all at the same time."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.clients.installation import AGGREGATES, Installation
from tests.server import START_SECONDS, ask
from tests.traffic.lines import Line
from tests.traffic.scripts import Call

_DAYS = {"start": "2024-05-27", "end": "2024-06-27"}


class Sender:
    """Sends its calls one after the other on one connection, and remembers what came of them.

    acknowledged, unknown: calls that were answered, and those whose answer never came.
    ids: what the server called each line, every time.
    keeps_connection: otherwise each call has one of its own, as with the Python SDK.
    gives_up: a call whose connection broke is not sent again.
    """

    def __init__(
        self,
        owner: str,
        calls: Sequence[Call],
        server: Installation,
        *,
        keeps_connection: bool,
        gives_up: bool = False,
    ):
        self.acknowledged: list[Call] = []
        self.unknown: list[Call] = []
        self.ids: dict[Line, set[str]] = defaultdict(set)
        self._owner = owner
        self._calls = calls
        self._keeps_connection = keeps_connection
        self._gives_up = gives_up
        self._connection = http.client.HTTPConnection(
            server.connection.host, server.connection.port, timeout=START_SECONDS
        )
        self._headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}

    def run(self, when_acknowledged: Callable[[], None]) -> None:
        try:
            for call in self._calls:
                if (answer := self._send(call)) is not None:
                    self.acknowledged.append(call)
                    self._remember_ids(call, answer)
                    when_acknowledged()
                if not self._keeps_connection:
                    self._connection.close()
            self._check_own_lines_are_counted()
        finally:
            self._connection.close()

    def _send(self, call: Call) -> Any:
        """The answer; None when it will never come."""
        while True:
            try:
                return self._ask(f"/event-ingestion/api/{call.path}", call.body, call.headers)
            except (ConnectionError, http.client.HTTPException):
                # Closed, it is opened again by the next request.
                self._connection.close()
                self.unknown.append(call)
                if self._gives_up:
                    return None

    def _ask(self, path: str, body: str, headers: Any) -> Any:
        while True:
            status, answered, answer = ask(
                self._connection, "POST", path, body, self._headers | dict(headers)
            )
            if status != 503:
                assert status == 200, answer
                return answer
            time.sleep(int(answered["Retry-After"]))

    def _remember_ids(self, call: Call, answer: Any) -> None:
        ids = answer.get("interaction_ids") or [each["interaction_id"] for each in answer.get("results", [])]
        for line, id in zip(call.lines, ids, strict=bool(call.lines)):
            self.ids[line].add(id)

    def _check_own_lines_are_counted(self) -> None:
        """What was acknowledged is in the next answer, once."""
        own = {line for call in self.acknowledged for line in call.lines if line.owner == self._owner}
        maybe = {line for call in self.unknown for line in call.lines if line.owner == self._owner}
        filters = [{"kind": "tag", "tag": "owner", "values": [self._owner]}]
        question = {"time_range": _DAYS, "filters": filters, "limit": 1, "offset": 0}
        answer = self._ask_again(json.dumps(question))
        n_interactions = answer["data"][0]["n_interactions"]
        assert len(own) <= n_interactions <= len(own | maybe), (self._owner, n_interactions)

    def _ask_again(self, body: str) -> Any:
        while True:
            try:
                return self._ask(AGGREGATES, body, {})
            except (ConnectionError, http.client.HTTPException):
                self._connection.close()


def send_at_once(senders: Sequence[Sender], when_acknowledged: Callable[[], None] = lambda: None) -> None:
    """Start all senders at the same moment, each in a thread; an error of one is raised here."""
    barrier = threading.Barrier(len(senders))

    def run(sender: Sender) -> None:
        barrier.wait()
        sender.run(when_acknowledged)

    with ThreadPoolExecutor(len(senders)) as threads:
        list(threads.map(run, senders))
