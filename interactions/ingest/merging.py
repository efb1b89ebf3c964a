"""What becomes of an interaction that is sent again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace

from interactions.models import FeedbackSlug

from .records import FeedbackRecord, InteractionRecord

_THUMBS = {FeedbackSlug.THUMBS_UP, FeedbackSlug.THUMBS_DOWN}
_FIELDS = [field.name for field in fields(InteractionRecord)]


def _rivals(stored: Iterable[FeedbackRecord], action: FeedbackRecord) -> list[FeedbackRecord]:
    """The actions that `action` replaces: its slug's earlier self, and for a thumb the other thumb."""
    slugs = _THUMBS if action.slug in _THUMBS else {action.slug}
    return [other for other in stored if other.slug in slugs]


def merge_feedback(stored: list[FeedbackRecord], new: list[FeedbackRecord]) -> list[FeedbackRecord]:
    """Actions after `new` arrived, in this order.

    One that happened before what it would replace comes late, or again with its interaction: it is dropped.
    """
    merged = list(stored)
    for action in new:
        rivals = _rivals(merged, action)
        if all(other.occurred_at <= action.occurred_at for other in rivals):
            merged = [other for other in merged if other not in rivals] + [action]
    return sorted(merged, key=lambda action: (action.occurred_at, action.slug))


def merge_record(stored: InteractionRecord, new: InteractionRecord) -> InteractionRecord:
    """The interaction after it was sent again: what is given overwrites, what is absent stays.

    The id stays the stored one. Equal to `stored` when the resend says nothing new.
    """
    given = {
        name: value
        for name in _FIELDS
        if (value := getattr(new, name)) is not None and value != [] and value != {}
    }
    return replace(
        stored,
        **given
        | {
            "public_id": stored.public_id,
            # An end belongs to its start: an old one may even lie before a start that moved.
            "ended_at": new.ended_at or (stored.ended_at if new.started_at == stored.started_at else None),
            # The user's, not the interaction's: `update_group_profiles` keeps it.
            "group_profile": stored.group_profile,
            "has_pii": stored.has_pii or new.has_pii,
            # Calls are of the tokens they came with.
            "model_calls": stored.model_calls if new.usage == (None, None, None) else new.model_calls,
            # A cost that is sent is no longer ours; sent back as it was, it says nothing new.
            "is_cost_computed": stored.is_cost_computed and new.cost_microusd in (None, stored.cost_microusd),
            "labels": stored.labels | new.labels,
            "many_labels": stored.many_labels | new.many_labels,
            "feedback": merge_feedback(stored.feedback, new.feedback),
        },
    )
