"""Group-by kinds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from interactions import dialect
from interactions.models import DimensionKind, FeedbackType

from .parameters import TAG, Parameter, ParameterType
from .storage import Flag, GroupProfile, LabelBridge, LabelColumn, Reference, Storage, TimeBucket, WordSource

INCLUDE_EMPTY = Parameter(
    name="include_empty",
    type=ParameterType.BOOLEAN,
    default=False,
    help='Add the row of interactions without a value, named "".',
)
_NARROWING = (
    Parameter(
        name="only_customs",
        type=ParameterType.BOOLEAN,
        default=False,
        help="Keep only labels that the project's staff defined.",
    ),
    Parameter(
        name="similarity_search",
        type=ParameterType.STRING,
        help="Keep only labels that contain this text, ignoring case.",
    ),
    Parameter(
        name="most_relevant_first",
        type=ParameterType.BOOLEAN,
        default=True,
        help="Accepted for compatibility; `order_by` decides the order.",
    ),
    Parameter(name="field", type=ParameterType.NULL, help="Accepted for compatibility when null."),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Dimension:
    """One group-by kind.

    name_of: turns a grouped value that is not a word's id into the group's name.
    has_few_values: there are never more groups than a page shows.
    """

    kind: str
    storage: Storage
    help: str
    aliases: tuple[str, ...] = ()
    own_parameters: tuple[Parameter, ...] = ()
    name_of: Callable[[Any], str] = field(default=str)
    has_few_values: bool = False

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (*self.own_parameters, INCLUDE_EMPTY)


def _true_or_false(value: bool) -> str:
    return "true" if value else "false"


def _hour(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _has_feedback(feedback_type: FeedbackType) -> Q:
    return Q(**{f"{feedback_type.counter}__gt": 0})


def _label(kind: DimensionKind, help: str, *, public: str | None = None, many: bool = False) -> Dimension:
    storage = LabelBridge(kind=kind) if many else LabelColumn(kind=kind)
    return Dimension(
        kind=public or kind.value,
        aliases=(kind.value,) if public else (),
        storage=storage,
        help=help,
        own_parameters=_NARROWING,
    )


_ENTRIES = (
    _label(DimensionKind.INTENT, "What the user wanted.", public="user_intent"),
    _label(DimensionKind.NEGATIVE_INTENT, "What the user complained of.", public="negative_user_intent"),
    _label(DimensionKind.TOPIC, "What the interaction is about."),
    _label(DimensionKind.TYPE_OF_PROBLEM, "The kind of problem met."),
    _label(DimensionKind.LANGUAGE, "The language of the user's message."),
    _label(DimensionKind.MODEL, "The model that answered."),
    _label(DimensionKind.KEYWORD, "Each keyword.", many=True),
    _label(DimensionKind.DATA_SOURCE, "Each source the answer was built on.", many=True),
    _label(DimensionKind.EMOTION, "Each emotion.", many=True),
    _label(DimensionKind.FEATURE_FLAG, "Each feature flag that was on.", many=True),
    Dimension(
        kind="tag",
        storage=LabelBridge(kind=DimensionKind.TAG),
        own_parameters=(TAG,),
        help="The value of the tag with the given key.",
    ),
    Dimension(
        kind="user",
        storage=Reference(field="end_user", word_source=WordSource.END_USER),
        help="The end user.",
    ),
    Dimension(
        kind="conversation_id",
        storage=Reference(field="conversation", word_source=WordSource.CONVERSATION),
        help="The conversation.",
    ),
    Dimension(kind="cohort", storage=GroupProfile(), help="The group profile of the end user."),
    Dimension(
        kind="user_feedback",
        storage=LabelBridge(
            kind=DimensionKind.USER_FEEDBACK,
            has_value=reduce(or_, map(_has_feedback, FeedbackType)),
        ),
        has_few_values=True,
        help="Each of the four types of feedback the interaction has.",
    ),
    *(
        Dimension(
            kind=f"{feedback_type.value}_feedback",
            storage=Flag(condition=_has_feedback(feedback_type)),
            name_of=_true_or_false,
            has_few_values=True,
            help=f"Whether the interaction has {feedback_type.value.replace('_', ' ')} feedback.",
        )
        for feedback_type in FeedbackType
    ),
    Dimension(
        kind="pii",
        storage=Flag(condition=Q(has_pii=True)),
        name_of=_true_or_false,
        has_few_values=True,
        help="Whether personal data was found and masked.",
    ),
    Dimension(
        kind="hour",
        storage=TimeBucket(bucket=dialect.StartOfHour),
        name_of=_hour,
        help="The UTC hour the interaction started in, such as 2024-05-30T14:00:00Z.",
    ),
    Dimension(
        kind="day",
        storage=TimeBucket(bucket=dialect.StartOfDay),
        name_of=date.isoformat,
        help="The UTC day, such as 2024-05-30.",
    ),
    Dimension(
        kind="week",
        storage=TimeBucket(bucket=dialect.StartOfWeek),
        name_of=date.isoformat,
        help="The week, by its Monday.",
    ),
    Dimension(
        kind="month",
        storage=TimeBucket(bucket=dialect.StartOfMonth),
        name_of=date.isoformat,
        help="The month, by its first day.",
    ),
)

# Every accepted name, aliases included.
DIMENSIONS: dict[str, Dimension] = {
    name: entry for entry in _ENTRIES for name in (entry.kind, *entry.aliases)
}
