"""Twelve interactions, small enough to check every number by hand, and the numbers.

       starts          lasts user conversation topic    intent model plan keywords        cost  feedback
     1 05-20 10:00      1 s  ada  c1           billing  refund large pro  invoice         100   thumbs_up
     2 05-26, last µs   1 s  bob  c2           shipping track  small free                 50
    -- START, Monday 05-27 -------------------------------------------------------------------------------
     3 05-27 00:00      2 s  ada  c3           billing  refund large pro  invoice, refund 100   thumbs_up,
                                                                                                copy_output
     4 05-27 00:01      4 s  ada  c3           billing  cancel large pro  refund          200
     5 05-28 09:00      1 s  bob  c4           billing  refund small free invoice         50    thumbs_down,
                                                                                                regenerate
     6 05-28 09:05      3 s  bob  c4           shipping track  small free parcel          30    rating 5
     7 05-29 12:00     .5 s  cy   c5           shipping track  small      parcel, invoice       rating 3
     8 05-30 14:00    1.5 s  ada  c6                           large pro                  300   edit
     9 05-30 14:10      2 s  dee               billing  refund            invoice         10    copy_output
    10 05-31 14:00      3 s  ada  c6           billing  cancel large pro                  20
    11 06-02, last µs   1 s  dee  c7           other    greet  small free                 0
    -- END, Monday 06-03 ---------------------------------------------------------------------------------
    12 06-03 00:00      1 s  ada  c8           billing  refund large pro  invoice         100   thumbs_up

Times are UTC, costs micro-dollars. Ada and Dee are of the group profile "enterprise" (Dee's is given
with 11 alone), Bob is "self-serve", Cy has none. In 5 PII was found. Dee's model and plan in 9 are
unknown, and so are the cost of 7 and its plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from interactions.ingest import parse_interaction, record_interactions
from interactions.models import Project

START = "2024-05-27T00:00:00Z"
END = "2024-06-03T00:00:00Z"
TIME_RANGE = {"start": START, "end": END}

_PRO = {"model": "large", "tags": {"plan": "pro"}}
_FREE = {"model": "small", "tags": {"plan": "free"}}
_REFUND = {"topic": "billing", "intent": "refund"}
_CANCEL = {"topic": "billing", "intent": "cancel"}
_TRACK = {"topic": "shipping", "intent": "track"}


def _line(number: int, user: str, start: str, end: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "end_user": user,
        "end_user_group_profile": {"ada": "enterprise", "bob": "self-serve"}.get(user),
        "time_start": f"2024-{start}Z",
        "time_end": f"2024-{end}Z",
        "input": f"Question {number}",
        "output": f"Answer {number}",
        **fields,
    }


def _feedback(*slugs: str) -> list[dict[str, str]]:
    return [{"slug": slug} for slug in slugs]


LINES: Sequence[dict[str, Any]] = (
    _line(
        1, "ada", "05-20T10:00:00", "05-20T10:00:01", conversation_id="c1", **_REFUND, **_PRO,
        keywords=["invoice"], cost=100, feedback_actions=_feedback("thumbs_up"),
    ),
    _line(
        2, "bob", "05-26T23:59:59.999999", "05-27T00:00:00.999999", conversation_id="c2", **_TRACK, **_FREE,
        cost=50,
    ),
    _line(
        3, "ada", "05-27T00:00:00", "05-27T00:00:02", conversation_id="c3", **_REFUND, **_PRO,
        keywords=["invoice", "refund"], cost=100, feedback_actions=_feedback("thumbs_up", "copy_output"),
    ),
    _line(
        4, "ada", "05-27T00:01:00", "05-27T00:01:04", conversation_id="c3", **_CANCEL, **_PRO,
        keywords=["refund"], cost=200,
    ),
    _line(
        5, "bob", "05-28T09:00:00", "05-28T09:00:01", conversation_id="c4", **_REFUND, **_FREE,
        keywords=["invoice"], cost=50, feedback_actions=_feedback("thumbs_down", "regenerate"),
        pii_removed=True,
    ),
    _line(
        6, "bob", "05-28T09:05:00", "05-28T09:05:03", conversation_id="c4", **_TRACK, **_FREE,
        keywords=["parcel"], cost=30, feedback_actions=[{"slug": "rating", "value": 5}],
    ),
    _line(
        7, "cy", "05-29T12:00:00", "05-29T12:00:00.500000", conversation_id="c5", **_TRACK, model="small",
        keywords=["parcel", "invoice"], feedback_actions=[{"slug": "rating", "value": 3}],
    ),
    _line(
        8, "ada", "05-30T14:00:00", "05-30T14:00:01.500000", conversation_id="c6", **_PRO,
        cost=300, feedback_actions=_feedback("edit"),
    ),
    _line(
        9, "dee", "05-30T14:10:00", "05-30T14:10:02", **_REFUND,
        keywords=["invoice"], cost=10, feedback_actions=_feedback("copy_output"),
    ),
    _line(
        10, "ada", "05-31T14:00:00", "05-31T14:00:03", conversation_id="c6", **_CANCEL, **_PRO,
        cost=20,
    ),
    _line(
        11, "dee", "06-02T23:59:59.999999", "06-03T00:00:00.999999", conversation_id="c7", **_FREE,
        topic="other", intent="greet", cost=0, end_user_group_profile="enterprise",
    ),
    _line(
        12, "ada", "06-03T00:00:00", "06-03T00:00:01", conversation_id="c8", **_REFUND, **_PRO,
        keywords=["invoice"], cost=100, feedback_actions=_feedback("thumbs_up"),
    ),
)  # fmt: skip


def record(project: Project, lines: Sequence[Mapping[str, Any]] = LINES) -> None:
    """Store import lines as they are, without masking."""
    record_interactions(project, [parse_interaction(line) for line in lines], anonymize=False)


def row(
    group_name: str, n_interactions: int, n_users: int, feedback: Sequence[int], **others: float
) -> dict[str, Any]:
    """A row without additional groups.

    feedback: items that are positive implicit, positive explicit, negative implicit, negative explicit.
    """
    types = ("positive_implicit", "positive_explicit", "negative_implicit", "negative_explicit")
    counts = {f"n_{name}_user_feedback": count for name, count in zip(types, feedback, strict=True)}
    return {
        "group_name": group_name,
        "additional_groups": [],
        "n_interactions": n_interactions,
        "n_users": n_users,
        **counts,
        "n_feedback": sum(feedback),
        **others,
    }


# What is answered for TIME_RANGE without filters.

# Ada and Dee come back on another day, Bob and Cy do not. 18 s of latency in 9 interactions.
TOTAL = row("total", 9, 4, (2, 2, 2, 1), cost=710, latency_seconds=2.0, n_intents=4, retention=0.5)

BY_TOPIC = [
    # 3, 4, 5, 9, 10: of Ada, Bob and Dee only Ada comes back.
    row("billing", 5, 3, (2, 1, 1, 1), cost=380, latency_seconds=2.4, n_intents=2, retention=1 / 3),
    # 6, 7
    row("shipping", 2, 2, (0, 1, 0, 0), cost=30, latency_seconds=1.75, n_intents=1, retention=0.0),
    # 11
    row("other", 1, 1, (0, 0, 0, 0), cost=0, latency_seconds=1.0, n_intents=1, retention=0.0),
]
# 8, with `include_empty`; ties with "other" when ordered by n_interactions.
WITHOUT_TOPIC = row("", 1, 1, (0, 0, 1, 0), cost=300, latency_seconds=1.5, n_intents=0, retention=0.0)

# Of the total. Eight interactions in five conversations, which last 64, 303, .5, 86403 and 1 s; a
# conversation may pause overnight. The seven days see 1, 1, 1, 2, 1, 0 and 1 of the four users.
SESSIONS = {"session_length": 1.6, "session_time": 17354.3, "stickiness": 0.25}

# Of the total, by `include_previous`: 1 and 2, both in the week before.
PREVIOUS = {
    "n_interactions_prev": 2,
    "n_users_prev": 2,
    "n_positive_implicit_user_feedback_prev": 0,
    "n_positive_explicit_user_feedback_prev": 1,
    "n_negative_implicit_user_feedback_prev": 0,
    "n_negative_explicit_user_feedback_prev": 0,
    "n_feedback_prev": 1,
    "n_intents_prev": 2,
}

# (group_by, n_interactions of each group)
COUNTS: Sequence[tuple[dict[str, str], dict[str, int]]] = (
    ({"kind": "user_intent"}, {"refund": 3, "cancel": 2, "track": 2, "greet": 1}),
    ({"kind": "model"}, {"large": 4, "small": 4}),
    ({"kind": "tag", "tag": "plan"}, {"pro": 4, "free": 3}),
    ({"kind": "keyword"}, {"invoice": 4, "refund": 2, "parcel": 2}),
    ({"kind": "user"}, {"ada": 4, "bob": 2, "dee": 2, "cy": 1}),
    ({"kind": "cohort"}, {"enterprise": 6, "self-serve": 2}),
    ({"kind": "conversation_id"}, {"c3": 2, "c4": 2, "c6": 2, "c5": 1, "c7": 1}),
    (
        {"kind": "user_feedback"},
        {"positive_implicit": 2, "positive_explicit": 2, "negative_implicit": 2, "negative_explicit": 1},
    ),
    ({"kind": "positive_explicit_feedback"}, {"false": 7, "true": 2}),
    ({"kind": "pii"}, {"false": 8, "true": 1}),
    (
        {"kind": "day"},
        {
            "2024-05-27": 2,
            "2024-05-28": 2,
            "2024-05-29": 1,
            "2024-05-30": 2,
            "2024-05-31": 1,
            "2024-06-02": 1,
        },
    ),
    ({"kind": "week"}, {"2024-05-27": 9}),
    ({"kind": "month"}, {"2024-05-01": 8, "2024-06-01": 1}),
)
