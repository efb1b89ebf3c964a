"""A time series by group: which groups, in which order, beside which numbers of the range before."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from interactions.columnar.sealing import seal_project
from interactions.keys import issue_key
from interactions.models import Project
from tests.dataset import TIME_RANGE, record

PATH = "/api/external/get-interaction-time-series"
AGGREGATES = "/api/external/get-interaction-aggregates"
TOPIC = {"kind": "topic"}
ENGINES = pytest.mark.parametrize("engine", ["database", "columnar"])

pytestmark = pytest.mark.django_db(databases=["default", "columnar"])


def ask(key: str, path: str = PATH, **changes: Any) -> Any:
    body = {"time_range": TIME_RANGE, "filters": [], "variables": ["n_interactions"], **changes}
    headers = {"Authorization": f"Bearer {key}"}
    return Client().post(path, body, content_type="application/json", headers=headers)


def answer(key: str, path: str = PATH, **changes: Any) -> Any:
    response = ask(key, path, **changes)
    assert response.status_code == 200, response.content
    return response.json()


@pytest.fixture
def project() -> Project:
    record(Project.objects.create(name="stranger"))
    return Project.objects.create(name="acme")


@pytest.fixture
def key(project: Project) -> str:
    return issue_key(project, name="tests")


@ENGINES
def test_topics_by_hand(project: Project, key: str, engine: str, settings: Any):
    settings.QUERY_ENGINE = engine
    record(project)
    seal_project(project)

    datasets = answer(key, group_by=TOPIC)["datasets"]

    assert list(datasets) == ["billing", "shipping", "other"]
    counts = {name: [row["n_interactions"] for row in rows] for name, rows in datasets.items()}
    assert counts == {
        "billing": [2, 1, 0, 1, 1, 0, 0],
        "shipping": [0, 1, 1, 0, 0, 0, 0],
        "other": [0, 0, 0, 0, 0, 0, 1],
    }
    # Of the same topic: 1 was on the Monday before, 2 on its Sunday.
    before = {name: [row["n_interactions_prev"] for row in rows] for name, rows in datasets.items()}
    assert before == {
        "billing": [1, 0, 0, 0, 0, 0, 0],
        "shipping": [0, 0, 0, 0, 0, 0, 1],
        "other": [0, 0, 0, 0, 0, 0, 0],
    }


def test_those_without_a_value_are_a_dataset_when_asked_for(project: Project, key: str):
    record(project)

    datasets = answer(key, group_by=TOPIC | {"include_empty": True}, granularity="week")["datasets"]

    assert sorted(datasets) == ["", "billing", "other", "shipping"]
    assert datasets[""] == [{"bucket": "2024-05-27T00:00:00Z", "n_interactions": 1, "n_interactions_prev": 0}]


def test_a_group_named_total_is_a_group(project: Project, key: str):
    record(project, [line(number, user, number) for number, user in enumerate(["total", "total", "ada"])])

    datasets = answer(key, group_by={"kind": "user"}, granularity="week")["datasets"]

    assert {name: rows[0]["n_interactions"] for name, rows in datasets.items()} == {"total": 2, "ada": 1}


@ENGINES
@pytest.mark.parametrize(
    "changes",
    [
        {"filters": [{"kind": "topic", "values": ["nothing"]}]},
        {"time_range": {"start": "2024-05-27", "end": "2024-05-27"}},
        {"group_by": {"kind": "tag", "tag": "unknown"}},
    ],
)
def test_without_groups_there_are_no_datasets(
    project: Project, key: str, changes: dict[str, Any], engine: str, settings: Any
):
    settings.QUERY_ENGINE = engine
    record(project)
    seal_project(project)

    assert answer(key, **{"group_by": TOPIC, **changes})["datasets"] == {}


def line(number: int, user: str, day: int) -> dict[str, Any]:
    at = f"2024-05-{27 + day % 4:02}T12:{number % 60:02}:00Z"
    return {"end_user": user, "time_start": at, "time_end": at, "input": str(number), "output": ""}


@ENGINES
def test_fifty_groups_are_those_of_the_first_page_of_aggregates(
    project: Project, key: str, engine: str, settings: Any
):
    """Seventy users, of whom thirty were there twice, so that the fiftieth place is a tie."""
    settings.QUERY_ENGINE = engine
    users = [f"user {number * 37 % 70}" for number in range(100)]
    record(project, [line(number, user, number) for number, user in enumerate(users)])
    seal_project(project)

    by_user = {"group_by": {"kind": "user"}}
    series = answer(key, **by_user)
    page = answer(key, AGGREGATES, **by_user, limit=50, offset=0)

    assert page["total"] == 70
    assert list(series["datasets"]) == [row["group_name"] for row in page["data"]]
    totals = [sum(row["n_interactions"] for row in rows) for rows in series["datasets"].values()]
    assert totals == [2] * 30 + [1] * 20
    assert answer(key, **by_user) == series


def test_groups_do_not_add_queries(project: Project, key: str):
    """The key, the words, the ranking, two levels of either range, the names."""
    filters = [{"kind": "topic", "values": ["billing"], "is_exclude": True}]
    for record_more in (lambda: record(project), lambda: None):
        record_more()
        with CaptureQueriesContext(connection) as queries:
            answer(
                key,
                group_by={"kind": "keyword", "include_empty": True},
                filters=filters,
                variables=["n_interactions", "retention", "session_time", "n_users"],
            )
        statements = [query["sql"] for query in queries]
        assert len(statements) <= 8, "\n".join(statements)


def test_as_many_buckets_by_group_as_are_promised(key: str):
    # 1,100 days, and one more.
    fits = {"start": "2021-01-01", "end": "2024-01-07"}
    assert ask(key, time_range=fits | {"start": "2021-01-02"}, group_by=TOPIC).status_code == 200
    (error,) = ask(key, time_range=fits, group_by=TOPIC).json()["detail"]
    assert error == {
        "loc": ["body", "granularity"],
        "msg": "the range has more than 1100 buckets by group; ask for longer ones or a shorter range",
        "type": "value_error",
    }
    assert ask(key, time_range=fits).status_code == 200
