"""Private numbers that metrics and orderings are computed from.

A measure of one level is an aggregate over the interactions of a group. One of two levels
first reduces the interactions of each end user or conversation to a row, and then those rows
to the group's number. All are whole numbers, so that every database gives the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    Aggregate,
    Case,
    Count,
    DateTimeField,
    Expression,
    F,
    Max,
    Min,
    Q,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from interactions import dialect

MICROSECONDS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Measure:
    """An aggregate over a group's interactions.

    aggregate: makes it from the condition interactions must meet (None: all).
    is_distinct: counts different values, which costs more than all else.
    """

    name: str
    aggregate: Callable[[Q | None], Aggregate]
    is_distinct: bool = False

    @property
    def previous(self) -> str:
        """The name of the same measure over the previous period."""
        return f"{self.name}_prev"


@dataclass(frozen=True, kw_only=True)
class Entity:
    """What the first level of a two-level measure groups by besides the group."""

    column: str

    @property
    def is_known(self) -> Q:
        return Q(branch=self.column, entity__isnull=False)


END_USER = Entity(column="end_user_id")
CONVERSATION = Entity(column="conversation_id")
ENTITIES = (END_USER, CONVERSATION)


@dataclass(frozen=True, kw_only=True)
class TwoLevelMeasure:
    """A number over the end users or conversations of a group.

    first: aggregates, of declared types, over the interactions of one entity in the group; made with the
        last moment of the days that have started.
    second: an aggregate over the entities' rows, which have the columns of `first`.
    """

    name: str
    entity: Entity
    second: Callable[[], Aggregate]
    first: Callable[[Expression], Mapping[str, Any]] = lambda days_end: {}


def _count(name: str, column: str, *, distinct: bool = False) -> Measure:
    return Measure(
        name=name,
        aggregate=lambda where: Count(column, distinct=distinct, filter=where),
        is_distinct=distinct,
    )


def _sum(name: str, column: str) -> Measure:
    return Measure(name=name, aggregate=lambda where: Sum(column, filter=where, default=0))


N_INTERACTIONS = _count("n_interactions", "pk")
N_USERS = _count("n_users", "end_user_id", distinct=True)
N_POSITIVE_IMPLICIT = _sum("sum_positive_implicit", "n_positive_implicit")
N_POSITIVE_EXPLICIT = _sum("sum_positive_explicit", "n_positive_explicit")
N_NEGATIVE_IMPLICIT = _sum("sum_negative_implicit", "n_negative_implicit")
N_NEGATIVE_EXPLICIT = _sum("sum_negative_explicit", "n_negative_explicit")
COST = _sum("sum_cost", "cost_microusd")
LATENCY = _sum("sum_latency", "latency_us")
N_LATENCIES = _count("n_latencies", "latency_us")
N_INTENTS = _count("n_intents", "intent_id", distinct=True)
N_IN_CONVERSATIONS = _count("n_in_conversations", "conversation_id")
N_CONVERSATIONS = _count("n_conversations", "conversation_id", distinct=True)

N_ACTIVE_USERS = TwoLevelMeasure(
    name="n_active_users", entity=END_USER, second=lambda: Count("entity", filter=END_USER.is_known)
)
N_RETURNING_USERS = TwoLevelMeasure(
    name="n_returning_users",
    entity=END_USER,
    # Two or more days is the same as a first and a last day that differ, and cheaper.
    first=lambda days_end: {
        "first_at": Min("started_at", output_field=DateTimeField()),
        "last_at": Max("started_at", output_field=DateTimeField()),
    },
    second=lambda: Count(
        Case(When(~Q(dialect.SameDay(F("first_at"), F("last_at"))), then=F("entity"))),
        filter=END_USER.is_known,
    ),
)
N_USER_DAYS = TwoLevelMeasure(
    name="n_user_days",
    entity=END_USER,
    first=lambda days_end: {
        "n_days": Count(
            dialect.StartOfDay(F("started_at")), distinct=True, filter=Q(started_at__lte=days_end)
        )
    },
    second=lambda: Sum("n_days", filter=END_USER.is_known, default=0),
)
N_SESSIONS = TwoLevelMeasure(
    name="n_sessions", entity=CONVERSATION, second=lambda: Count("entity", filter=CONVERSATION.is_known)
)


def _session_span(days_end: Expression) -> Mapping[str, Any]:
    return {
        "span_us": dialect.MicrosecondsSinceEpoch(Max(Coalesce("ended_at", "started_at")))
        - dialect.MicrosecondsSinceEpoch(Min("started_at"))
    }


# In two sums: microseconds of many long conversations would not fit 64 bits.
SESSION_SECONDS = TwoLevelMeasure(
    name="sum_session_seconds",
    entity=CONVERSATION,
    first=_session_span,
    second=lambda: Sum(F("span_us") / Value(MICROSECONDS), filter=CONVERSATION.is_known, default=0),
)
SESSION_MICROSECONDS = TwoLevelMeasure(
    name="sum_session_microseconds",
    entity=CONVERSATION,
    first=_session_span,
    second=lambda: Sum(F("span_us") % Value(MICROSECONDS), filter=CONVERSATION.is_known, default=0),
)
