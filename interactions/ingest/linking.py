"""What belongs to an interaction but came apart from it: found by user, texts and time.

What finds none waits, and is linked when the interaction arrives, whichever way that comes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Coalesce

from interactions.anonymiser import mask_pii
from interactions.models import DimensionKind, EndUser, FeedbackAction, Interaction, WaitingTags

from .lookups import find_awaited
from .merging import merge_feedback
from .records import FeedbackRecord, InteractionRecord
from .transactions import read_locked
from .writing import delete_rows, insert_records

Change = Callable[[InteractionRecord], InteractionRecord]


@dataclass(frozen=True, kw_only=True)
class Target:
    """What an event says of its interaction.

    moment: aware; when the event happened, or, with is_start, when the interaction started.
    input, output: None when they were not given.
    """

    end_user: str
    moment: datetime
    is_start: bool = False
    input: str | None = None
    output: str | None = None

    @property
    def masked(self) -> Target:
        """The target with its texts as they are stored when they are anonymised."""
        regions = settings.ANONYMIZE_PHONE_REGIONS
        return replace(
            self,
            input=self.input and mask_pii(self.input, regions),
            output=self.output and mask_pii(self.output, regions),
        )


def find_interaction(using: str, project_id: int, target: Target, *others: Target) -> int | None:
    """The primary key of the user's newest interaction that fits the target, if there is one.

    It ended by the moment, or, with is_start, it had started. A text that is given is its own.
    others: the same target with its texts in other forms.
    """
    user = EndUser.objects.using(using).filter(project_id=project_id, external_id=target.end_user)
    user_id = user.values_list("id", flat=True).first()
    if user_id is None:
        return None
    # Served by interaction_user_started, from its end.
    rows = Interaction.objects.using(using).for_project(project_id)
    rows = rows.filter(end_user_id=user_id, started_at__lte=target.moment).order_by("-started_at", "-id")
    if not target.is_start:
        rows = rows.alias(end=Coalesce("ended_at", "started_at")).filter(end__lte=target.moment)
    given = {
        f"text__{name}__in": {getattr(form, name) for form in (target, *others)}
        for name in ("input", "output")
        if getattr(target, name) is not None
    }
    found = _first(rows.filter(**given))
    # An interaction whose content is hidden may have been about anything.
    return found if found is not None or not given else _first(rows.filter(text__input="", text__output=""))


def _first(rows: QuerySet) -> int | None:
    return rows.values_list("id", flat=True).first()


def with_feedback(action: FeedbackRecord) -> Change:
    return lambda record: replace(record, feedback=merge_feedback(record.feedback, [action]))


def with_tags(tags: Mapping[str, str]) -> Change:
    """Set the given keys; others stay."""
    labels = {(DimensionKind.TAG.value, key): [value] for key, value in tags.items()}
    return lambda record: replace(record, many_labels=record.many_labels | labels)


def change_interactions(
    using: str, project_id: int, changes: Mapping[int, Sequence[Change]]
) -> Mapping[int, UUID]:
    """Apply changes to stored interactions, in turn. -> their public ids, by primary key"""
    if not changes:
        return {}
    stored = read_locked(using, list(changes))
    writes = {}
    for pk, record in stored.items():
        changed = record
        for change in changes[pk]:
            changed = change(changed)
        if changed != record:
            writes[pk] = changed
    delete_rows(using, list(writes))
    insert_records(using, project_id, writes)
    return {pk: record.public_id for pk, record in stored.items()}


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    """A kind of event that can wait for its interaction.

    condition: of the rows that do. order: in which they are applied.
    """

    model: type[Model]
    condition: Q
    order: str
    target: Callable[[Any], Target]
    change: Callable[[Any], Change]


def _target_of_action(action: FeedbackAction) -> Target:
    return Target(
        end_user=action.end_user.external_id,
        moment=action.occurred_at,
        input=action.input,
        output=action.output,
    )


def _target_of_tags(waiting: WaitingTags) -> Target:
    return Target(
        end_user=waiting.end_user.external_id,
        moment=waiting.moment,
        is_start=waiting.is_start,
        input=waiting.input,
        output=waiting.output,
    )


def _change_by_action(action: FeedbackAction) -> Change:
    return with_feedback(FeedbackRecord(**{name: getattr(action, name) for name in FeedbackRecord.__slots__}))


_WAITING = (
    # Served by feedback_orphans.
    _Waiting(
        model=FeedbackAction,
        condition=Q(interaction=None),
        order="occurred_at",
        target=_target_of_action,
        change=_change_by_action,
    ),
    # Served by waiting_tags_of_user.
    _Waiting(
        model=WaitingTags,
        condition=Q(),
        order="id",
        target=_target_of_tags,
        change=lambda waiting: with_tags(waiting.tags),
    ),
)


def link_waiting(using: str, project_id: int, records: Collection[InteractionRecord]) -> None:
    """Link what waits for interactions of these users, after these of theirs were stored.

    One query when nothing waits. Call inside a transaction that has entered the project.
    """
    awaited = find_awaited(using, project_id, {record.end_user for record in records if record.end_user})
    if not awaited:
        return
    arrived = _arrived(records, awaited)
    changes: dict[int, list[Change]] = defaultdict(list)
    for kind in _WAITING:
        rows = kind.model.objects.using(using).filter(
            kind.condition, project_id=project_id, end_user__external_id__in=awaited
        )
        linked = []
        for event in rows.select_related("end_user").order_by(kind.order, "id"):
            target = kind.target(event)
            texts = arrived[target.end_user]
            # Nothing that was there before fits, or it would not wait: one query for each of thousands
            # that wait took seconds.
            if not any(_may_fit(target, stored, masked) for stored, masked in texts):
                continue
            others = [stored for stored, masked in texts if _has_texts_of(target, masked)]
            if (pk := find_interaction(using, project_id, target, *others)) is not None:
                changes[pk].append(kind.change(event))
                linked.append(event.pk)
        if linked:
            kind.model.objects.using(using).filter(pk__in=linked)._raw_delete(using)
    change_interactions(using, project_id, changes)


def _arrived(
    records: Iterable[InteractionRecord], end_users: Collection[str]
) -> Mapping[str, Sequence[tuple[Target, Target]]]:
    """By user, the texts that came and when they start: as they are stored, and as they would be masked.

    What waits is kept masked, and its interaction may not be: the JavaScript SDK has the one masked
    and not the other, unless it is told otherwise.
    """
    arrived: dict[str, list[tuple[Target, Target]]] = {end_user: [] for end_user in end_users}
    for record in records:
        if record.end_user in arrived:
            stored = Target(
                end_user=record.end_user, moment=record.started_at, input=record.input, output=record.output
            )
            arrived[record.end_user].append((stored, stored.masked))
    return arrived


def _may_fit(target: Target, stored: Target, masked: Target) -> bool:
    """Whether a target may mean what came, of the same user; only the database knows when that ended."""
    is_hidden = stored.input == stored.output == ""
    return stored.moment <= target.moment and (
        is_hidden or _has_texts_of(target, stored) or _has_texts_of(target, masked)
    )


def _has_texts_of(target: Target, texts: Target) -> bool:
    return all(getattr(target, name) in (None, getattr(texts, name)) for name in ("input", "output"))
