"""Numbers bucket by bucket, without gaps, as the reference has them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from interactions.columnar.sealing import seal_project
from interactions.ingest import parse_interaction, record_interactions
from interactions.keys import issue_key
from interactions.models import Project
from tests import reference
from tests.analytics_api.test_aggregates_property import set_custom_labels, store_eligible_users
from tests.dataset import LINES, TIME_RANGE, record

PATH = "/api/external/get-interaction-time-series"

pytestmark = pytest.mark.django_db(databases=["default", "columnar"])


def ask(key: str, **changes: Any) -> Any:
    body = {"time_range": TIME_RANGE, "filters": [], **changes}
    headers = {"Authorization": f"Bearer {key}"}
    return Client().post(PATH, body, content_type="application/json", headers=headers)


def answer(key: str, **changes: Any) -> Any:
    response = ask(key, **changes)
    assert response.status_code == 200, response.content
    return response.json()


@pytest.fixture
def key() -> str:
    project = Project.objects.create(name="acme")
    record(project)
    record(Project.objects.create(name="stranger"))
    return issue_key(project, name="tests")


def test_days_by_hand(key: str):
    series = answer(key, variables=["n_interactions", "latency_seconds"])

    days = [
        f"2024-{day}T00:00:00Z" for day in ("05-27", "05-28", "05-29", "05-30", "05-31", "06-01", "06-02")
    ]
    assert series["buckets"] == days
    rows = series["datasets"]["total"]
    assert [row["bucket"] for row in rows] == days
    assert [row["n_interactions"] for row in rows] == [2, 2, 1, 2, 1, 0, 1]
    # 1 was on the Monday before, 2 on its Sunday.
    assert [row["n_interactions_prev"] for row in rows] == [1, 0, 0, 0, 0, 0, 1]
    assert [row.get("latency_seconds") for row in rows] == [3.0, 2.0, 0.5, 1.75, 3.0, None, 1.0]


# Range, granularity, and the buckets: over year ends and leap days, from the middle of a bucket.
BUCKETS = [
    ("2023-12-31T23:30", "2024-01-01T01:00", "hour", ["2023-12-31T23", "2024-01-01T00"]),
    ("2024-02-28T12:00", "2024-03-01T12:00", "day", ["2024-02-28", "2024-02-29", "2024-03-01"]),
    ("2023-02-28", "2023-03-01T00:00:00.000001", "day", ["2023-02-28", "2023-03-01"]),
    ("2024-12-31", "2025-01-07", "week", ["2024-12-30", "2025-01-06"]),
    ("2024-12-30", "2025-01-06", "week", ["2024-12-30"]),
    ("2023-11-15", "2024-02-01", "month", ["2023-11-01", "2023-12-01", "2024-01-01"]),
    ("2023-11-15", "2024-05-01", "quarter", ["2023-10-01", "2024-01-01", "2024-04-01"]),
    ("2023-06-30T23:59:59", "2023-07-01T00:00:01", "quarter", ["2023-04-01", "2023-07-01"]),
    ("2019-07-01", "2021-01-01", "year", ["2019-01-01", "2020-01-01"]),
    ("0001-01-01", "0001-01-02", "week", ["0001-01-01"]),
    ("9999-12-31", "9999-12-31T23:59:59.999999", "year", ["9999-01-01"]),
    ("9999-12-31T22:00", "9999-12-31T23:59:59.999999", "hour", ["9999-12-31T22", "9999-12-31T23"]),
    ("2024-05-27", "2024-05-27", "day", []),
]


@pytest.mark.parametrize(("start", "end", "granularity", "buckets"), BUCKETS)
def test_buckets_cover_the_range(key: str, start: str, end: str, granularity: str, buckets: list[str]):
    series = answer(key, time_range={"start": start, "end": end}, granularity=granularity)

    expected = [f"{name}:00:00Z" if "T" in name else f"{name}T00:00:00Z" for name in buckets]
    assert series["buckets"] == [row["bucket"] for row in series["datasets"]["total"]] == expected


# All these days have started.
VARIABLES = list(reference.VARIABLES)
CUSTOM_LABELS = frozenset({("topic", "", "shipping"), ("keyword", "", "k1"), ("keyword", "", "k3")})
KINDS = {"topic": ["billing", "shipping"], "keyword": ["k1", "k2"], "model": ["large"]}


def random_lines(choose: random.Random, around: datetime) -> list[dict[str, Any]]:
    lines = []
    for number in range(40):
        start = around + timedelta(seconds=choose.randrange(-40 * 86_400, 40 * 86_400))
        if choose.random() < 0.3:
            # On the edge of a bucket.
            start = start.replace(hour=0, minute=0, second=0)
        end = start + timedelta(milliseconds=choose.randrange(90_000))
        lines.append(
            {
                "end_user": f"user {choose.randrange(5)}",
                "conversation_id": choose.choice([None, "c1", "c2", "c3"]),
                "time_start": start.isoformat(),
                "time_end": end.isoformat(),
                "input": str(number),
                "output": "",
                "topic": choose.choice([None, "billing", "shipping"]),
                "intent": choose.choice([None, "refund", "track"]),
                "model": choose.choice([None, "large"]),
                "keywords": choose.sample(["k1", "k2", "k3"], choose.randrange(3)),
                "tags": {"plan": choose.choice([None, "pro", "total"])},
                "end_user_group_profile": choose.choice([None, "eu", "us"]),
                "pii_removed": choose.random() < 0.5,
                "cost": choose.choice([None, 5, 70]),
                "feedback_actions": [{"slug": choose.choice(["thumbs_up", "edit", "paste"])}],
            }
        )
    return lines


@pytest.mark.parametrize("engine", ["database", "columnar"])
@pytest.mark.parametrize("number", range(6))
def test_rows_are_those_of_the_reference(number: int, engine: str, settings: Any):
    settings.QUERY_ENGINE = engine
    choose = random.Random(number)
    around = choose.choice([datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 29, 12, tzinfo=UTC)])
    lines = random_lines(choose, around)
    project = Project.objects.create(name="random")
    record_interactions(project, [parse_interaction(line) for line in lines])
    set_custom_labels(project, CUSTOM_LABELS)
    eligible_users = random_eligible_users(choose, around)
    store_eligible_users(project, eligible_users)
    seal_project(project)
    key = issue_key(project, name="tests")

    for granularity in reference.BUCKETS:
        start = around - timedelta(hours=choose.randrange(1, 30 * 24))
        end = start + timedelta(seconds=choose.randrange(1, 40 * 86_400))
        kind = choose.choice(list(KINDS))
        filters = [{"kind": kind, "values": KINDS[kind], "is_exclude": choose.random() < 0.5}]
        request = {
            "time_range": {"start": start.isoformat(), "end": end.isoformat()},
            "filters": choose.choice([[], filters]),
            "granularity": granularity,
            "variables": choose.sample(VARIABLES, 4),
        }
        for grouping in ({}, {"group_by": random_group(choose)}, {"group_by": random_group(choose)}):
            asked = request | grouping
            expected = reference.time_series(
                lines, asked, custom_labels=CUSTOM_LABELS, eligible_users=eligible_users
            )
            assert answer(key, **asked) == expected, asked


def random_eligible_users(choose: random.Random, around: datetime) -> list[dict[str, Any]]:
    """Some of the users and some who never come; one project in three has none."""
    names = [f"user {number}" for number in range(9)][: choose.choice([0, 5, 9])]
    users = []
    for name in names:
        start = around.date() + timedelta(days=choose.randrange(-60, 40))
        end = choose.choice([None, start, start + timedelta(days=choose.randrange(30))])
        users.append(
            {"end_user": name, "active_from": str(start), "active_to": None if end is None else str(end)}
        )
    return users


def random_group(choose: random.Random) -> dict[str, Any]:
    kind = choose.choice(list(reference.GROUP_BYS))
    group_by: dict[str, Any] = {"kind": kind, "include_empty": choose.choice([None, False, True])}
    if kind in ("topic", "keyword", "intent", "model"):
        group_by["similarity_search"] = choose.choice([None, None, "i", "K1"])
        group_by["only_customs"] = choose.choice([None, None, True])
    return group_by | ({"tag": "plan"} if kind == "tag" else {})


@pytest.mark.parametrize(
    ("changes", "loc", "type"),
    [
        ({"granularity": "decade"}, ["granularity"], "enum"),
        ({"granularity": 5}, ["granularity"], "string_type"),
        ({"time_range": {"start": "2020-01-01", "end": "2024-01-01"}, "granularity": "hour"}, ["granularity"],
         "value_error"),
        ({"time_range": {"start": "0001-01-01", "end": "9999-12-31"}}, ["granularity"], "value_error"),
        ({"time_range": {"start": "2024-01-02", "end": "2024-01-01"}}, ["time_range"], "value_error"),
        ({"time_range": {"start": "2021-01-01", "end": "2024-01-07"}, "group_by": {"kind": "topic"}},
         ["granularity"], "value_error"),
        ({"group_by": {"kind": "topics"}}, ["group_by", "kind"], "union_tag_invalid"),
        ({"group_by": {"kind": "quarter"}}, ["group_by", "kind"], "union_tag_invalid"),
        ({"group_by": {}}, ["group_by", "kind"], "union_tag_not_found"),
        ({"group_by": {"kind": "tag"}}, ["group_by", "tag"], "missing"),
        ({"group_by": {"kind": "user", "tag": "plan"}}, ["group_by", "tag"], "extra_forbidden"),
        ({"group_by": [{"kind": "topic"}]}, ["group_by"], "value_error"),
        ({"group_by": {"kind": "topic"}, "additional_group_bys": []}, ["additional_group_bys"],
         "extra_forbidden"),
        ({"limit": 5}, ["limit"], "extra_forbidden"),
        ({"variables": ["n_user"]}, ["variables", 0], "enum"),
    ],
)  # fmt: skip
def test_refusal_says_where(key: str, changes: dict[str, Any], loc: list[Any], type: str):
    response = ask(key, **changes)

    assert response.status_code == 422
    (error,) = response.json()["detail"]
    assert (error["loc"], error["type"]) == (["body", *loc], type)


def test_reference_gives_the_week_counted_by_hand():
    series = reference.time_series(LINES, {"time_range": TIME_RANGE, "filters": [], "granularity": "week"})
    ((row,),) = series["datasets"].values()
    assert (row["bucket"], row["n_interactions"], row["n_interactions_prev"]) == (
        "2024-05-27T00:00:00Z",
        9,
        2,
    )
