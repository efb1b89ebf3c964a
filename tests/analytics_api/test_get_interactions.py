"""Interactions themselves, newest first, on pages that tile and stay."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from interactions.columnar.sealing import seal_project
from interactions.ingest import parse_interaction, record_interactions
from interactions.keys import issue_key
from interactions.models import Project
from tests import reference
from tests.analytics_api.test_aggregates_property import BATCHES, examples, stored
from tests.dataset import LINES, TIME_RANGE, record
from tests.strategies import World, worlds

PATH = "/api/external/get-interactions"

pytestmark = pytest.mark.django_db(databases=["default", "columnar"])


def ask(key: str, **changes: Any) -> Any:
    body = {"time_range": TIME_RANGE, "filters": [], **changes}
    headers = {"Authorization": f"Bearer {key}"}
    response = Client().post(PATH, body, content_type="application/json", headers=headers)
    assert response.status_code == 200, response.content
    return response.json()


@pytest.fixture
def project() -> Project:
    project = Project.objects.create(name="acme")
    record(project)
    # Of another project, and of the same words.
    record(Project.objects.create(name="stranger"))
    return project


@pytest.fixture
def key(project: Project) -> str:
    return issue_key(project, name="tests")


@pytest.mark.parametrize("engine", ["database", "columnar"])
@pytest.mark.parametrize(("batch", "order_by"), BATCHES[::5])
def test_rows_are_those_of_the_reference(batch: int, order_by: str, engine: str, settings: Any):
    settings.QUERY_ENGINE = engine

    @examples(batch, world=worlds(order_by))
    def check(world: World) -> None:
        with stored(world) as key:
            for project in Project.objects.all():
                seal_project(project)
            for request in world.requests:
                wanted = {name: request[name] for name in ("time_range", "filters")}
                rows = ask(key, **wanted, limit=1000)["data"]
                start, end = (reference.parse_moment(wanted["time_range"][at]) for at in ("start", "end"))
                expected = [
                    (one.start, one.end_user)
                    for one in reference.read_interactions(world.lines)
                    if start <= one.start < end and reference.is_kept(one, wanted["filters"])
                ]
                moments = [reference.parse_moment(row["timestamp"]) for row in rows]
                users = [row["end_user"] for row in rows]
                assert moments == sorted((moment for moment, _ in expected), reverse=True)
                assert sorted(zip(moments, map(str, users), strict=True)) == sorted(
                    (moment, str(user)) for moment, user in expected
                )
                pages = [ask(key, **wanted, limit=3, offset=at) for at in range(0, len(rows) + 3, 3)]
                assert [row for page in pages for row in page["data"]] == rows
                assert {page["total"] for page in pages} == {len(rows)}

    check()


def test_row_has_what_is_known_and_no_more(key: str):
    answer = ask(key, limit=2)

    assert (answer["total"], answer["offset"], answer["limit"]) == (9, 0, 2)
    assert answer["data"] == [
        {
            "id": LINES[number - 1]["id"],
            "input_text": f"Question {number}",
            "output_text": f"Answer {number}",
            "end_user": user,
            "timestamp": timestamp,
        }
        for number, user, timestamp in (
            (11, "dee", "2024-06-02T23:59:59.999999Z"),
            (10, "ada", "2024-05-31T14:00:00Z"),
        )
    ]
    with_feedback = {row["id"]: row.get("feedback_type") for row in ask(key)["data"]}
    types = [with_feedback[LINES[number - 1]["id"]] for number in (3, 5, 6, 7, 8, 9)]
    assert types == [
        "positive_explicit", "negative_explicit", "positive_explicit", None, "negative_implicit",
        "positive_implicit",
    ]  # fmt: skip


def test_free_texts_are_shown_and_searched(project: Project, key: str):
    line = LINES[3] | {"id": None, "input": "new", "user_query": "Late Parcel", "warning_message": "slow"}
    record_interactions(project, [parse_interaction(line)])

    (row,) = ask(key, filters=[{"kind": "user_query", "search": "parcel"}])["data"]

    assert (row["user_query"], row["warning_message"]) == ("Late Parcel", "slow")
    assert "negative_intent_message" not in row


def test_pages_of_a_range_stay_while_newer_interactions_arrive(project: Project, key: str):
    first = ask(key, limit=5)
    newer = {"id": None, "time_start": "2030-01-01T00:00:00Z", "time_end": "2030-01-01T00:00:01Z"}
    record_interactions(project, [parse_interaction(LINES[0] | newer)])

    second = ask(key, limit=5, offset=5)

    ids = [row["id"] for row in (*first["data"], *second["data"])]
    assert ids == [LINES[number - 1]["id"] for number in (11, 10, 9, 8, 7, 6, 5, 4, 3)]
    assert second["total"] == 9


def test_page_past_the_end_is_empty(key: str):
    assert ask(key, offset=9)["data"] == ask(key, offset=2**62)["data"] == []


@pytest.mark.parametrize("offset", [0, 8])
def test_a_page_is_four_queries(key: str, offset: int):
    ask(key, offset=offset)
    with CaptureQueriesContext(connections["default"]) as queries:
        ask(key, offset=offset)
    # The key, the count, the page and its texts.
    assert len(queries) == 4
