"""Deleting what was recorded: gone for everyone who asks at one moment, then removed in portions.

Removing a million interactions takes minutes. In one transaction it would keep SQLite's other
writers waiting as long; portion by portion, readers would see some gone and others not. So their
keys are written first, portion by portion and to no effect; then one row that says so hides them
all; and their rows are removed after that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import DEFAULT_DB_ALIAS, OperationalError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from interactions import dialect
from interactions.models import (
    Deletion,
    FeedbackAction,
    HiddenInteraction,
    IdempotentAnswer,
    KnownSpan,
    WaitingTags,
)

from .portions import ANYBODY, NOBODY, in_portions, rest
from .removing import remove_hidden, remove_keys
from .transactions import in_project
from .writing import delete_named

# SQLite writes them in a twentieth of a second, for which other writers wait.
_KEYS_A_PORTION = 25_000
# So few of each kind go along at the moment of hiding.
_FEW_WAITING = 1_000
# Who is still removing after so long may be helped; most likely the process is no more.
_LEFT_BEHIND_AFTER = timedelta(minutes=10)
# Who is still preparing after so long is no more; until then it is in nobody's way.
_GIVEN_UP_AFTER = timedelta(hours=1)


class GivenUp(OperationalError):
    """A deletion took so long to prepare that it was taken for one that was cut off."""


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
        those that are hidden already. It is called in a snapshot. What it finds goes, even if it
        is changed before it is hidden; what is recorded after it looked stays.
    requested_by, selection: for the audit. An empty selection is everything: what waits for an
        interaction goes too, spans of traces, answers to requests that may come again, and every
        user and conversation without one. What comes while rows are removed stays.
    Call outside transactions. When it returns, no row is left. If the process ends before they are
    hidden, they stay; if it ends later, they stay hidden. `finish_deletions` cleans up after both.
    -> how many were deleted; those that another deletion was faster to remove are not among them
    Raises GivenUp, and nothing is deleted.
    """
    deletion = _prepare(using, project_id, find, requested_by, selection)
    _hide(using, deletion)
    remove_hidden(using, project_id)
    return Deletion.objects.using(using).values_list("n_interactions", flat=True).get(pk=deletion.pk)


def finish_deletions(using: str = DEFAULT_DB_ALIAS) -> None:
    """Remove what deletions left behind that were cut off, before or after they hid."""
    now = timezone.now()
    left = Deletion.objects.using(using).hiding().filter(hidden_at__lt=now - _LEFT_BEHIND_AFTER)
    for project_id in set(left.order_by().values_list("project_id", flat=True)):
        remove_hidden(using, project_id)
    has_keys = Exists(HiddenInteraction.objects.filter(deletion=OuterRef("pk")))
    # Served by deletion_never_hid.
    in_vain = Deletion.objects.using(using).filter(
        Q(finished_at=None) | has_keys, hidden_at=None, requested_at__lt=now - _GIVEN_UP_AFTER
    )
    for deletion in in_vain:
        _give_up(using, deletion)


def _prepare(
    using: str,
    project_id: int,
    find: Callable[[], Sequence[int]],
    requested_by: str,
    selection: dict[str, Any],
) -> Deletion:
    with dialect.snapshot(using):
        keys = find()
    deletion = Deletion(
        project_id=project_id,
        requested_by=requested_by,
        requested_at=timezone.now(),
        selection=selection,
        n_interactions=len(keys),
    )
    in_project(using, project_id, NOBODY, partial(deletion.save, using=using))
    for start in range(0, len(keys), _KEYS_A_PORTION):
        rows = [(deletion.pk, key) for key in keys[start : start + _KEYS_A_PORTION]]
        columns = ("deletion_id", "interaction_id")
        in_project(
            using,
            project_id,
            NOBODY,
            partial(dialect.insert_rows, using, HiddenInteraction, columns, rows),
        )
        if len(rows) == _KEYS_A_PORTION:
            rest()
    if not selection:
        for waiting in _waiting(using, project_id):
            in_portions(using, project_id, partial(_remove_waiting, waiting))
    return deletion


def _hide(using: str, deletion: Deletion) -> None:
    """Let a prepared deletion hide what it names, all of it, beside no other writer to the project.

    Nobody asks whether another deletion came before: of what both name, the rows are removed once.
    """

    def work() -> None:
        now = timezone.now()
        is_empty = deletion.selection and not deletion.n_interactions
        prepared = Deletion.objects.using(using).filter(pk=deletion.pk, finished_at=None)
        if not prepared.update(hidden_at=now, finished_at=now if is_empty else None):
            raise GivenUp
        if not deletion.selection:
            # What came since the portions. Not later: what comes then waits for interactions that stay.
            for waiting in _waiting(using, deletion.project_id):
                waiting._raw_delete(using)

    in_project(using, deletion.project_id, ANYBODY, work, alone=True)


def _waiting(using: str, project_id: int) -> list[QuerySet]:
    """What waits in a project for an interaction, or for who sends the same again."""
    return [
        # Served by feedback_orphans.
        FeedbackAction.objects.using(using).filter(project_id=project_id, interaction=None).order_by(),
        # Served by waiting_tags_of_project.
        WaitingTags.objects.using(using).filter(project_id=project_id),
        # Served by span_known_once.
        KnownSpan.objects.using(using).filter(project_id=project_id),
        # Served by idempotency_key_once.
        IdempotentAnswer.objects.using(using).filter(project_id=project_id),
    ]


def _remove_waiting(waiting: QuerySet, size: int) -> int | None:
    """Remove up to `size`, but leave a few, with which the moment of hiding is still short.

    As long as there are no more, nothing is lost when the process ends before that moment.
    """
    keys = list(waiting.values_list("id", flat=True)[: _FEW_WAITING + size])[_FEW_WAITING:]
    delete_named(waiting.db, waiting.model, "id", keys)
    return len(keys) or None


def _give_up(using: str, deletion: Deletion) -> None:
    """Let a deletion that was prepared in vain never hide, and remove its keys.

    Its line stays: who asked for it may look there for why nothing was deleted.
    """

    def work() -> int:
        prepared = Deletion.objects.using(using).filter(pk=deletion.pk, hidden_at=None)
        return prepared.update(n_interactions=0, finished_at=timezone.now())

    # Unless it came to hide after all.
    if in_project(using, deletion.project_id, NOBODY, work):
        in_portions(using, deletion.project_id, partial(remove_keys, using, deletion))
