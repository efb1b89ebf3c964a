"""What is asked: request bodies of the aggregate endpoint, each with the SQL of the yardstick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import yardstick_sql as by_hand
from .question import AggregateQuestion, make_question
from .yardstick_sql import COST, FEEDBACK, INTENTS, LABELLED, LATENCY, USERS, N


def _by_label_column(kind: str, days: int) -> AggregateQuestion:
    sql = by_hand.defaults_by(f"{kind}_id")
    return make_question(f"by {kind}, default variables", days, sql, group_by={"kind": kind})


_BY_NAME = {"by": "group_name", "direction": "asc"}
_KEYWORDS = [f"keyword {number}" for number in range(3, 300, 100)]
_MANY_USERS = [f"user {number}" for number in range(1, 2000, 4)]
_MANY_TENANTS = [f"tenant {number}" for number in range(0, 2000, 5)]
_MODELS, _LANGUAGES = ["model 0", "model 3"], ["language 1"]


def _filtered() -> Sequence[AggregateQuestion]:
    has_keyword = by_hand.has_label("keyword", _KEYWORDS)
    has_tenant = by_hand.has_label("tag", _MANY_TENANTS, "tenant")
    three = " AND ".join(
        (
            f"model_id IN {by_hand.label_ids('model', _MODELS)}",
            f"(language_id IS NULL OR language_id NOT IN {by_hand.label_ids('language', _LANGUAGES)})",
            has_tenant,
        )
    )
    numbers = ", ".join(word.removeprefix("user ") for word in _MANY_USERS)
    return (
        make_question(
            "by topic, one of three keywords",
            30,
            by_hand.named(by_hand.page("topic_id", f"{N}, {USERS}, {INTENTS}", where=has_keyword), "label"),
            group_by={"kind": "topic"},
            filters=[{"kind": "keyword", "values": _KEYWORDS}],
            variables=["n_interactions", "n_users", "n_intents"],
        ),
        make_question(
            "by model, without three keywords",
            30,
            by_hand.named(by_hand.page("model_id", f"{N}, {COST}", where=f"NOT ({has_keyword})"), "label"),
            group_by={"kind": "model"},
            filters=[{"kind": "keyword", "values": _KEYWORDS, "is_exclude": True}],
            variables=["n_interactions", "cost"],
        ),
        make_question(
            "by intent, three filters, one of 400 tag values",
            90,
            by_hand.named(by_hand.page("intent_id", f"{N}, {USERS}, {LATENCY}", where=three), "label"),
            group_by={"kind": "user_intent"},
            filters=[
                {"kind": "model", "values": _MODELS},
                {"kind": "language", "values": _LANGUAGES, "is_exclude": True},
                {"kind": "tag", "tag": "tenant", "values": _MANY_TENANTS},
            ],
            variables=["n_interactions", "n_users", "latency_seconds"],
        ),
        make_question(
            "by topic, one of 500 users",
            90,
            by_hand.named(
                by_hand.page("topic_id", f"{N}, {FEEDBACK}", where=f"end_user_id IN ({numbers})"), "label"
            ),
            group_by={"kind": "topic"},
            filters=[{"kind": "user", "values": _MANY_USERS}],
            variables=["n_interactions", "user_feedback"],
        ),
    )


def _by_many_valued() -> Sequence[AggregateQuestion]:
    def labelled(metrics: str, kind: str, key: str = "", **more: Any) -> str:
        where = by_hand.of_dimension(kind, key)
        return by_hand.page("label_id", metrics, source=LABELLED, where=where, **more)

    def labelled_with_users(sums: str, kind: str, key: str = "") -> str:
        where = by_hand.of_dimension(kind, key)
        return by_hand.page_with_distinct("label_id", sums, USERS, source=LABELLED, where=where)

    return (
        make_question(
            "by keyword",
            30,
            by_hand.named(labelled_with_users(f"{N}, {COST}", "keyword"), "label"),
            group_by={"kind": "keyword"},
            variables=["n_interactions", "n_users", "cost"],
        ),
        make_question(
            "by tag",
            30,
            by_hand.named(labelled_with_users(f"{N}, {FEEDBACK}", "tag", "tenant"), "label"),
            group_by={"kind": "tag", "tag": "tenant"},
            variables=["n_interactions", "n_users", "user_feedback"],
        ),
        make_question(
            "by user_feedback",
            90,
            by_hand.feedback_by_counters(),
            group_by={"kind": "user_feedback"},
            variables=["n_interactions", "n_users"],
        ),
        make_question(
            "by tag and topic",
            7,
            by_hand.named(
                labelled(f"{N}, {LATENCY}", "tag", "screen", more_groups=["topic_id"]), "label", "label"
            ),
            group_by={"kind": "tag", "tag": "screen"},
            additional_group_bys=[{"kind": "topic"}],
            variables=["n_interactions", "latency_seconds"],
        ),
    )


def _by_reference() -> Sequence[AggregateQuestion]:
    flag = by_hand.page("n_negative_explicit > 0", f"{N}, {LATENCY}")
    return (
        make_question(
            "by user, most costly first",
            30,
            by_hand.named(
                by_hand.page("end_user_id", f"{N}, {COST}", order="cost DESC"), "user", order="cost DESC"
            ),
            group_by={"kind": "user"},
            variables=["n_interactions", "cost"],
            order_by={"by": "cost", "direction": "desc"},
        ),
        make_question(
            "by conversation",
            30,
            by_hand.named(by_hand.page("conversation_id", f"{N}, {LATENCY}"), "conversation"),
            group_by={"kind": "conversation_id"},
            variables=["n_interactions", "latency_seconds"],
        ),
        make_question(
            "by cohort, most users first",
            90,
            by_hand.cohorts_by_users(),
            group_by={"kind": "cohort"},
            variables=["n_users", "user_feedback"],
            order_by={"by": "n_users", "direction": "desc"},
        ),
        make_question(
            "by negative explicit feedback",
            90,
            by_hand.named(flag, "flag"),
            group_by={"kind": "negative_explicit_feedback"},
            variables=["n_interactions", "latency_seconds"],
        ),
    )


def _by_time() -> Sequence[AggregateQuestion]:
    return (
        make_question(
            "by day",
            90,
            by_hand.named(
                by_hand.page("started_at::DATE", f"{N}, {USERS}, {COST}", order="g0", limit=100),
                "day",
                order="g0",
            ),
            group_by={"kind": "day"},
            variables=["n_interactions", "n_users", "cost"],
            order_by=_BY_NAME,
            limit=100,
        ),
        make_question(
            "by hour",
            7,
            by_hand.named(
                by_hand.page(
                    "date_trunc('hour', started_at)", f"{N}, {USERS}, {FEEDBACK}", order="g0", limit=200
                ),
                "hour",
                order="g0",
            ),
            group_by={"kind": "hour"},
            variables=["n_interactions", "n_users", "user_feedback"],
            order_by=_BY_NAME,
            limit=200,
        ),
        make_question(
            "by topic, model and day",
            30,
            by_hand.named(
                by_hand.page("topic_id", f"{N}, {LATENCY}", more_groups=["model_id", "started_at::DATE"]),
                *("label", "label", "day"),
            ),
            group_by={"kind": "topic"},
            additional_group_bys=[{"kind": "model"}, {"kind": "day"}],
            variables=["n_interactions", "latency_seconds"],
        ),
    )


QUESTIONS: Sequence[AggregateQuestion] = (
    make_question("total, default variables", 7, by_hand.total_with_retention()),
    make_question("total, default variables", 30, by_hand.total_with_retention()),
    make_question("total, default variables", 90, by_hand.total_with_retention()),
    _by_label_column("topic", 30),
    _by_label_column("intent", 7),
    _by_label_column("intent", 30),
    _by_label_column("language", 90),
    *_by_many_valued(),
    *_by_reference(),
    *_by_time(),
    *_filtered(),
    make_question(
        "retention by topic, best first",
        90,
        by_hand.retention_by("topic_id"),
        group_by={"kind": "topic"},
        variables=["retention"],
        order_by={"by": "retention", "direction": "desc"},
    ),
    make_question(
        "sessions by model",
        30,
        by_hand.sessions_by("model_id"),
        group_by={"kind": "model"},
        variables=["n_interactions", "session_length", "session_time"],
    ),
)
