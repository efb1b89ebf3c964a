"""Further questions: several at once, over time, and for the interactions themselves."""

from __future__ import annotations

from .examples import WEEK, Example, page, row

MULTI_AGGREGATES = (
    Example(
        name="topics_and_plans",
        title="Topics and plans in one list?",
        description="Each list of `group_by_groups` is an aggregation of its own; the empty one, the total.",
        request={
            "time_range": WEEK,
            "filters": [],
            "group_by_groups": [[{"kind": "topic"}], [{"kind": "tag", "tag": "plan"}], []],
            "variables": ["n_interactions", "n_users"],
            "limit": 4,
        },
        answer=page(
            6,
            limit=4,
            rows=[
                row("total", n_interactions=9, n_users=4) | {"kinds": []},
                row("billing", n_interactions=5, n_users=3) | {"kinds": ["topic"]},
                row("pro", n_interactions=4, n_users=1) | {"kinds": ["tag"]},
                row("free", n_interactions=3, n_users=2) | {"kinds": ["tag"]},
            ],
        ),
    ),
)
_BUCKETS = ("2024-05-27T00:00:00Z", "2024-06-03T00:00:00Z")
TIME_SERIES = (
    Example(
        name="weeks",
        title="How does usage develop, week by week?",
        description="Of this fortnight the second week has one interaction, and the weeks before it two and "
        "nine: a bucket is compared with the one in its place of the fortnight before.",
        request={
            "time_range": {"start": "2024-05-27T00:00:00Z", "end": "2024-06-10T00:00:00Z"},
            "filters": [],
            "variables": ["n_interactions", "cost"],
            "granularity": "week",
        },
        answer={
            "buckets": list(_BUCKETS),
            "datasets": {
                "total": [
                    {"bucket": _BUCKETS[0], "n_interactions": 9, "cost": 710, "n_interactions_prev": 0},
                    {"bucket": _BUCKETS[1], "n_interactions": 1, "cost": 100, "n_interactions_prev": 2},
                ]
            },
        },
    ),
)
LISTING = (
    Example(
        name="disliked",
        title="Which answers did users not like?",
        description="Filters are those of the aggregations.",
        request={
            "time_range": WEEK,
            "filters": [{"kind": "user_feedback", "values": ["negative_explicit"]}],
            "limit": 10,
        },
        answer=page(
            1,
            limit=10,
            rows=[
                {
                    "id": "00000000-0000-4000-8000-000000000005",
                    "input_text": "Question 5",
                    "output_text": "Answer 5",
                    "end_user": "bob",
                    "timestamp": "2024-05-28T09:00:00Z",
                    "feedback_type": "negative_explicit",
                }
            ],
        ),
    ),
)
