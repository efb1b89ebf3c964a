"""The export of a week: every interaction once, in order, sent while it is read."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from interactions.ingest import parse_interaction, record_interactions
from interactions.keys import issue_key
from interactions.models import Project
from tests import reference
from tests.analytics_api.test_aggregates_property import examples, stored
from tests.strategies import World, worlds

PATH = "/api/external/export/interactions"
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
WEEK = {"date_gte": "2024-05-01", "date_lt": "2024-05-08"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="acme")


@pytest.fixture
def key(project: Project) -> str:
    return issue_key(project, name="tests")


def send(project: Project, n: int, **changes: Any) -> None:
    lines = [
        {
            "end_user": f"user {number % 3}",
            # Two of each moment.
            "time_start": NOON + timedelta(seconds=number // 2),
            "time_end": NOON + timedelta(seconds=number),
            "input": f"in {number}",
            "output": "out",
        }
        | changes
        for number in range(n)
    ]
    record_interactions(project, [parse_interaction(line) for line in lines], anonymize=False)


def export(key: str, **query: str) -> Any:
    return Client().get(f"{PATH}?{urlencode(query)}", headers={"Authorization": f"Bearer {key}"})


def rows_of(response: Any) -> list[dict[str, Any]]:
    assert response.status_code == 200
    return json.loads(b"".join(response.streaming_content))


def test_rows_are_those_of_the_reference():
    @examples(3, world=worlds("n_users"))
    def check(world: World) -> None:
        with stored(world) as key:
            for request in world.requests:
                start = reference.parse_moment(request["time_range"]["start"])
                end = min(reference.parse_moment(request["time_range"]["end"]), start + timedelta(days=7))
                rows = rows_of(export(key, date_gte=start.isoformat(), date_lt=end.isoformat()))
                expected = [
                    one for one in reference.read_interactions(world.lines) if start <= one.start < end
                ]
                assert sorted(map(_known, rows), key=repr) == sorted(map(_expected, expected), key=repr)

    check()


def _known(row: dict[str, Any]) -> tuple:
    return (row["user_id"], row["user_group_profile"], row["intent"], row["topics"], row["tags"])


def _expected(one: reference.Interaction) -> tuple:
    (intent, topic) = (next(iter(one.labels[kind]), None) for kind in ("intent", "topic"))
    return (one.end_user, one.cohort, intent, [topic] if topic else [], one.tags)


@pytest.mark.parametrize("n", [0, 1, 99, 100, 101, 250])
def test_every_interaction_comes_once_oldest_first(project: Project, key: str, n: int):
    send(project, n)
    # Of another project, and of the other side of each end.
    send(Project.objects.create(name="stranger"), 5)
    for moment in ("2024-04-30T23:59:59.999999Z", "2024-05-08T00:00:00Z"):
        send(project, 1, time_start=moment, time_end=moment, end_user="outside")

    rows = rows_of(export(key, **WEEK))

    assert [row["input"] for row in rows] == [f"in {number}" for number in range(n)]


def test_row_is_the_first_shape_without_its_conversation(project: Project, key: str):
    send(project, 1, conversation_id="talk", tags={"plan": "pro"}, topic="billing")

    (row,) = rows_of(export(key, **WEEK))

    path = f"/api/external/export/interactions/detail/{row['interaction_id']}"
    detail = Client().get(path, headers={"Authorization": f"Bearer {key}"}).json()
    del detail["conversation"]
    assert row == detail
    assert (row["tags"], row["topic"]) == ({"plan": "pro"}, "billing")


@pytest.mark.parametrize("history", [5, True, 1.5, "Hi", {"Hi": "Hello"}, [5, [], ["Hi"], None]], ids=repr)
def test_history_that_has_no_pairs_is_empty_and_stops_nothing(project: Project, key: str, history: Any):
    send(project, 2)
    send(project, 1, input="odd", history=history)

    rows = rows_of(export(key, **WEEK))

    assert sorted(row["input"] for row in rows) == ["in 0", "in 1", "odd"]
    assert [row["history"] for row in rows] == [[[], []]] * 3


def test_rows_are_read_as_they_are_sent(project: Project, key: str):
    send(project, 1000)
    with CaptureQueriesContext(connection) as queries:
        pieces = export(key, **WEEK).streaming_content
        at_first = len(queries)
        list(pieces)

    # Ten batches of four queries, and one that finds no more.
    assert len(queries) - at_first == 9 * 4 + 1


def test_what_is_cut_off_is_no_json(project: Project, key: str):
    send(project, 250)
    pieces = iter(export(key, **WEEK).streaming_content)
    received = next(pieces)

    def fail(execute: Any, *query: Any) -> Any:
        raise OperationalError("the database is gone")

    with connection.execute_wrapper(fail), pytest.raises(OperationalError):
        next(pieces)

    with pytest.raises(json.JSONDecodeError):
        json.loads(received)


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ({}, [("date_gte", "missing"), ("date_lt", "missing")]),
        ({"date_gte": "2024-05-01"}, [("date_lt", "missing")]),
        ({"date_gte": "yesterday", "date_lt": "2024-05-01"}, [("date_gte", "datetime_parsing")]),
        ({"date_gte": "2024-05-01", "date_lt": "\x00"}, [("date_lt", "datetime_parsing")]),
        ({"date_gte": "2024-05-02", "date_lt": "2024-05-01"}, [("date_lt", "value_error")]),
        ({"date_gte": "2024-05-01", "date_lt": "2024-05-08T00:00:00.000001"}, [("date_lt", "value_error")]),
        ({"date_gte": "0001-01-01", "date_lt": "9999-12-31"}, [("date_lt", "value_error")]),
        (WEEK | {"date_lte": "2024-05-02"}, [("date_lte", "extra_forbidden")]),
    ],
)
def test_what_is_not_understood_is_refused(key: str, query: dict[str, str], errors: list[tuple[str, str]]):
    response = export(key, **query)

    assert response.status_code == 422
    found = [(error["loc"], error["type"]) for error in response.json()["detail"]]
    assert found == [(["query", name], type) for name, type in errors]


@pytest.mark.parametrize(
    ("date_gte", "date_lt"), [("0001-01-01", "0001-01-08"), ("9999-12-31", "9999-12-31T23:59:59.999999Z")]
)
def test_the_ends_of_time_are_empty(key: str, date_gte: str, date_lt: str):
    assert rows_of(export(key, date_gte=date_gte, date_lt=date_lt)) == []


def test_needs_a_key_that_may_ask(project: Project):
    assert export("no key", **WEEK).status_code == 401
    assert export(issue_key(project, name="sdk", scopes="ingest"), **WEEK).status_code == 403
