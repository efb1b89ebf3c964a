"""What must be stored of lines and of what is said of them, in plain Python."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from tests.storage import Row
from tests.traffic.lines import LATENCY_US, Line
from tests.traffic.scripts import Call, Event

_THUMBS = {"thumbs_up", "thumbs_down"}
_NOTHING = dict.fromkeys(
    (
        "group_profile", "intent", "negative_intent", "topic", "type_of_problem", "language", "model",
        "cost_microusd", "input_tokens", "output_tokens", "sentiment", "user_query", "warning_message",
        "negative_intent_message", "user_query_folded", "warning_message_folded",
        "negative_intent_message_folded",
    )
)  # fmt: skip
_TYPES = ("positive_implicit", "positive_explicit", "negative_implicit", "negative_explicit")


def expected_row(line: Line, events: Iterable[Event]) -> Row:
    """The line as `tests.storage.stored` reads it, but for its id, after these events of its own."""
    feedback = _feedback(line, events)
    types = Counter(action["type"] for action in feedback if action["type"])
    tags = {"owner": line.owner}
    for event in events:
        tags |= event.tags
    labels = {f"tag: {key}": [value] for key, value in tags.items()} | line.form.labels
    if types:
        labels["user_feedback"] = sorted(types)
    return {
        **_NOTHING,
        "end_user": line.end_user,
        "conversation": line.conversation,
        "started_at": line.started_at,
        "ended_at": line.ended_at,
        "latency_us": LATENCY_US,
        "has_pii": False,
        "input": line.input,
        "output": line.output,
        "history": [],
        "messages": [],
        "traces": [],
        **line.form.stored(line),
        **{f"n_{type}": types[type] for type in _TYPES},
        "labels": dict(sorted(labels.items())),
        "feedback": feedback,
    }


def _feedback(line: Line, events: Iterable[Event]) -> list[dict[str, Any]]:
    """The newest action of each slug, and the newest thumb, by slug."""
    actions = [_action(line, {"slug": "thumbs_up"}, "positive_explicit", line.ended_at)] * line.form.has_thumb
    actions += [
        _action(line, event.action, event.type, event.occurred_at) for event in events if event.action
    ]
    newest = {}
    for action in sorted(actions, key=lambda action: action["occurred_at"]):
        newest["thumb" if action["slug"] in _THUMBS else action["slug"]] = action
    return sorted(newest.values(), key=lambda action: action["slug"])


def _action(line: Line, action: Any, type: str | None, occurred_at: Any) -> dict[str, Any]:
    return {
        "end_user": line.end_user,
        # Only what waits is matched by texts.
        "input": None,
        "output": None,
        "slug": action["slug"],
        "type": type,
        "text": action.get("text"),
        "rating": action.get("value"),
        "occurred_at": occurred_at,
    }


def events_by_line(calls: Iterable[Call]) -> Mapping[Line, list[Event]]:
    """What the calls say of each line, each event once."""
    grouped: dict[Line, list[Event]] = defaultdict(list)
    for call in dict.fromkeys(calls):
        if call.event:
            grouped[call.event.line].append(call.event)
    return grouped
