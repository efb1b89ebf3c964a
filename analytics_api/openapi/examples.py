"""Questions to start from, each with its answer.

The answers are those of the small dataset of the tests, which hold every example to the server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

WEEK = {"start": "2024-05-27T00:00:00Z", "end": "2024-06-03T00:00:00Z"}


@dataclass(frozen=True, kw_only=True)
class Example:
    """title: the question. description: how it is put.

    request: the body; None for endpoints without. path, query: values for the places in the address
        and for what follows it.
    made_anew: fields of request and answer that are never the same twice, such as keys.
    """

    name: str
    title: str
    description: str
    answer: Json | Sequence[Json]
    request: Json | None = None
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    made_anew: Sequence[str] = ()


def page(total: int, *, limit: int, rows: Sequence[Json]) -> Json:
    return {"total": total, "offset": 0, "limit": limit, "data": list(rows)}


def row(group_name: str, *additional_groups: str | None, **numbers: float) -> Json:
    return {"group_name": group_name, "additional_groups": list(additional_groups), **numbers}


AGGREGATES = (
    Example(
        name="total",
        title="How was the week?",
        description="Without `group_by` there is one row, the total; without `variables` it has the seven "
        "that are computed by default.",
        request={"time_range": WEEK, "filters": [], "limit": 1, "offset": 0},
        answer=page(
            1,
            limit=1,
            rows=[
                row(
                    "total",
                    n_interactions=9,
                    n_users=4,
                    n_positive_implicit_user_feedback=2,
                    n_positive_explicit_user_feedback=2,
                    n_negative_implicit_user_feedback=2,
                    n_negative_explicit_user_feedback=1,
                    n_feedback=7,
                    cost=710,
                    latency_seconds=2.0,
                    n_intents=4,
                    retention=0.5,
                )
            ],
        ),
    ),
    Example(
        name="expensive_topics",
        title="Which topics cost the most?",
        description="`variables` chooses what is computed, and `order_by` what comes first. Costs are "
        "micro-dollars.",
        request={
            "time_range": WEEK,
            "filters": [],
            "group_by": {"kind": "topic"},
            "variables": ["n_interactions", "cost"],
            "order_by": {"by": "cost", "direction": "desc"},
            "limit": 3,
            "offset": 0,
        },
        answer=page(
            3,
            limit=3,
            rows=[
                row("billing", n_interactions=5, cost=380),
                row("shipping", n_interactions=2, cost=30),
                row("other", n_interactions=1, cost=0),
            ],
        ),
    ),
    Example(
        name="models_and_plans",
        title="How does each model serve each plan?",
        description="`additional_group_bys` splits the groups, here by a tag that the application sends. "
        "An interaction without the tag counts under null.",
        request={
            "time_range": WEEK,
            "filters": [],
            "group_by": {"kind": "model"},
            "additional_group_bys": [{"kind": "tag", "tag": "plan"}],
            "variables": ["n_interactions", "latency_seconds", "cost"],
            "limit": 10,
            "offset": 0,
        },
        answer=page(
            3,
            limit=10,
            rows=[
                row("large", "pro", n_interactions=4, latency_seconds=2.625, cost=620),
                row("small", "free", n_interactions=3, latency_seconds=1.6666666666666667, cost=80),
                row("small", None, n_interactions=1, latency_seconds=0.5, cost=0),
            ],
        ),
    ),
    Example(
        name="days",
        title="How does usage develop?",
        description="Time is grouped like anything else: by `hour`, `day`, `week` or `month`. Days "
        "without interactions have no row.",
        request={
            "time_range": WEEK,
            "filters": [],
            "group_by": {"kind": "day"},
            "variables": ["n_interactions", "n_users"],
            "order_by": {"by": "group_name", "direction": "asc"},
            "limit": 100,
            "offset": 0,
        },
        answer=page(
            6,
            limit=100,
            rows=[
                row("2024-05-27", n_interactions=2, n_users=1),
                row("2024-05-28", n_interactions=2, n_users=1),
                row("2024-05-29", n_interactions=1, n_users=1),
                row("2024-05-30", n_interactions=2, n_users=2),
                row("2024-05-31", n_interactions=1, n_users=1),
                row("2024-06-02", n_interactions=1, n_users=1),
            ],
        ),
    ),
    Example(
        name="growing_topics",
        title="Which topics grow?",
        description="`trend` compares with the range of the same length just before, and "
        "`include_previous` shows its counts. A topic that is new has no trend and comes last.",
        request={
            "time_range": WEEK,
            "filters": [],
            "group_by": {"kind": "topic"},
            "variables": ["n_interactions"],
            "order_by": {"by": "trend", "direction": "desc"},
            "include_previous": True,
            "limit": 10,
            "offset": 0,
        },
        answer=page(
            3,
            limit=10,
            rows=[
                row("billing", n_interactions=5, n_interactions_prev=1),
                row("shipping", n_interactions=2, n_interactions_prev=1),
                row("other", n_interactions=1, n_interactions_prev=0),
            ],
        ),
    ),
    Example(
        name="disliked_answers",
        title="What were answers about that users did not like?",
        description="Filters must all hold: there is negative feedback, and the language is not English. "
        "`include_empty` adds a row for interactions without a topic.",
        request={
            "time_range": WEEK,
            "filters": [
                {"kind": "user_feedback", "values": ["negative_implicit", "negative_explicit"]},
                {"kind": "language", "values": ["english"], "is_exclude": True},
            ],
            "group_by": {"kind": "topic", "include_empty": True},
            "variables": ["n_interactions", "n_users"],
            "order_by": {"by": "group_name", "direction": "desc"},
            "limit": 10,
            "offset": 0,
        },
        answer=page(
            2,
            limit=10,
            rows=[
                row("billing", n_interactions=1, n_users=1),
                row("", n_interactions=1, n_users=1),
            ],
        ),
    ),
    Example(
        name="copied_answers",
        title="Are answers that users copy slower?",
        description="A kind of feedback groups interactions into those with it, `true`, and without it, "
        "`false`. To copy an answer is implicit positive feedback.",
        request={
            "time_range": WEEK,
            "filters": [],
            "group_by": {"kind": "positive_implicit_feedback"},
            "variables": ["n_interactions", "latency_seconds", "session_length"],
            "limit": 2,
            "offset": 0,
        },
        answer=page(
            2,
            limit=2,
            rows=[
                row("false", n_interactions=7, latency_seconds=2.0, session_length=1.4),
                row("true", n_interactions=2, latency_seconds=2.0, session_length=1.0),
            ],
        ),
    ),
)
