"""Who sends what in which order: resends, feedback before its interaction, the same from two senders."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from tests.traffic.lines import FORMS, Line

N_SENDERS = 200
# Fewer than senders, so that they meet at users.
_N_USERS = 40
# The owner of what two processes send, as after a time-out.
_SHARED = "shared"
_SHARED_EVERY = 5
_RESENT_SHARE = 0.25


@dataclass(frozen=True, kw_only=True)
class Event:
    """What is said of a line apart from it: an action some time after its end, or tags.

    type: the feedback type of the action.
    """

    line: Line
    action: Mapping[str, Any] | None = None
    type: str | None = None
    seconds: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def occurred_at(self) -> datetime:
        return self.line.ended_at + timedelta(seconds=self.seconds)


@dataclass(frozen=True, kw_only=True, eq=False)
class Call:
    """One request, and what it tells: lines or an event."""

    path: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    event: Event | None = None


# What is said of one line of each call, by turns.
_EVENTS: Sequence[Sequence[Mapping[str, Any]]] = (
    (
        {"action": {"slug": "thumbs_up"}, "type": "positive_explicit", "seconds": 1},
        {"action": {"slug": "thumbs_down", "text": "No"}, "type": "negative_explicit", "seconds": 2},
    ),
    (
        {"action": {"slug": "rating", "value": 2}, "type": "negative_explicit", "seconds": 3},
        {"action": {"slug": "rating", "value": 5}, "type": "positive_explicit", "seconds": 4},
    ),
    (
        {"action": {"slug": "copy_output", "text": "Answer"}, "type": "positive_implicit"},
        {"tags": {"stage": "late"}},
    ),
    ({"action": {"slug": "regenerate"}, "type": "negative_implicit", "seconds": 5},),
    ({"action": {"slug": "comment", "text": "Well"}, "seconds": 9},),
    ({"tags": {"stage": "early"}},),
)


def make_scripts() -> list[list[Call]]:
    """The calls of each sender, in its order; always the same."""
    choose = Random(1)
    numbers = count()
    scripts: list[list[Call]] = [[] for _ in range(N_SENDERS)]
    for sender in range(N_SENDERS):
        neighbour = scripts[(sender + 1) % N_SENDERS]
        is_shared = sender % _SHARED_EVERY == 0
        call = _recording(sender, _SHARED if is_shared else str(sender), numbers)
        scripts[sender].append(call)
        if is_shared:
            neighbour.append(call)
        # Another process tells what users do with an answer, maybe before the answer is recorded.
        events = [Event(line=choose.choice(call.lines), **said) for said in choose.choice(_EVENTS)]
        neighbour += [_telling(event) for event in events]
    for script in scripts:
        script += [call for call in script if choose.random() < _RESENT_SHARE]
        choose.shuffle(script)
    return scripts


def _recording(sender: int, owner: str, numbers: Iterator[int]) -> Call:
    form = FORMS[sender % len(FORMS)]
    lines = tuple(
        Line(
            number=next(numbers),
            owner=owner,
            end_user=f"user {sender % _N_USERS}",
            form=form,
            conversation=f"conversation {sender}" if form.has_conversation else None,
        )
        for _ in range(form.n_lines)
    )
    headers = {"Idempotency-Key": f"call {sender}"} if form.is_idempotent else {}
    return Call(path=form.path, body=json.dumps(form.body(lines)), headers=headers, lines=lines)


def _telling(event: Event) -> Call:
    line = event.line
    metadata = {"end_user": line.end_user, "input": line.input, "output": line.output}
    if event.action is None:
        metadata["time_start"] = line.started_at.isoformat()
        path, body = "v2/events/tags", {"tags": event.tags, "metadata": metadata}
    else:
        metadata["timestamp"] = event.occurred_at.isoformat()
        path, body = "v1/events/feedback", {"action": event.action, "metadata": metadata}
    return Call(path=path, body=json.dumps(body), event=event)
