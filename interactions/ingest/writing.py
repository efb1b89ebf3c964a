"""Records to rows: the only code that writes interactions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.db.models import Model

from interactions import dialect
from interactions.models import FeedbackAction, Interaction, InteractionLabel, InteractionText

from .records import COUNTERS, FACT_KINDS, FOLDED_TEXTS, InteractionRecord
from .words import FEEDBACK, WordIds

_FACT_FIELDS = (
    "id", "public_id", "project_id", "end_user_id", "conversation_id", "started_at", "ended_at", "latency_us",
    "cost_microusd", "is_cost_computed", "input_tokens", "output_tokens", "sentiment", "has_pii",
    *(f"{kind}_id" for kind in FACT_KINDS),
    *COUNTERS.values(),
)  # fmt: skip
_TEXT_FIELDS = (
    "interaction_id", "fingerprint", "input", "output", "history", "messages", "traces",
    *FOLDED_TEXTS,
    *(f"{name}_folded" for name in FOLDED_TEXTS),
)  # fmt: skip
_LABEL_FIELDS = ("interaction_id", "dimension_id", "label_id")
_FEEDBACK_FIELDS = (
    "project_id", "interaction_id", "end_user_id", "slug", "type", "text", "rating", "occurred_at",
    "input", "output",
)  # fmt: skip


def insert_records(using: str, project_id: int, records: Mapping[int, InteractionRecord]) -> None:
    """Insert whole interactions with their texts, labels, counters and feedback, by primary key.

    Every record has a public id. Call inside a transaction.
    """
    if not records:
        return
    words = WordIds(using, project_id, records.values())
    rows = records.items()
    # Labels before their interactions, which the database allows until the transaction ends: their
    # triggers then find no interaction to mark, and that of the interaction marks for all. On SQLite,
    # with six labels each, marking anew for each took a quarter of an import.
    dialect.insert_rows(
        using, InteractionLabel, _LABEL_FIELDS, [row for pk, r in rows for row in _label_rows(pk, r, words)]
    )
    dialect.insert_rows(
        using, Interaction, _FACT_FIELDS, [_fact_row(pk, project_id, r, words) for pk, r in rows]
    )
    dialect.insert_rows(using, InteractionText, _TEXT_FIELDS, [_text_row(pk, r) for pk, r in rows])
    dialect.insert_rows(
        using,
        FeedbackAction,
        _FEEDBACK_FIELDS,
        [row for pk, r in rows for row in _feedback_rows(pk, project_id, r, words)],
    )


def delete_rows(using: str, primary_keys: Sequence[int]) -> None:
    """Delete interactions with everything that hangs on them. Call inside a transaction."""
    if not primary_keys:
        return
    # Interactions before their labels, as they are inserted after them.
    delete_named(using, Interaction, "id", primary_keys)
    for model in (InteractionLabel, FeedbackAction, InteractionText):
        delete_named(using, model, "interaction_id", primary_keys)


def delete_named(using: str, model: type[Model], column: str, values: Collection[int]) -> None:
    """Delete rows by an integer column, past the collector, which would load each to look for its own."""
    named = model.objects.using(using).filter(dialect.is_one_of(using, column, values))
    named._raw_delete(using)


def _fact_row(pk: int, project_id: int, record: InteractionRecord, words: WordIds) -> list:
    types = record.feedback_types
    return [
        pk,
        record.public_id,
        project_id,
        words.end_user(record.end_user),
        words.conversation(record.conversation),
        record.started_at,
        record.ended_at,
        record.latency_us,
        record.cost_microusd,
        record.is_cost_computed,
        record.input_tokens,
        record.output_tokens,
        record.sentiment,
        record.has_pii,
        *(words.label((kind, ""), record.labels.get(kind)) for kind in FACT_KINDS),
        *(types.count(feedback_type) for feedback_type in COUNTERS),
    ]


def _text_row(pk: int, record: InteractionRecord) -> list:
    texts = [getattr(record, name) for name in FOLDED_TEXTS]
    return [
        pk,
        record.fingerprint,
        record.input,
        record.output,
        record.history,
        record.messages,
        record.traces,
        *texts,
        *(None if text is None else text.casefold() for text in texts),
    ]


def _label_rows(pk: int, record: InteractionRecord, words: WordIds) -> list[tuple[int, int, int | None]]:
    many_labels = record.many_labels
    if types := set(record.feedback_types):
        many_labels = many_labels | {FEEDBACK: sorted(types)}
    return [
        (pk, words.dimensions[axis], words.label(axis, value))
        for axis, values in many_labels.items()
        for value in values
    ]


def _feedback_rows(pk: int, project_id: int, record: InteractionRecord, words: WordIds) -> list[tuple]:
    user = words.end_user(record.end_user)
    return [
        (
            project_id,
            pk,
            user,
            action.slug,
            action.type,
            action.text,
            action.rating,
            action.occurred_at,
            None,
            None,
        )
        for action in record.feedback
    ]
