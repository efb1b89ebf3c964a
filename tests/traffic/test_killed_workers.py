"""Workers killed in the middle of it all: nothing acknowledged is lost, nothing is there by half."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import combinations
from pathlib import Path

import pytest

from interactions.models import FeedbackAction
from tests.clients.installation import installation
from tests.server import ask
from tests.storage import Row, stored
from tests.traffic.expected import events_by_line, expected_row
from tests.traffic.scripts import Call, Event, make_scripts
from tests.traffic.senders import Sender, send_at_once

N_KILLS = 6
# Far enough apart that a worker is killed at work, not at its start.
ACKNOWLEDGED_BETWEEN_KILLS = 70

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "columnar"])


class Killer:
    """Kills the worker that has lived longest, whenever so many calls were acknowledged."""

    def __init__(self, log: Path):
        self.killed: list[int] = []
        self._log = log
        self._lock = threading.Lock()
        self._n_acknowledged = 0

    def when_acknowledged(self) -> None:
        with self._lock:
            self._n_acknowledged += 1
            if self._n_acknowledged % ACKNOWLEDGED_BETWEEN_KILLS == 0 and len(self.killed) < N_KILLS:
                self._kill()

    def _kill(self) -> None:
        pids = [int(pid) for pid in re.findall(r"Booting worker with pid: (\d+)", self._log.read_text())]
        for pid in [pid for pid in pids if pid not in self.killed][:1]:
            os.kill(pid, signal.SIGKILL)
            self.killed.append(pid)


def test_killed_workers_lose_nothing_and_leave_nothing_by_half(tmp_path: Path):
    scripts = make_scripts()

    with installation(tmp_path) as server:
        killer = Killer(server.log)
        senders = [
            Sender(str(number), script, server, keeps_connection=number % 4 == 0, gives_up=number % 2 == 0)
            for number, script in enumerate(scripts)
        ]
        send_at_once(senders, killer.when_acknowledged)
        server.connection.close()
        assert ask(server.connection, "GET", "/readyz")[0] == 200
        (total,) = server.aggregates(variables=["n_interactions"])

    assert len(killer.killed) == N_KILLS
    acknowledged = {call for sender in senders for call in sender.acknowledged}
    unknown = {call for sender in senders for call in sender.unknown} - acknowledged
    assert unknown
    rows = stored(server.project)
    check_calls_are_stored_whole_or_not_at_all(rows, acknowledged, unknown)
    check_rows_are_whole(rows, acknowledged, unknown)
    check_what_waits(rows, acknowledged, unknown)
    assert total["n_interactions"] == len(rows)


def check_calls_are_stored_whole_or_not_at_all(
    rows: Sequence[Row], acknowledged: Iterable[Call], unknown: Iterable[Call]
) -> None:
    texts = {row["input"] for row in rows}
    assert len(texts) == len(rows)
    for call in acknowledged:
        assert all(line.input in texts for line in call.lines)
    for call in unknown:
        assert len({line.input in texts for line in call.lines}) <= 1


def check_rows_are_whole(rows: Iterable[Row], acknowledged: Iterable[Call], unknown: Iterable[Call]) -> None:
    """Each is what it must be after all events that were acknowledged and some of the others."""
    lines = {line.input: line for call in (*acknowledged, *unknown) for line in call.lines}
    sure, possible = events_by_line(acknowledged), events_by_line(unknown)
    for row in rows:
        line = lines[row["input"]]
        row = {name: value for name, value in row.items() if name != "id"}
        assert row in [expected_row(line, [*sure[line], *some]) for some in every_selection(possible[line])]


def every_selection(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    for size in range(len(events) + 1):
        yield from combinations(events, size)


def check_what_waits(rows: Iterable[Row], acknowledged: Iterable[Call], unknown: Iterable[Call]) -> None:
    """Actions whose interaction was not stored, and no others."""
    texts = {row["input"] for row in rows}

    def of_missing(calls: Iterable[Call]) -> set[tuple[str, str, datetime]]:
        events = [call.event for call in calls if call.event and call.event.line.input not in texts]
        return {(e.line.input, e.action["slug"], e.occurred_at) for e in events if e.action}

    waiting = FeedbackAction.objects.filter(interaction=None)
    found = set(waiting.values_list("input", "slug", "occurred_at"))
    assert of_missing(acknowledged) <= found <= of_missing(acknowledged) | of_missing(unknown)
