"""The public forms of feedback and tags that come apart from their interaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from interactions.ingest import NewFeedback, Target, checked
from interactions.ingest.new_interaction import Checked
from interactions.ingest.values import Flag, Moment, RequiredWord, Tags, Text, Word

from .sent import Sent, all_of, first_given, object_at

# What clients call the action of a call for feedback, and the moment of one for tags.
ACTION_NAMES = ("action", "feedback")
TAG_MOMENTS = ("time_start", "timestamp")


class Metadata(Checked):
    """Which interaction an event belongs to."""

    end_user: RequiredWord
    """Who did it."""
    timestamp: Moment
    """When."""
    input: Text | None = None
    """The interaction's input; without it, any will do."""
    output: Text | None = None
    """The interaction's output; without it, any will do."""
    anonymize: Flag = True
    """Mask personal data before it is stored, and in what is compared."""
    end_user_group_profile: Word = None
    """The group of the user."""

    def target(self, *, is_start: bool) -> Target:
        # An empty text is what some clients send for none.
        return Target(
            end_user=self.end_user,
            moment=self.timestamp,
            is_start=is_start,
            input=self.input or None,
            output=self.output or None,
        )


class SentTags(Checked):
    tags: Tags
    """The given keys overwrite, others stay."""


@dataclass(frozen=True, kw_only=True)
class FeedbackEvent:
    action: NewFeedback
    target: Target
    group_profile: str | None
    anonymize: bool


@dataclass(frozen=True, kw_only=True)
class TagsEvent:
    tags: dict[str, str]
    target: Target
    anonymize: bool


def feedback(body: Mapping[str, Any]) -> FeedbackEvent:
    """{"action" or "feedback": {"slug", ...}, "metadata": {...}}"""
    name, raw = first_given(body, ACTION_NAMES) or (ACTION_NAMES[0], None)
    action, metadata = all_of(
        [
            lambda: Sent(fields=object_at(raw, ("body", name)), loc=("body", name)).parse(_action),
            lambda: _metadata(body, "timestamp"),
        ]
    )
    return FeedbackEvent(
        action=action,
        target=metadata.target(is_start=False),
        group_profile=metadata.end_user_group_profile,
        anonymize=metadata.anonymize,
    )


def tags(body: Mapping[str, Any]) -> TagsEvent:
    """{"tags": {key: value}, "metadata": {..., "time_start" or "timestamp"}}"""
    raw = body.get("metadata")
    given = first_given(raw, TAG_MOMENTS) if isinstance(raw, Mapping) else None
    name, _ = given or (TAG_MOMENTS[0], None)
    sent, metadata = all_of(
        [
            lambda: Sent(fields=body, loc=("body",)).parse(lambda given: checked(SentTags, given)),
            lambda: _metadata(body, name),
        ]
    )
    return TagsEvent(
        tags=sent.tags, target=metadata.target(is_start=name == TAG_MOMENTS[0]), anonymize=metadata.anonymize
    )


def _action(raw: Mapping[str, Any]) -> NewFeedback:
    return checked(NewFeedback, raw)


def _metadata(body: Mapping[str, Any], moment: str) -> Metadata:
    """moment: what the client calls the time."""
    loc = ("body", "metadata")
    raw = object_at(body.get("metadata"), loc)
    sent = Sent(fields={**raw, "timestamp": raw.get(moment)}, loc=loc, names={"timestamp": moment})
    return sent.parse(lambda given: checked(Metadata, given))
