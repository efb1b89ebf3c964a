"""What the public wire shows of one interaction and of one conversation (contract 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from analytics_api.conversations import ConversationSummary, Turn
from analytics_api.query.listing import TYPES_BY_PRIORITY
from interactions.ingest.records import InteractionRecord
from interactions.models import DimensionKind
from interactions.times import format_utc


def detail_alone(chosen: InteractionRecord) -> dict[str, Any]:
    """The first shape without its conversation, and so what an export has of each of many interactions."""
    return {
        "interaction_id": str(chosen.public_id),
        "input": chosen.input,
        "output": chosen.output,
        "history": _history(chosen),
        "actions": [action.slug for action in chosen.feedback],
        "topics": [chosen.labels["topic"]] if "topic" in chosen.labels else [],
        "frustration_cause": chosen.labels.get("negative_intent"),
        "user_id": chosen.end_user,
        "user_group_profile": chosen.group_profile,
        "tags": _tags(chosen),
        "intent": chosen.labels.get("intent"),
        "topic": chosen.labels.get("topic"),
        "warning_business": chosen.warning_message,
        "warning_model": None,
    }


def detail_v2_alone(chosen: InteractionRecord, project_id: str) -> dict[str, Any]:
    """The second shape without its conversation; project_id: the public one."""
    slugs = [action.slug for action in chosen.feedback]
    types = chosen.feedback_types
    latency_us = chosen.latency_us
    return {
        "id": str(chosen.public_id),
        "project_id": project_id,
        "sentiment": chosen.sentiment,
        "emotions": _listed(chosen, DimensionKind.EMOTION),
        "cost": chosen.cost_microusd,
        "topic": chosen.labels.get("topic"),
        "intent": chosen.labels.get("intent"),
        "input": chosen.input,
        "output": chosen.output,
        "latency": None if latency_us is None else latency_us / 1_000_000,
        "pii_removed": chosen.has_pii,
        "text_language": chosen.labels.get("language"),
        "timestamp": format_utc(chosen.started_at),
        "end_timestamp": chosen.ended_at and format_utc(chosen.ended_at),
        "user": chosen.end_user,
        "verbosity": len(chosen.output),
        "actions": slugs,
        "feedback_actions": slugs,
        "feedback_action_text": next((a.text for a in chosen.feedback if a.text), None),
        "feedback_action_rating": next((a.rating for a in chosen.feedback if a.rating is not None), None),
        "user_query": chosen.user_query,
        "tags": _tags(chosen),
        "feedback_type": next((kind.value for kind in TYPES_BY_PRIORITY if kind in types), None),
        "rags": _listed(chosen, DimensionKind.DATA_SOURCE),
        "warning_message": chosen.warning_message,
    }


def conversation_alone(external_id: str, summary: ConversationSummary) -> dict[str, Any]:
    """A conversation without its interactions."""
    start, end = summary.start, summary.end
    return {
        "id": external_id,
        "session_length": summary.n_interactions,
        "session_time": None if end is None else (end - start).total_seconds(),
        "start_session": format_utc(start),
        "end_session": end and format_utc(end),
        "cost": summary.cost_microusd,
        "tags": summary.tags,
        "emotions": summary.emotions,
    }


def turn_beside(chosen_id: UUID, turn: Turn) -> dict[str, Any]:
    """A turn in the details of an interaction."""
    return {
        "input": turn.input,
        "output": turn.output,
        "timestamp": format_utc(turn.started_at),
        "is_chosen": turn.public_id == chosen_id,
    }


def turn_of_conversation(turn: Turn) -> dict[str, Any]:
    """A turn in the details of a conversation."""
    return {
        "id": str(turn.public_id),
        "input": turn.input,
        "output": turn.output,
        "timestamp": format_utc(turn.started_at),
        "end_timestamp": turn.ended_at and format_utc(turn.ended_at),
        "user_query": turn.user_query,
        "topic": turn.topic,
        "sentiment": turn.sentiment,
    }


def _history(record: InteractionRecord) -> list[list[str]]:
    """The user's texts and the assistant's, in pairs; what is recorded is JSON of the client's making."""
    pairs = [_pair(entry) for entry in record.history] if isinstance(record.history, list) else []
    return [[pair[side] for pair in pairs if pair] for side in (0, 1)]


def _pair(entry: Any) -> list[str] | None:
    """["Hi", "Hello"], or {"input": "Hi", "output": "Hello"}; what is no text is an empty one."""
    if isinstance(entry, Mapping):
        entry = [entry.get("input"), entry.get("output")]
    if not isinstance(entry, list) or len(entry) != 2:
        return None
    return [text if isinstance(text, str) else "" for text in entry]


def _tags(record: InteractionRecord) -> Mapping[str, str]:
    return {
        key: value for (kind, key), (value, *_) in record.many_labels.items() if kind == DimensionKind.TAG
    }


def _listed(record: InteractionRecord, kind: DimensionKind) -> list[str]:
    return record.many_labels.get((kind.value, ""), [])
