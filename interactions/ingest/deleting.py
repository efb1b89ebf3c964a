"""Deleting what was recorded: gone for everyone who asks at one moment, then removed in portions.

Removing a million interactions takes minutes. In one transaction it would keep SQLite's other
writers waiting as long; portion by portion, readers would see some gone and others not. So they
are hidden first, all in one short transaction, and their rows removed after that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils import timezone

from interactions import dialect
from interactions.models import (
    Conversation,
    Deletion,
    EndUser,
    FeedbackAction,
    HiddenInteraction,
    Interaction,
    KnownSpan,
    WaitingTags,
)

from .transactions import in_project
from .writing import delete_named, delete_rows

# What writers wait for a portion, about.
_PORTION_SECONDS = 0.6
# What is removed is named by its keys: whose it is, nobody knows.
_ANYBODY = (None,)
_FIRST_PORTION = 250
_MAX_PORTION = 10_000
# A writer that SQLite makes wait looks again after a tenth of a second at the latest.
_REST_SECONDS = 0.11
# Who is still removing after so long may be helped; most likely the process is no more.
_LEFT_BEHIND_AFTER = timedelta(minutes=10)


class _OvertakenError(Exception):
    """Another deletion hid interactions since ours were found."""


def delete_interactions(
    project_id: int,
    find: Callable[[], Sequence[int]],
    *,
    requested_by: str,
    selection: dict[str, Any],
    using: str = DEFAULT_DB_ALIAS,
) -> int:
    """Delete interactions with their texts, labels and feedback, and who is known by them alone.

    find: gives the primary keys of interactions of the project, in ascending order, without
        those that are hidden already. It is called in a snapshot, again after another deletion
        came in between.
    requested_by, selection: for the audit. An empty selection is everything: what waits for an
        interaction goes too, spans of traces, and every user and conversation without one. What
        comes while rows are removed stays.
    Call outside transactions. When it returns, no row is left. If the process ends before, they
    stay hidden, and `finish_deletions` removes them. -> how many were deleted
    """
    n_deleted = _hide(using, project_id, find, requested_by, selection)
    if n_deleted > _FIRST_PORTION:
        # To hide many took others a moment, too.
        time.sleep(_REST_SECONDS)
    _remove_hidden(using, project_id)
    return n_deleted


def finish_deletions(using: str = DEFAULT_DB_ALIAS) -> None:
    """Remove what deletions left behind that were cut off."""
    left = Deletion.objects.using(using).filter(
        finished_at__isnull=True, requested_at__lt=timezone.now() - _LEFT_BEHIND_AFTER
    )
    for project_id in set(left.order_by().values_list("project_id", flat=True)):
        _remove_hidden(using, project_id)


def remove_at_once(using: str, primary_keys: Sequence[int]) -> None:
    """Remove hidden interactions that are recorded again; call inside a transaction."""
    delete_rows(using, primary_keys)
    delete_named(using, HiddenInteraction, "interaction_id", primary_keys)


def _hide(
    using: str,
    project_id: int,
    find: Callable[[], Sequence[int]],
    requested_by: str,
    selection: dict[str, Any],
) -> int:
    while True:
        with dialect.snapshot(using):
            newest = _newest(using, project_id)
            keys = find()

        def work(keys: Sequence[int] = keys, newest: int | None = newest) -> None:
            if _newest(using, project_id) != newest:
                raise _OvertakenError
            now = timezone.now()
            deletion = Deletion.objects.using(using).create(
                project_id=project_id,
                requested_by=requested_by,
                requested_at=now,
                selection=selection,
                n_interactions=len(keys),
                finished_at=None if keys or not selection else now,
            )
            if not selection:
                # Now rather than in the end: what comes until then waits for interactions that stay.
                _remove_waiting(using, project_id)
            rows = ((key, deletion.pk) for key in keys)
            dialect.insert_rows(using, HiddenInteraction, ("interaction_id", "deletion_id"), rows)

        try:
            in_project(using, project_id, _ANYBODY, work, alone=True)
        except _OvertakenError:
            continue
        return len(keys)


def _remove_waiting(using: str, project_id: int) -> None:
    FeedbackAction.objects.using(using).filter(project_id=project_id, interaction=None)._raw_delete(using)
    for model in (WaitingTags, KnownSpan):
        model.objects.using(using).filter(project_id=project_id)._raw_delete(using)


def _newest(using: str, project_id: int) -> int | None:
    return Deletion.objects.using(using).filter(project_id=project_id).aggregate(newest=Max("id"))["newest"]


def _remove_hidden(using: str, project_id: int) -> None:
    size = _FIRST_PORTION
    started = 0.0

    def work() -> int | None:
        # Not before: it may have waited for others.
        nonlocal started
        started = time.monotonic()
        return _remove_portion(using, project_id, size)

    while True:
        n_removed = in_project(using, project_id, _ANYBODY, work, alone=True)
        if n_removed is None:
            return
        if n_removed < size:
            continue
        # By how long this one took: texts may be short or a megabyte each.
        faster = _PORTION_SECONDS / max(time.monotonic() - started, 0.001)
        size = max(1, min(int(size * min(faster, 2)), _MAX_PORTION))
        time.sleep(_REST_SECONDS)


def _remove_portion(using: str, project_id: int, size: int) -> int | None:
    """Remove up to `size` interactions of the project's first deletion; None when none is unfinished."""
    # Served by deletion_unfinished.
    unfinished = Deletion.objects.using(using).filter(project_id=project_id, finished_at__isnull=True)
    deletion = unfinished.order_by("id").first()
    if deletion is None:
        return None
    # Served by the primary key.
    hidden = HiddenInteraction.objects.using(using).filter(deletion=deletion).order_by("interaction_id")
    keys = list(hidden.values_list("interaction_id", flat=True)[:size])
    rows = Interaction.objects.using(using).filter(dialect.is_one_of(using, "id", keys))
    known_by = list(rows.values_list("end_user_id", "conversation_id"))
    users, conversations = map(set, zip(*known_by, strict=True)) if known_by else (set(), set())
    remove_at_once(using, keys)
    _remove_users(_users(using, deletion).filter(dialect.is_one_of(using, "id", users - {None})))
    _remove_conversations(
        _conversations(using, deletion).filter(dialect.is_one_of(using, "id", conversations - {None}))
    )
    if len(keys) < size:
        _finish(using, deletion)
    return len(keys)


def _finish(using: str, deletion: Deletion) -> None:
    if not deletion.selection:
        _remove_users(_users(using, deletion))
        _remove_conversations(_conversations(using, deletion))
    deletion.finished_at = timezone.now()
    deletion.save(using=using, update_fields=["finished_at"])


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


def _remove_users(users: QuerySet[EndUser]) -> None:
    """Remove those of whom no interaction is left, with what waits for one of theirs."""
    # Served by interaction_user_started.
    gone = list(users.exclude(_has_interaction("end_user_id")).values_list("id", flat=True))
    for model in (FeedbackAction, WaitingTags):
        # Served by the indexes on their users.
        delete_named(users.db, model, "end_user_id", gone)
    delete_named(users.db, EndUser, "id", gone)


def _remove_conversations(conversations: QuerySet[Conversation]) -> None:
    # Served by interaction_conv_started.
    gone = list(conversations.exclude(_has_interaction("conversation_id")).values_list("id", flat=True))
    delete_named(conversations.db, Conversation, "id", gone)


def _has_interaction(column: str) -> Exists:
    return Exists(Interaction.objects.filter(**{column: OuterRef("pk")}))
