"""Variables: what each fills in a row, and how it follows from the measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import measures as m
from .measures import Measure, TwoLevelMeasure
from .range_numbers import N_ELIGIBLE_USERS, N_STARTED_DAYS, RangeNumber

Number = int | float


@dataclass(frozen=True, kw_only=True)
class MetricField:
    """One field of a row.

    value: computes it from the measures and the numbers of the range, in their order; None when
        there is no value, and then the field is left out.
    has_previous: `include_previous` adds the same over the previous period.
    """

    name: str
    unit: str
    value: Callable[..., Number | None]
    measures: tuple[Measure, ...] = ()
    two_level_measures: tuple[TwoLevelMeasure, ...] = ()
    has_previous: bool = False
    range_numbers: tuple[RangeNumber, ...] = ()

    @property
    def inputs(self) -> tuple[Measure | TwoLevelMeasure | RangeNumber, ...]:
        """What `value` is computed from."""
        return (*self.measures, *self.two_level_measures, *self.range_numbers)

    @property
    def json_type(self) -> str:
        return "integer" if self.unit in ("count", "micro-dollars") else "number"


@dataclass(frozen=True, kw_only=True, eq=False)
class Metric:
    """One variable."""

    name: str
    help: str
    fields: tuple[MetricField, ...]
    is_default: bool = False

    @property
    def has_previous(self) -> bool:
        """Whether it is a count, of which the range before has its own; all its fields are, or none."""
        return all(field.has_previous for field in self.fields)


def _ratio(numerator: int, denominator: int) -> float | None:
    return numerator / denominator if denominator else None


def _count_field(name: str, *measures: Measure) -> MetricField:
    return MetricField(
        name=name, unit="count", measures=measures, value=lambda *numbers: sum(numbers), has_previous=True
    )


def _mean_seconds(total_us: int, count: int) -> float | None:
    return _ratio(total_us, count * m.MICROSECONDS)


_FEEDBACK = (m.N_POSITIVE_IMPLICIT, m.N_POSITIVE_EXPLICIT, m.N_NEGATIVE_IMPLICIT, m.N_NEGATIVE_EXPLICIT)

_ENTRIES = (
    Metric(
        name="n_interactions",
        help="Number of interactions.",
        fields=(_count_field("n_interactions", m.N_INTERACTIONS),),
        is_default=True,
    ),
    Metric(
        name="n_users",
        help="Number of distinct end users.",
        fields=(_count_field("n_users", m.N_USERS),),
        is_default=True,
    ),
    Metric(
        name="user_feedback",
        help="Number of feedback items of each type, and their sum.",
        fields=(
            _count_field("n_positive_implicit_user_feedback", m.N_POSITIVE_IMPLICIT),
            _count_field("n_positive_explicit_user_feedback", m.N_POSITIVE_EXPLICIT),
            _count_field("n_negative_implicit_user_feedback", m.N_NEGATIVE_IMPLICIT),
            _count_field("n_negative_explicit_user_feedback", m.N_NEGATIVE_EXPLICIT),
            _count_field("n_feedback", *_FEEDBACK),
        ),
        is_default=True,
    ),
    Metric(
        name="cost",
        help="Sum of the costs, in micro-dollars (1e-6 USD); interactions without a cost add nothing.",
        fields=(MetricField(name="cost", unit="micro-dollars", measures=(m.COST,), value=int),),
        is_default=True,
    ),
    Metric(
        name="latency_seconds",
        help="Mean time from start to end, in seconds, over interactions that have both.",
        fields=(
            MetricField(
                name="latency_seconds",
                unit="seconds",
                measures=(m.LATENCY, m.N_LATENCIES),
                value=_mean_seconds,
            ),
        ),
        is_default=True,
    ),
    Metric(
        name="n_intents",
        help="Number of distinct intents.",
        fields=(_count_field("n_intents", m.N_INTENTS),),
        is_default=True,
    ),
    Metric(
        name="retention",
        help="Share of the users, 0 to 1, that were active on two or more UTC days.",
        fields=(
            MetricField(
                name="retention",
                unit="share",
                two_level_measures=(m.N_RETURNING_USERS, m.N_ACTIVE_USERS),
                value=_ratio,
            ),
        ),
        is_default=True,
    ),
    Metric(
        name="session_length",
        help="Mean number of interactions a conversation.",
        fields=(
            MetricField(
                name="session_length",
                unit="interactions",
                measures=(m.N_IN_CONVERSATIONS, m.N_CONVERSATIONS),
                value=_ratio,
            ),
        ),
    ),
    Metric(
        name="session_time",
        help="Mean time from a conversation's first start to its last end, in seconds.",
        fields=(
            MetricField(
                name="session_time",
                unit="seconds",
                two_level_measures=(m.SESSION_SECONDS, m.SESSION_MICROSECONDS, m.N_SESSIONS),
                value=lambda seconds, rest_us, count: _mean_seconds(
                    seconds * m.MICROSECONDS + rest_us, count
                ),
            ),
        ),
    ),
    Metric(
        name="stickiness",
        help="Mean daily active users over the days of the range that have started, as a share of the users.",
        fields=(
            MetricField(
                name="stickiness",
                unit="share",
                two_level_measures=(m.N_USER_DAYS, m.N_ACTIVE_USERS),
                range_numbers=(N_STARTED_DAYS,),
                value=lambda user_days, users, days: _ratio(user_days, users * days),
            ),
        ),
    ),
    Metric(
        name="penetration",
        help="Number of users as a share of those who are eligible on any day of the range; more than 1 when "
        "others came too.",
        fields=(
            MetricField(
                name="penetration",
                unit="share",
                measures=(m.N_USERS,),
                range_numbers=(N_ELIGIBLE_USERS,),
                value=_ratio,
            ),
        ),
    ),
)

METRICS: dict[str, Metric] = {entry.name: entry for entry in _ENTRIES}
DEFAULT_METRICS: tuple[Metric, ...] = tuple(entry for entry in _ENTRIES if entry.is_default)
