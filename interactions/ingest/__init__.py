"""The way in: one shape of interaction, one function that stores it, and what comes apart from it."""

from .events import record_feedback, record_tags
from .gathering import Outcome
from .idempotency import MAX_KEY_CHARS, AnotherRequest, record_once
from .linking import Target
from .new_interaction import (
    InvalidInteraction,
    NewFeedback,
    NewInteraction,
    Problem,
    checked,
    parse_interaction,
)
from .price_table import load_price_table
from .record import MAX_BATCH, BatchTooLarge, IngestResult, record_batches, record_interactions
from .spans import record_spans
from .tracing import NewSpan, SpanKey
from .values import repaired_json

__all__ = [
    "MAX_BATCH",
    "MAX_KEY_CHARS",
    "AnotherRequest",
    "BatchTooLarge",
    "IngestResult",
    "InvalidInteraction",
    "NewFeedback",
    "NewInteraction",
    "NewSpan",
    "Outcome",
    "Problem",
    "SpanKey",
    "Target",
    "checked",
    "load_price_table",
    "parse_interaction",
    "record_batches",
    "record_feedback",
    "record_interactions",
    "record_once",
    "record_spans",
    "record_tags",
    "repaired_json",
]
