"""Several aggregations in one order, as the reference orders them, of one moment."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from interactions.columnar.sealing import seal_project
from interactions.keys import issue_key
from interactions.models import Project
from tests import reference
from tests.analytics_api.test_aggregates_property import BATCHES, examples, stored
from tests.dataset import TIME_RANGE, record
from tests.strategies import World, worlds

PATH = "/api/external/get-interaction-multi-aggregates"

pytestmark = pytest.mark.django_db(databases=["default", "columnar"])


def ask(key: str, request: dict[str, Any]) -> Any:
    headers = {"Authorization": f"Bearer {key}"}
    return Client().post(PATH, request, content_type="application/json", headers=headers)


@pytest.fixture
def key() -> str:
    project = Project.objects.create(name="acme")
    record(project)
    return issue_key(project, name="tests")


def lists_of(world: World) -> list[list[dict[str, Any]]]:
    """The groupings of a world's requests, and the total."""
    groupings = [
        [group for group in (request["group_by"], *(request.get("additional_group_bys") or ())) if group]
        for request in world.requests
    ]
    return [*groupings, []]


def assert_same_rows(got: list[Any], expected: list[list[Any]]) -> None:
    """Rows that tie may come in any order."""
    at = 0
    for ties in expected:
        assert sorted(map(json.dumps, got[at : at + len(ties)])) == sorted(map(json.dumps, ties))
        at += len(ties)
    assert len(got) == at


@pytest.mark.parametrize("engine", ["database", "columnar"])
@pytest.mark.parametrize(("batch", "order_by"), BATCHES[::2])
def test_rows_are_those_of_the_reference(batch: int, order_by: str, engine: str, settings: Any):
    settings.QUERY_ENGINE = engine

    @examples(batch, world=worlds(order_by))
    def check(world: World) -> None:
        with stored(world) as key:
            if engine == "columnar":
                for project in Project.objects.all():
                    seal_project(project)
            request = {
                name: value
                for name, value in world.requests[0].items()
                if name not in ("group_by", "additional_group_bys")
            }
            # Stickiness depends on the day.
            request["variables"] = [v for v in request.get("variables") or () if v != "stickiness"]
            request |= {"group_by_groups": lists_of(world), "limit": 1000, "offset": 0}
            response = ask(key, request)
            assert response.status_code == 200, response.content
            whole = response.json()
            expected = reference.multi_answer(world.lines, request, **world.settings)
            assert_same_rows(whole["data"], expected)
            assert whole["total"] == len(whole["data"])
            pages = [ask(key, request | {"limit": 3, "offset": at}).json() for at in range(0, 10, 3)]
            assert [row for page in pages for row in page["data"]] == whole["data"][:12]

    check()


def test_lists_are_merged_by_hand(key: str):
    request = {
        "time_range": TIME_RANGE,
        "filters": [],
        "group_by_groups": [[{"kind": "topic"}], [], [{"kind": "model"}, {"kind": "topic"}]],
        "variables": ["n_interactions"],
        "limit": 5,
    }
    answer = ask(key, request).json()

    rows = [
        (r["kinds"], r["group_name"], r["additional_groups"], r["n_interactions"]) for r in answer["data"]
    ]
    assert rows == [
        ([], "total", [], 9),
        (["topic"], "billing", [], 5),
        (["model", "topic"], "large", ["billing"], 3),
        (["topic"], "shipping", [], 2),
        (["model", "topic"], "small", ["shipping"], 2),
    ]
    assert (answer["total"], answer["offset"], answer["limit"]) == (9, 0, 5)


def test_page_past_the_end_is_empty(key: str):
    request = {"time_range": TIME_RANGE, "filters": [], "group_by_groups": [[{"kind": "topic"}]]}

    for offset in (3, 2**63 - 1):
        answer = ask(key, request | {"offset": offset}).json()
        assert (answer["total"], answer["data"]) == (3, [])


def test_limit_and_offset_have_defaults(key: str):
    request = {"time_range": TIME_RANGE, "filters": [], "group_by_groups": []}
    assert ask(key, request).json() == {"total": 0, "offset": 0, "limit": 10, "data": []}


def test_a_list_is_one_query_and_the_names_another(key: str):
    request = {
        "time_range": TIME_RANGE,
        "filters": [],
        "group_by_groups": [[{"kind": "topic"}], [{"kind": "model"}], [{"kind": "user"}], []],
        "variables": ["n_interactions", "n_users", "cost"],
    }
    ask(key, request)
    with CaptureQueriesContext(connections["default"]) as queries:
        ask(key, request)
    # The key, the four lists, the names.
    assert len(queries) == 1 + 4 + 1


TOPIC = {"kind": "topic"}


@pytest.mark.parametrize(
    ("groups", "loc", "type"),
    [
        (None, [], "missing"),
        ({}, [], "list_type"),
        ([TOPIC], [0], "list_type"),
        ([[TOPIC], [TOPIC, {"kind": "model"}, TOPIC]], [1, 2], "value_error"),
        ([[{"kind": "topics"}]], [0, 0, "kind"], "union_tag_invalid"),
        ([[]] * 21, [], "value_error"),
        ([[TOPIC] * 10], [0], "value_error"),
    ],
)
def test_refusal_says_where(key: str, groups: Any, loc: list[Any], type: str):
    response = ask(key, {"time_range": TIME_RANGE, "filters": [], "group_by_groups": groups})

    assert response.status_code == 422
    (error,) = response.json()["detail"]
    assert (error["loc"], error["type"]) == (["body", "group_by_groups", *loc], type)


def test_single_group_by_is_refused(key: str):
    response = ask(key, {"time_range": TIME_RANGE, "filters": [], "group_by_groups": [], "group_by": TOPIC})
    assert [error["type"] for error in response.json()["detail"]] == ["extra_forbidden"]
