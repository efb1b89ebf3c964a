"""The way in: one shape of interaction, one function that stores it, and what comes apart from it."""

from .events import record_feedback, record_tags
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
from .record import MAX_BATCH, BatchTooLarge, IngestResult, Outcome, record_interactions

__all__ = [
    "MAX_BATCH",
    "MAX_KEY_CHARS",
    "AnotherRequest",
    "BatchTooLarge",
    "IngestResult",
    "InvalidInteraction",
    "NewFeedback",
    "NewInteraction",
    "Outcome",
    "Problem",
    "Target",
    "checked",
    "parse_interaction",
    "record_feedback",
    "record_interactions",
    "record_once",
    "record_tags",
]
