"""What rows can be ordered by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db.models import F, FloatField
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, NullIf

from . import measures as m
from .measures import Measure, TwoLevelMeasure


@dataclass(frozen=True, kw_only=True, eq=False)
class Ordering:
    """One `order_by` key.

    expression: over the named measures; None orders by the groups' names.
    of_total: what the expression gives, of the measures of one row; None when that has no value.
    """

    name: str
    help: str
    expression: Combinable | None
    of_total: Callable[[Mapping[str, int]], int | float | None] | None = None
    measures: tuple[Measure, ...] = ()
    two_level_measures: tuple[TwoLevelMeasure, ...] = ()
    needs_previous: bool = False


def _ratio(numerator: Combinable, denominator: Combinable) -> Combinable:
    # As floating point first: whole numbers would be divided to a whole number.
    return Cast(numerator, FloatField()) / NullIf(Cast(denominator, FloatField()), Cast(0, FloatField()))


def _quotient(numerator: int, denominator: int) -> float | None:
    # As `_ratio`: both are doubles first.
    return float(numerator) / float(denominator) if denominator else None


def _sum_of(name: str, help: str, *measures: Measure) -> Ordering:
    first, *others = (F(measure.name) for measure in measures)
    return Ordering(
        name=name,
        help=help,
        measures=measures,
        expression=sum(others, first),
        of_total=lambda numbers: sum(numbers[measure.name] for measure in measures),
    )


_POSITIVE = (m.N_POSITIVE_IMPLICIT, m.N_POSITIVE_EXPLICIT)
_NEGATIVE = (m.N_NEGATIVE_IMPLICIT, m.N_NEGATIVE_EXPLICIT)

_ENTRIES = (
    _sum_of("n_interactions", "Number of interactions.", m.N_INTERACTIONS),
    _sum_of("n_users", "Number of distinct end users.", m.N_USERS),
    _sum_of("user_feedback", "Number of feedback items.", *_POSITIVE, *_NEGATIVE),
    _sum_of("positive_feedback", "Number of positive feedback items.", *_POSITIVE),
    _sum_of("negative_feedback", "Number of negative feedback items.", *_NEGATIVE),
    _sum_of("positive_implicit_feedback", "Positive implicit feedback items.", m.N_POSITIVE_IMPLICIT),
    _sum_of("negative_implicit_feedback", "Negative implicit feedback items.", m.N_NEGATIVE_IMPLICIT),
    _sum_of("positive_explicit_feedback", "Positive explicit feedback items.", m.N_POSITIVE_EXPLICIT),
    _sum_of("negative_explicit_feedback", "Negative explicit feedback items.", m.N_NEGATIVE_EXPLICIT),
    Ordering(
        name="trend",
        help="Relative change of the number of interactions against the previous period.",
        measures=(m.N_INTERACTIONS,),
        needs_previous=True,
        expression=_ratio(
            F(m.N_INTERACTIONS.name) - F(m.N_INTERACTIONS.previous), F(m.N_INTERACTIONS.previous)
        ),
        of_total=lambda numbers: _quotient(
            numbers[m.N_INTERACTIONS.name] - numbers[m.N_INTERACTIONS.previous],
            numbers[m.N_INTERACTIONS.previous],
        ),
    ),
    Ordering(
        name="retention",
        help="Share of returning users.",
        two_level_measures=(m.N_RETURNING_USERS, m.N_ACTIVE_USERS),
        expression=_ratio(F(m.N_RETURNING_USERS.name), F(m.N_ACTIVE_USERS.name)),
        of_total=lambda numbers: _quotient(numbers[m.N_RETURNING_USERS.name], numbers[m.N_ACTIVE_USERS.name]),
    ),
    _sum_of("cost", "Sum of the costs.", m.COST),
    Ordering(
        name="latency_seconds",
        help="Mean latency.",
        measures=(m.LATENCY, m.N_LATENCIES),
        expression=_ratio(F(m.LATENCY.name), F(m.N_LATENCIES.name)),
        of_total=lambda numbers: _quotient(numbers[m.LATENCY.name], numbers[m.N_LATENCIES.name]),
    ),
    _sum_of("n_intents", "Number of distinct intents.", m.N_INTENTS),
    Ordering(name="group_name", help="The name of the group, by code point.", expression=None),
)

ORDERINGS: dict[str, Ordering] = {entry.name: entry for entry in _ENTRIES}
DEFAULT_ORDERING = ORDERINGS["n_interactions"]
