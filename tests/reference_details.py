"""What the details of an interaction and of a conversation hold, in plain Python.

Like `tests.reference`: written from the API's contract alone, slow and obvious on purpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tests.reference import Json, action_moment, feedback_type, parse_moment, standing_actions

# An interaction has one type on this wire: the first of these that it has.
_TYPES = ("negative_explicit", "positive_explicit", "negative_implicit", "positive_implicit")


def detail(lines: Sequence[Json], line: Json) -> dict[str, Any]:
    """The first shape of one of a project's import lines."""
    return {
        "interaction_id": line["id"],
        "input": line["input"],
        "output": line["output"],
        "history": _history(line.get("history") or []),
        "actions": [action["slug"] for action in _standing_actions(line)],
        "topics": [line["topic"]] if line.get("topic") else [],
        "frustration_cause": line.get("negative_intent") or None,
        "user_id": line.get("end_user") or None,
        "user_group_profile": _cohort(lines, line),
        "tags": _tags(line),
        "intent": line.get("intent") or None,
        "topic": line.get("topic") or None,
        "warning_business": line.get("warning_message") or None,
        "warning_model": None,
        "conversation": _turns(lines, line),
    }


def detail_v2(lines: Sequence[Json], line: Json, project_id: str) -> dict[str, Any]:
    """The second shape."""
    start, end = _start(line), _end(line)
    actions = _standing_actions(line)
    slugs = [action["slug"] for action in actions]
    types = [feedback_type(action) for action in actions]
    texts = [action["text"] for action in actions if action.get("text")]
    ratings = [action["value"] for action in actions if action["slug"] == "rating"]
    return {
        "id": line["id"],
        "project_id": project_id,
        "sentiment": line.get("sentiment"),
        "emotions": _words(line.get("emotions")),
        "cost": line.get("cost"),
        "topic": line.get("topic") or None,
        "intent": line.get("intent") or None,
        "input": line["input"],
        "output": line["output"],
        "latency": None if end is None else (end - start).total_seconds(),
        "pii_removed": bool(line.get("pii_removed")),
        "text_language": line.get("language") or None,
        "timestamp": _written(start),
        "end_timestamp": _written(end),
        "user": line.get("end_user") or None,
        "verbosity": len(line["output"]),
        "actions": slugs,
        "feedback_actions": slugs,
        "feedback_action_text": texts[0] if texts else None,
        "feedback_action_rating": ratings[0] if ratings else None,
        "user_query": line.get("user_query") or None,
        "tags": _tags(line),
        "feedback_type": next((kind for kind in _TYPES if kind in types), None),
        "rags": _words(line.get("data_sources")),
        "warning_message": line.get("warning_message") or None,
        "conversation": _turns(lines, line),
    }


def conversation(lines: Sequence[Json], external_id: str) -> dict[str, Any]:
    """A conversation that at least one of the lines is of."""
    of_it = _in_order([line for line in lines if line.get("conversation_id") == external_id])
    start = _start(of_it[0])
    end = max((end for line in of_it if (end := _end(line))), default=None)
    costs = [line["cost"] for line in of_it if line.get("cost") is not None]
    tags: dict[str, str] = {}
    for line in of_it:
        tags.update(_tags(line))
    return {
        "id": external_id,
        "session_length": len(of_it),
        "session_time": None if end is None else (end - start).total_seconds(),
        "start_session": _written(start),
        "end_session": _written(end),
        "cost": sum(costs) if costs else None,
        "tags": tags,
        "emotions": _words([word for line in of_it for word in line.get("emotions") or []]),
        "conversation": [
            {
                "id": line["id"],
                "input": line["input"],
                "output": line["output"],
                "timestamp": _written(_start(line)),
                "end_timestamp": _written(_end(line)),
                "user_query": line.get("user_query") or None,
                "topic": line.get("topic") or None,
                "sentiment": line.get("sentiment"),
            }
            for line in of_it
        ],
    }


def _turns(lines: Sequence[Json], chosen: Json) -> list[dict[str, Any]]:
    name = chosen.get("conversation_id") or None
    turns = [line for line in lines if name and line.get("conversation_id") == name] or [chosen]
    return [
        {
            "input": line["input"],
            "output": line["output"],
            "timestamp": _written(_start(line)),
            "is_chosen": line is chosen,
        }
        for line in _in_order(turns)
    ]


def _in_order(lines: Sequence[Json]) -> list[Json]:
    # Those that start together stay in the order in which they came.
    return sorted(lines, key=_start)


def _start(line: Json) -> datetime:
    return parse_moment(line["time_start"])


def _end(line: Json) -> datetime | None:
    return parse_moment(line["time_end"]) if line.get("time_end") else None


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else moment.replace(tzinfo=None).isoformat() + "Z"


def _cohort(lines: Sequence[Json], line: Json) -> str | None:
    """The last group profile that was given for the user."""
    given = [
        other["end_user_group_profile"]
        for other in lines
        if line.get("end_user")
        and other.get("end_user") == line["end_user"]
        and other.get("end_user_group_profile")
    ]
    return given[-1] if given else None


def _standing_actions(line: Json) -> list[Json]:
    """The actions that stand, oldest first; those that do not say when happened at the end."""
    return sorted(standing_actions(line), key=lambda action: (action_moment(line, action), action["slug"]))


def _tags(line: Json) -> dict[str, str]:
    return {key: value for key, value in (line.get("tags") or {}).items() if key and value}


def _words(words: Sequence[str | None] | None) -> list[str]:
    return sorted({word for word in words or [] if word})


def _history(entries: Sequence[Any]) -> list[list[str]]:
    """What users said, and what was answered; what is no text leaves an empty place."""
    pairs = [
        [entry.get("input"), entry.get("output")] if isinstance(entry, dict) else entry for entry in entries
    ]
    said = [pair for pair in pairs if isinstance(pair, list) and len(pair) == 2]
    return [[pair[side] if isinstance(pair[side], str) else "" for pair in said] for side in (0, 1)]
