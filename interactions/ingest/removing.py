"""Removing what deletions hide, with those who are known by nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from interactions import dialect
from interactions.models import (
    Conversation,
    Deletion,
    EndUser,
    FeedbackAction,
    HiddenInteraction,
    Interaction,
    WaitingTags,
)

from .portions import in_portions
from .writing import delete_named, delete_rows


def remove_hidden(using: str, project_id: int) -> None:
    """Remove all that deletions hide in a project, whoever asked for them; call outside transactions."""
    in_portions(using, project_id, partial(_remove_portion, using, project_id))


def remove_at_once(using: str, primary_keys: Sequence[int]) -> None:
    """Remove hidden interactions that are recorded again; call inside a transaction."""
    delete_rows(using, primary_keys)
    hidden = HiddenInteraction.objects.using(using).filter(deletion__in=Deletion.objects.hiding())
    _delete_hidden(hidden, primary_keys)


def remove_keys(using: str, deletion: Deletion, size: int) -> int | None:
    """Remove up to `size` of the keys that a deletion has. -> how many; None when it has none"""
    keys = _keys(using, deletion, size)
    _delete_hidden(HiddenInteraction.objects.using(using).filter(deletion=deletion), keys)
    return len(keys) or None


def _remove_portion(using: str, project_id: int, size: int) -> int | None:
    """Remove up to `size` rows of the project's first deletion; None when none hides any more."""
    deletion = Deletion.objects.using(using).hiding().filter(project_id=project_id).order_by("id").first()
    if deletion is None:
        return None
    n_removed = _remove_interactions(using, deletion, size)
    if n_removed < size and not deletion.selection:
        # Of everything, also those whose interactions were gone before, or never came.
        n_removed += _remove_users(_users(using, deletion), size)
        n_removed += _remove_conversations(_conversations(using, deletion), size)
    if n_removed < size:
        deletion.finished_at = timezone.now()
        deletion.save(using=using, update_fields=["finished_at"])
    return min(n_removed, size)


def _remove_interactions(using: str, deletion: Deletion, size: int) -> int:
    keys = _keys(using, deletion, size)
    rows = Interaction.objects.using(using).filter(dialect.is_one_of(using, "id", keys))
    known_by = list(rows.values_list("end_user_id", "conversation_id"))
    users, conversations = map(set, zip(*known_by, strict=True)) if known_by else (set(), set())
    delete_rows(using, keys)
    _delete_hidden(HiddenInteraction.objects.using(using).filter(deletion=deletion), keys)
    if n_taken := len(keys) - len(known_by):
        # Another deletion named them, too, and had its turn before: each is counted once.
        Deletion.objects.using(using).filter(pk=deletion.pk).update(
            n_interactions=F("n_interactions") - n_taken
        )
    _remove_users(_users(using, deletion).filter(dialect.is_one_of(using, "id", users - {None})))
    _remove_conversations(
        _conversations(using, deletion).filter(dialect.is_one_of(using, "id", conversations - {None}))
    )
    return len(keys)


def _keys(using: str, deletion: Deletion, size: int) -> list[int]:
    """The first of a deletion's keys. Served by the primary key."""
    named = HiddenInteraction.objects.using(using).filter(deletion=deletion).order_by("interaction_id")
    return list(named.values_list("interaction_id", flat=True)[:size])


def _delete_hidden(hidden: QuerySet[HiddenInteraction], keys: Sequence[int]) -> None:
    # Served by the primary key.
    hidden.filter(dialect.is_one_of(hidden.db, "interaction_id", keys))._raw_delete(hidden.db)


def _users(using: str, deletion: Deletion) -> QuerySet[EndUser]:
    """Who may go; when everything goes, not those for whom something waits, which came since."""
    users = EndUser.objects.using(using).filter(project_id=deletion.project_id)
    if deletion.selection:
        return users
    for model in (FeedbackAction, WaitingTags):
        # Served by the indexes on their users.
        users = users.exclude(Exists(model.objects.filter(end_user=OuterRef("pk"))))
    return users


def _conversations(using: str, deletion: Deletion) -> QuerySet[Conversation]:
    return Conversation.objects.using(using).filter(project_id=deletion.project_id)


def _remove_users(users: QuerySet[EndUser], size: int | None = None) -> int:
    """Remove those of whom no interaction is left, with what waits for one of theirs. -> how many"""
    # Served by interaction_user_started.
    gone = list(users.exclude(_has_interaction("end_user_id")).values_list("id", flat=True)[:size])
    for model in (FeedbackAction, WaitingTags):
        # Served by the indexes on their users.
        delete_named(users.db, model, "end_user_id", gone)
    delete_named(users.db, EndUser, "id", gone)
    return len(gone)


def _remove_conversations(conversations: QuerySet[Conversation], size: int | None = None) -> int:
    # Served by interaction_conv_started.
    gone = list(
        conversations.exclude(_has_interaction("conversation_id")).values_list("id", flat=True)[:size]
    )
    delete_named(conversations.db, Conversation, "id", gone)
    return len(gone)


def _has_interaction(column: str) -> Exists:
    return Exists(Interaction.objects.filter(**{column: OuterRef("pk")}))
