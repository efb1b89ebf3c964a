"""Rows to records: what a resend is merged with and what an export writes."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from django.db.models import TextField
from django.db.models.functions import Cast

from interactions.models import DimensionKind, FeedbackAction, Interaction, InteractionLabel

from .records import FACT_KINDS, FeedbackRecord, InteractionRecord

_DOCUMENTS = ("history", "messages", "traces")
_COLUMNS = {
    "public_id": "public_id",
    "fingerprint": "text__fingerprint",
    "end_user": "end_user__external_id",
    "group_profile": "end_user__group_profile__value",
    "conversation": "conversation__external_id",
    "started_at": "started_at",
    "ended_at": "ended_at",
    "cost_microusd": "cost_microusd",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "sentiment": "sentiment",
    "has_pii": "has_pii",
    "is_cost_computed": "is_cost_computed",
    **{
        name: f"text__{name}"
        for name in ("input", "output", "user_query", "warning_message", "negative_intent_message")
    },
    # As text: PostgreSQL writes 1e300 as a whole number, which Django's decoder would take for one.
    **{name: Cast(f"text__{name}", TextField()) for name in _DOCUMENTS},
}


def read_records(using: str, primary_keys: Sequence[int]) -> dict[int, InteractionRecord]:
    """Read whole interactions in three queries, by primary key; at most a batch at a time."""
    rows = (
        Interaction.objects.using(using)
        .filter(id__in=primary_keys)
        .values_list("id", *(f"{kind}__value" for kind in FACT_KINDS), *_COLUMNS.values())
    )
    records = {}
    for pk, *values in rows:
        labels = zip(FACT_KINDS, values[: len(FACT_KINDS)], strict=True)
        columns = dict(zip(_COLUMNS, values[len(FACT_KINDS) :], strict=True))
        records[pk] = InteractionRecord(
            labels={kind: value for kind, value in labels if value is not None},
            **columns | {name: orjson.loads(columns[name]) for name in _DOCUMENTS},
        )
    _read_labels(using, records)
    _read_feedback(using, records)
    return records


def _read_labels(using: str, records: dict[int, InteractionRecord]) -> None:
    rows = (
        InteractionLabel.objects.using(using)
        .filter(interaction_id__in=list(records))
        # Derived from the feedback actions, and made again from them.
        .exclude(dimension__kind=DimensionKind.USER_FEEDBACK)
        .values_list("interaction_id", "dimension__kind", "dimension__key", "label__value")
    )
    # Sorted here, not by the database: its order of text depends on the locale.
    for pk, kind, key, value in sorted(rows):
        records[pk].many_labels.setdefault((kind, key), []).append(value)


def _read_feedback(using: str, records: dict[int, InteractionRecord]) -> None:
    rows = (
        FeedbackAction.objects.using(using)
        .filter(interaction_id__in=list(records))
        .order_by("interaction_id", "occurred_at", "slug")
        .values_list("interaction_id", "slug", "type", "text", "rating", "occurred_at")
    )
    for pk, slug, kind, text, rating, occurred_at in rows:
        records[pk].feedback.append(
            FeedbackRecord(slug=slug, type=kind, text=text, rating=rating, occurred_at=occurred_at)
        )
