"""What is stored. The fact row is narrow; words and texts live beside it."""

from .columnar import DirtyMark, Family, SealedFile
from .deletion import Deletion, HiddenInteraction
from .eligible import EligibleUser
from .feedback import FeedbackAction, FeedbackSlug, FeedbackType
from .interaction import Interaction, InteractionLabel, InteractionQuerySet, InteractionText, is_hidden
from .prices import ModelPrice
from .project import DEFAULT_SCOPES, Project, ProjectAPIKey, Scope
from .spans import KnownSpan, SpanRole
from .waiting import IdempotentAnswer, WaitingTags
from .words import MAX_WORD_CHARS, Conversation, Dimension, DimensionKind, EndUser, Label

__all__ = [
    "DEFAULT_SCOPES",
    "MAX_WORD_CHARS",
    "Conversation",
    "Deletion",
    "Dimension",
    "DimensionKind",
    "DirtyMark",
    "EligibleUser",
    "EndUser",
    "Family",
    "FeedbackAction",
    "FeedbackSlug",
    "FeedbackType",
    "HiddenInteraction",
    "IdempotentAnswer",
    "Interaction",
    "InteractionLabel",
    "InteractionQuerySet",
    "InteractionText",
    "KnownSpan",
    "Label",
    "ModelPrice",
    "Project",
    "ProjectAPIKey",
    "Scope",
    "SealedFile",
    "SpanRole",
    "WaitingTags",
    "is_hidden",
]
