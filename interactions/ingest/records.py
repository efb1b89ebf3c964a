"""Everything stored about one interaction, in words rather than ids.

Writing, merging a resend, reading back and exporting all speak of this one shape.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from interactions.anonymiser import mask_pii, mask_pii_in
from interactions.models import DimensionKind, FeedbackSlug, FeedbackType

from .new_interaction import ModelCall, NewFeedback, NewInteraction

# Single-valued kinds live in a column of the fact row, named like the kind.
FACT_KINDS = ("intent", "negative_intent", "topic", "type_of_problem", "language", "model")
# Many-valued kinds live in the bridge: the field of NewInteraction that lists them.
LISTED_KINDS = {
    "keywords": DimensionKind.KEYWORD.value,
    "data_sources": DimensionKind.DATA_SOURCE.value,
    "emotions": DimensionKind.EMOTION.value,
    "feature_flags": DimensionKind.FEATURE_FLAG.value,
}
_TAG = DimensionKind.TAG.value
FOLDED_TEXTS = ("user_query", "warning_message", "negative_intent_message")
# What a trace says beyond names and numbers.
TRACE_TEXTS = {
    "input", "output", "outputs", "messages", "history", "system_prompt", "returned", "called_with_args",
    "called_with_kwargs", "provider_extras", "media",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedbackRecord:
    """One feedback action as stored; `type` is what the slug meant when it was recorded."""

    slug: str
    type: str | None
    text: str | None
    rating: int | None
    occurred_at: datetime


@dataclass(kw_only=True, slots=True)
class InteractionRecord:
    """One interaction; texts are as they are stored, masked when they were anonymised."""

    public_id: UUID | None
    fingerprint: UUID
    end_user: str | None
    group_profile: str | None
    conversation: str | None
    started_at: datetime
    ended_at: datetime | None
    cost_microusd: int | None
    input_tokens: int | None
    output_tokens: int | None
    sentiment: float | None
    has_pii: bool
    is_cost_computed: bool = False
    # {"topic": "billing"}: only kinds that have a value.
    labels: dict[str, str] = field(default_factory=dict)
    # {("tag", "plan"): ["pro"], ("keyword", ""): ["refund", "invoice"]}
    many_labels: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    feedback: list[FeedbackRecord] = field(default_factory=list)
    input: str = ""
    output: str = ""
    history: list = field(default_factory=list)
    messages: list = field(default_factory=list)
    traces: list = field(default_factory=list)
    user_query: str | None = None
    warning_message: str | None = None
    negative_intent_message: str | None = None
    # What its tokens are the sums of; not stored, for the cost computed from it is.
    model_calls: list[ModelCall] = field(default_factory=list, compare=False)
    # Its texts were taken away; not stored, and no difference to a record that never had any.
    hides_content: bool = field(default=False, compare=False)

    @property
    def latency_us(self) -> int | None:
        """Microseconds from start to end, exactly."""
        if self.ended_at is None:
            return None
        span = self.ended_at - self.started_at
        return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds

    @property
    def usage(self) -> tuple[str | None, int | None, int | None]:
        """The model, the input tokens and the output tokens."""
        return self.labels.get("model"), self.input_tokens, self.output_tokens

    @property
    def trace_objects(self) -> list[dict[str, Any]]:
        """Its traces that are objects; a client may have sent any JSON in their place."""
        traces = self.traces if isinstance(self.traces, list) else []
        return [trace for trace in traces if isinstance(trace, dict)]

    @property
    def feedback_types(self) -> list[str]:
        """The type of each action that has one, with repetition."""
        return [action.type for action in self.feedback if action.type is not None]


def build_record(project_id: int, item: NewInteraction, *, anonymize: bool) -> InteractionRecord:
    """Make what will be stored of `item`, masked when asked; touches no database."""
    texts: dict[str, Any] = {
        "input": item.input,
        "output": item.output,
        **{name: getattr(item, name) or None for name in FOLDED_TEXTS},
    }
    documents = {name: getattr(item, name) or [] for name in ("history", "messages", "traces")}
    actions = item.feedback_actions or []
    has_pii = bool(item.pii_removed)
    if anonymize:
        regions = settings.ANONYMIZE_PHONE_REGIONS
        masked = {name: text and mask_pii(text, regions) for name, text in texts.items()}
        masked_documents = {
            name: document and mask_pii_in(document, regions) for name, document in documents.items()
        }
        masked_actions = [
            action.model_copy(update={"text": mask_pii(action.text, regions)}) if action.text else action
            for action in actions
        ]
        has_pii |= (masked, masked_documents, masked_actions) != (texts, documents, actions)
        texts, documents, actions = masked, masked_documents, masked_actions
    record = InteractionRecord(
        public_id=item.id,
        fingerprint=fingerprint(
            project_id, item.end_user, item.conversation_id, item.time_start, texts["input"], texts["output"]
        ),
        end_user=item.end_user,
        group_profile=item.end_user_group_profile,
        conversation=item.conversation_id,
        started_at=item.time_start,
        ended_at=item.time_end,
        cost_microusd=item.cost,
        input_tokens=item.input_tokens,
        output_tokens=item.output_tokens,
        model_calls=item.model_calls or [],
        sentiment=item.sentiment,
        has_pii=has_pii,
        labels={kind: value for kind in FACT_KINDS if (value := getattr(item, kind)) is not None},
        many_labels=_many_labels(item),
        **texts,
        **documents,
    )
    happened_at = record.ended_at or record.started_at
    record.feedback = [feedback_record(action, happened_at=happened_at) for action in actions]
    return _without_content(record) if item.hide_content else record


def _without_content(record: InteractionRecord) -> InteractionRecord:
    """The record without what was said, here and in its traces; its fingerprint still tells resends."""
    return replace(
        record,
        input="",
        output="",
        history=[],
        messages=[],
        traces=[
            {key: value for key, value in trace.items() if key not in TRACE_TEXTS}
            for trace in record.trace_objects
        ],
        hides_content=True,
    )


def _many_labels(item: NewInteraction) -> dict[tuple[str, str], list[str]]:
    labels: dict[tuple[str, str], list[str]] = {
        (_TAG, key): [value] for key, value in (item.tags or {}).items()
    }
    for name, kind in LISTED_KINDS.items():
        if values := getattr(item, name):
            labels[kind, ""] = sorted(values)
    return labels


def fingerprint(
    project_id: int,
    end_user: str | None,
    conversation: str | None,
    started_at: datetime,
    input_text: str,
    output_text: str,
) -> UUID:
    """What makes a resend the same interaction (contract 8), over the texts as stored."""
    pieces = []
    for part in (
        str(project_id), end_user, conversation, started_at.isoformat(), input_text, output_text
    ):  # fmt: skip
        # Lengths keep ("ab", "c") and ("a", "bc") apart, and None apart from the empty text.
        if part is None:
            pieces.append(b"-1:")
        else:
            data = part.encode()
            pieces += (b"%d:" % len(data), data)
    return UUID(bytes=hashlib.blake2b(b"".join(pieces), digest_size=16).digest())


def feedback_record(action: NewFeedback, *, happened_at: datetime) -> FeedbackRecord:
    """happened_at: for actions that do not say themselves."""
    return FeedbackRecord(
        slug=action.slug.value,
        type=feedback_type(action.slug.value, action.value),
        text=action.text,
        rating=action.value if action.slug == FeedbackSlug.RATING else None,
        occurred_at=action.timestamp or happened_at,
    )


def feedback_type(slug: str, rating: int | None) -> str | None:
    """The feedback type of an action by the table in the settings; None for those without."""
    entry = settings.FEEDBACK_TYPES.get(slug)
    return entry.get(rating) if isinstance(entry, dict) else entry


COUNTERS = {feedback_type.value: feedback_type.counter for feedback_type in FeedbackType}
