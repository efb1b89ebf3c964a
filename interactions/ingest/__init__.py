"""The way in: one shape of interaction, one function that stores it."""

from .new_interaction import InvalidInteraction, NewFeedback, NewInteraction, Problem, parse_interaction
from .record import MAX_BATCH, BatchTooLarge, IngestResult, Outcome, record_interactions

__all__ = [
    "MAX_BATCH",
    "BatchTooLarge",
    "IngestResult",
    "InvalidInteraction",
    "NewFeedback",
    "NewInteraction",
    "Outcome",
    "Problem",
    "parse_interaction",
    "record_interactions",
]
