"""Feedback and tags that come after their interaction, or before it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS

from interactions.anonymiser import mask_pii
from interactions.models import EndUser, FeedbackAction, WaitingTags

from .linking import Target, change_interactions, find_interaction, with_feedback, with_tags
from .new_interaction import NewFeedback
from .records import FeedbackRecord, feedback_record
from .transactions import in_project
from .words import external_ids, update_group_profiles


def record_feedback(
    project_id: int,
    action: NewFeedback,
    target: Target,
    *,
    group_profile: str | None = None,
    anonymize: bool = True,
    using: str = DEFAULT_DB_ALIAS,
) -> UUID | None:
    """Link an action to its interaction, or keep it until that arrives.

    action: its timestamp, if it has one, is the target's moment.
    anonymize: mask PII in the action's text, and in the target's texts when they are kept.
    Returns the interaction's public id; None when it has not arrived.
    """
    kept = target.masked if anonymize else target
    if anonymize and action.text:
        action = action.model_copy(update={"text": mask_pii(action.text, settings.ANONYMIZE_PHONE_REGIONS)})
    record = feedback_record(action, happened_at=target.moment)

    def work() -> UUID | None:
        user_id = _user_id(using, project_id, target)
        if group_profile:
            update_group_profiles(using, project_id, {target.end_user: group_profile})
        pk = find_interaction(using, project_id, target, kept)
        if pk is not None:
            return change_interactions(using, project_id, {pk: [with_feedback(record)]})[pk]
        # A client that sends again after a time-out said it once. Served by feedback_orphans.
        FeedbackAction.objects.using(using).get_or_create(
            project_id=project_id,
            interaction=None,
            end_user_id=user_id,
            input=kept.input,
            output=kept.output,
            **{name: getattr(record, name) for name in FeedbackRecord.__slots__},
        )
        return None

    # Alone: whoever records the interaction meanwhile would not see that this waits for it.
    return in_project(using, project_id, {target.end_user}, work, alone=True)


def record_tags(
    project_id: int,
    tags: Mapping[str, str],
    target: Target,
    *,
    anonymize: bool = True,
    using: str = DEFAULT_DB_ALIAS,
) -> UUID | None:
    """Give an interaction tags, or keep them until it arrives: given keys overwrite, others stay.

    Returns the interaction's public id; None when it has not arrived.
    """
    kept = target.masked if anonymize else target

    def work() -> UUID | None:
        pk = find_interaction(using, project_id, target, kept)
        if pk is not None:
            return change_interactions(using, project_id, {pk: [with_tags(tags)]})[pk]
        WaitingTags.objects.using(using).create(
            project_id=project_id,
            end_user_id=_user_id(using, project_id, target),
            moment=target.moment,
            is_start=target.is_start,
            input=kept.input,
            output=kept.output,
            tags=dict(tags),
        )
        return None

    return in_project(using, project_id, {target.end_user}, work, alone=True)


def _user_id(using: str, project_id: int, target: Target) -> int:
    return external_ids(using, EndUser, project_id, {target.end_user})[target.end_user]
