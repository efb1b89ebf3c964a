"""What the public wire shows of one interaction and of one conversation (contract 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analytics_api.query.listing import TYPES_BY_PRIORITY
from interactions.ingest.records import InteractionRecord
from interactions.models import DimensionKind
from interactions.times import format_utc


def detail(chosen: InteractionRecord, conversation: Sequence[InteractionRecord]) -> dict[str, Any]:
    """The first shape; `conversation` holds `chosen`, in order."""
    return detail_alone(chosen) | {"conversation": _turns(chosen, conversation)}


def detail_alone(chosen: InteractionRecord) -> dict[str, Any]:
    """The first shape without the conversation: what an export has of each of many interactions."""
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


def detail_v2(
    chosen: InteractionRecord, conversation: Sequence[InteractionRecord], project_id: str
) -> dict[str, Any]:
    """The second shape; project_id: the public one."""
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
        "conversation": _turns(chosen, conversation),
    }


def conversation_detail(external_id: str, records: Sequence[InteractionRecord]) -> dict[str, Any]:
    """A conversation of at least one interaction, in order."""
    start = records[0].started_at
    end = max((record.ended_at for record in records if record.ended_at), default=None)
    costs = [record.cost_microusd for record in records if record.cost_microusd is not None]
    tags: dict[str, str] = {}
    for record in records:
        tags |= _tags(record)
    return {
        "id": external_id,
        "session_length": len(records),
        "session_time": None if end is None else (end - start).total_seconds(),
        "start_session": format_utc(start),
        "end_session": end and format_utc(end),
        "cost": sum(costs) if costs else None,
        "tags": tags,
        "emotions": sorted({e for record in records for e in _listed(record, DimensionKind.EMOTION)}),
        "conversation": [
            {
                "id": str(record.public_id),
                "input": record.input,
                "output": record.output,
                "timestamp": format_utc(record.started_at),
                "end_timestamp": record.ended_at and format_utc(record.ended_at),
                "user_query": record.user_query,
                "topic": record.labels.get("topic"),
                "sentiment": record.sentiment,
            }
            for record in records
        ],
    }


def _turns(chosen: InteractionRecord, conversation: Sequence[InteractionRecord]) -> list[dict[str, Any]]:
    return [
        {
            "input": record.input,
            "output": record.output,
            "timestamp": format_utc(record.started_at),
            "is_chosen": record.public_id == chosen.public_id,
        }
        for record in conversation
    ]


def _history(record: InteractionRecord) -> list[list[str]]:
    """The user's texts and the assistant's; what is recorded is JSON of the client's making."""
    pairs = [pair for pair in record.history if isinstance(pair, list) and len(pair) == 2]
    return [[pair[side] for pair in pairs if isinstance(pair[side], str)] for side in (0, 1)]


def _tags(record: InteractionRecord) -> Mapping[str, str]:
    return {
        key: value for (kind, key), (value, *_) in record.many_labels.items() if kind == DimensionKind.TAG
    }


def _listed(record: InteractionRecord, kind: DimensionKind) -> list[str]:
    return record.many_labels.get((kind.value, ""), [])
