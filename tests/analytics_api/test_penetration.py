"""Penetration by hand: the users of a group by those who are eligible in the range."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from interactions.columnar.sealing import seal_project
from interactions.demo import PLANS, create_demo_data, demo_interactions
from interactions.keys import issue_key
from interactions.models import Project
from tests.analytics_api.test_aggregates_property import store_eligible_users
from tests.dataset import TIME_RANGE, record

ENGINES = pytest.mark.parametrize("engine", ["database", "columnar"])

pytestmark = pytest.mark.django_db(databases=["default", "columnar"])


@pytest.fixture
def project() -> Project:
    """With interactions of ada, bob, cy and dee in the range; beside another that has everybody twice."""
    stranger = Project.objects.create(name="stranger")
    project = Project.objects.create(name="acme")
    for one in (stranger, project):
        record(one)
        seal_project(one)
    store_eligible_users(stranger, [eligible(f"user {number}") for number in range(8)])
    return project


@pytest.fixture
def key(project: Project) -> str:
    return issue_key(project, name="tests")


def eligible(user: str, active_from: str = "2024-01-01", active_to: str | None = None) -> dict[str, Any]:
    return {"end_user": user, "active_from": active_from, "active_to": active_to}


def ask(key: str, path: str, **changes: Any) -> Any:
    body = {"time_range": TIME_RANGE, "filters": [], "variables": ["penetration"], **changes}
    headers = {"Authorization": f"Bearer {key}"}
    return (
        Client().post(f"/api/external/{path}", body, content_type="application/json", headers=headers).json()
    )


def aggregates(key: str, **changes: Any) -> list[dict[str, Any]]:
    return ask(key, "get-interaction-aggregates", limit=100, offset=0, **changes)["data"]


def by_name(rows: list[dict[str, Any]]) -> dict[str, float | None]:
    return {row["group_name"]: row.get("penetration") for row in rows}


@ENGINES
def test_groups_are_divided_by_the_same_number(project: Project, key: str, engine: str, settings: Any):
    settings.QUERY_ENGINE = engine
    store_eligible_users(project, [eligible(user) for user in ("ada", "bob", "cy", "dee", "eve")])

    assert by_name(aggregates(key)) == {"total": 4 / 5}
    assert by_name(aggregates(key, group_by={"kind": "topic"})) == {
        "billing": 3 / 5,
        "shipping": 2 / 5,
        "other": 1 / 5,
    }
    # Everybody eligible in the range counts, whatever day a group is of.
    days = by_name(aggregates(key, group_by={"kind": "day"}))
    assert (days["2024-05-27"], days["2024-05-30"]) == (1 / 5, 2 / 5)


def test_users_who_are_not_eligible_count_too(project: Project, key: str):
    store_eligible_users(project, [eligible("ada"), eligible("zoe")])
    assert by_name(aggregates(key)) == {"total": 2.0}


def test_without_eligible_users_there_is_no_value(key: str):
    (row,) = aggregates(key)
    assert row == {"group_name": "total", "additional_groups": []}


def test_where_nothing_is_it_is_nought(project: Project, key: str):
    store_eligible_users(project, [eligible("ada")])
    nothing = [{"kind": "topic", "values": ["nothing"]}]
    assert by_name(aggregates(key, filters=nothing)) == {"total": 0.0}
    assert aggregates(key, filters=nothing, group_by={"kind": "topic"}) == []


# A range, a period, and whether they meet. The first and the last day of a period belong to it.
MEETINGS = [
    ("2024-05-27", "2024-06-03", "2024-01-01", None, True),
    ("2024-05-27", "2024-06-03", "2024-06-02", None, True),
    ("2024-05-27", "2024-06-03", "2024-06-03", None, False),
    ("2024-05-27", "2024-06-03T00:00:00.000001", "2024-06-03", None, True),
    ("2024-05-27", "2024-06-03", "2024-05-01", "2024-05-27", True),
    ("2024-05-27T23:59:59", "2024-06-03", "2024-05-01", "2024-05-27", True),
    ("2024-05-27", "2024-06-03", "2024-05-01", "2024-05-26", False),
    ("2024-05-27", "2024-06-03", "2024-05-29", "2024-05-29", True),
    ("2024-05-29T10:00:00", "2024-05-29T10:00:01", "2024-05-29", "2024-05-29", True),
    ("2024-05-29T10:00:00", "2024-05-29T10:00:00", "2024-05-29", "2024-05-29", False),
    ("2024-05-29T23:00:00-02:00", "2024-05-30T00:00:00-02:00", "2024-05-29", "2024-05-29", False),
    ("0001-01-01", "9999-12-31T23:59:59.999999", "9999-12-31", "9999-12-31", True),
    ("0001-01-01", "9999-12-31T23:59:59.999999", "0001-01-01", "0001-01-01", True),
    ("0001-01-01", "9999-12-31", "9999-12-31", None, False),
    ("0001-01-01", "0001-01-01", "0001-01-01", None, False),
]


@pytest.mark.parametrize(("start", "end", "active_from", "active_to", "meets"), MEETINGS)
def test_period_meets_the_range(
    project: Project, key: str, start: str, end: str, active_from: str, active_to: str | None, meets: bool
):
    store_eligible_users(project, [eligible("ada", active_from, active_to)])
    (row,) = aggregates(key, time_range={"start": start, "end": end}, variables=["n_users", "penetration"])
    assert row.get("penetration") == (float(row["n_users"]) if meets else None)


def test_several_lists_have_the_same_number_below(project: Project, key: str):
    store_eligible_users(project, [eligible("ada"), eligible("bob")])
    lists = [[{"kind": "topic"}], [], [{"kind": "user"}, {"kind": "topic"}]]
    rows = ask(key, "get-interaction-multi-aggregates", group_by_groups=lists, limit=4)["data"]
    assert [row["penetration"] for row in rows] == [2.0, 1.5, 0.5, 1.0]
    assert [row["group_name"] for row in rows] == ["total", "billing", "ada", "shipping"]


@ENGINES
def test_each_bucket_has_its_own_eligible_users(project: Project, key: str, engine: str, settings: Any):
    """Ada until Tuesday, Bob on Tuesday alone, Cy from Wednesday; nobody from Saturday on."""
    settings.QUERY_ENGINE = engine
    store_eligible_users(
        project,
        [
            eligible("ada", "2024-01-01", "2024-05-28"),
            eligible("bob", "2024-05-28", "2024-05-28"),
            eligible("cy", "2024-05-29", "2024-05-31"),
        ],
    )

    def series(**changes: Any) -> dict[str, list[float | None]]:
        datasets = ask(key, "get-interaction-time-series", **changes)["datasets"]
        return {name: [row.get("penetration") for row in rows] for name, rows in datasets.items()}

    assert series() == {"total": [1.0, 0.5, 1.0, 2.0, 1.0, None, None]}
    assert series(group_by={"kind": "topic"})["shipping"] == [0.0, 0.5, 1.0, 0.0, 0.0, None, None]
    # As the whole range in one row.
    assert series(granularity="year") == {"total": [by_name(aggregates(key))["total"]]} == {"total": [4 / 3]}
    # Of a bucket that begins before the range, or ends after it, that part counts which lies inside.
    part = {"start": "2024-05-29", "end": "2024-06-02T12:00:00"}
    assert series(granularity="month", time_range=part) == {"total": [3.0, None]}


def test_the_demo_has_a_value():
    now = datetime(2024, 6, 3, tzinfo=UTC)
    create_demo_data(count=1000, seed=1, now=now, on_progress=lambda n: None)
    project = Project.objects.get(name=PLANS[0].name)
    lines = demo_interactions(PLANS[0], count=600, seed=1, now=now)
    n_users = len({line["end_user"] for line in lines if "2024-05-27" <= line["time_start"] < "2024-06-03"})
    # Nine people for ten interactions are eligible by the last day of the range.
    (row,) = aggregates(issue_key(project, name="tests"), variables=["n_users", "penetration"])

    assert row["n_users"] == n_users > 0
    assert row["penetration"] == n_users / 540


def test_rows_cannot_be_ordered_by_it(key: str):
    (error,) = ask(key, "get-interaction-aggregates", limit=1, offset=0, order_by={"by": "penetration"})[
        "detail"
    ]
    assert (error["loc"], error["type"]) == (["body", "order_by", "by"], "enum")
