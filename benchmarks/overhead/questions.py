"""What is asked: the founding request, which is held to the bound, and others to compare it with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .dataset import TIME_RANGE

# Among the addresses of the query API, so that it passes the same middleware.
BARE_PATH = "/api/external/bare"
_AGGREGATES_PATH = "/api/external/get-interaction-aggregates"
_TWO_LEVEL_VARIABLES = ["retention", "session_length", "session_time", "stickiness"]


@dataclass(frozen=True, kw_only=True)
class Question:
    """One request, which is sent again and again."""

    name: str
    path: str
    body: dict[str, Any]


def _aggregates(name: str, **fields: Any) -> Question:
    body = {"time_range": TIME_RANGE, "filters": [], "limit": 10, "offset": 0, **fields}
    return Question(name=name, path=_AGGREGATES_PATH, body=body)


# What the founding document shows: groups by intent, with all the variables it lists.
FOUNDING = _aggregates("by intent, default variables", group_by={"kind": "user_intent"})
BARE = Question(name="bare view", path=BARE_PATH, body=FOUNDING.body)
OTHERS: Sequence[Question] = (
    _aggregates(
        "by intent, `n_interactions`", group_by={"kind": "user_intent"}, variables=["n_interactions"]
    ),
    _aggregates("total, default variables"),
    _aggregates("by topic, default variables", group_by={"kind": "topic"}),
    _aggregates(
        "by topic, plan and day, four filters, default variables",
        group_by={"kind": "topic"},
        additional_group_bys=[{"kind": "tag", "tag": "plan"}, {"kind": "day"}],
        filters=[
            {"kind": "model", "values": ["large", "small"]},
            {"kind": "keyword", "values": ["keyword 0"], "is_exclude": True},
            {"kind": "tag", "tag": "region", "values": ["eu", "us"]},
            {"kind": "user", "values": ["user 0"], "is_exclude": True},
        ],
    ),
    _aggregates(
        f"by model, {', '.join(f'`{name}`' for name in _TWO_LEVEL_VARIABLES)}",
        group_by={"kind": "model"},
        variables=_TWO_LEVEL_VARIABLES,
    ),
)
QUESTIONS = (BARE, FOUNDING, *OTHERS)
