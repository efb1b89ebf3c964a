"""One interaction or conversation in full, and never another project's.

That every field is right is shown by `test_details_property`.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from interactions.ingest import parse_interaction, record_interactions
from interactions.keys import issue_key
from interactions.models import Interaction, Project
from tests.assertions import assert_detail, assert_refused

DETAILS = ("detail", "detail-v2")
# Fixed: they are part of the names of tests, which every process must find alike. The version's digit and
# letters as random ones have them.
FIRST, SECOND, ALONE, STRANGE = (f"5f0c9a3{n}-1d2e-4b7a-9c3d-{n}a1b2c3d4e5f" for n in range(1, 5))
TALK = {"conversation_id": "talk"}

pytestmark = pytest.mark.django_db


def record(project: Project, public_id: str | None, minute: int, **more: Any) -> None:
    line = {
        "id": public_id, "input": f"in {minute}", "output": f"out {minute}", "end_user": "zoe",
        "time_start": f"2024-03-01T10:{minute:02}:00Z", "time_end": f"2024-03-01T10:{minute:02}:03Z",
    }  # fmt: skip
    record_interactions(project, [parse_interaction(line | more)], anonymize=False)


@pytest.fixture
def project() -> Project:
    """A project with a conversation of two and one alone, beside a decoy of the same words."""
    project = Project.objects.create(name="acme")
    record(project, SECOND, 2, **TALK, cost=7, tags={"plan": "pro"}, history=[["a", "b"]])
    record(project, FIRST, 1, **TALK, cost=5, topic="billing", emotions=["joy"])
    record(project, ALONE, 3)
    decoy = Project.objects.create(name="decoy")
    record(decoy, STRANGE, 3, **TALK, cost=90, topic="secret", tags={"plan": "theirs"}, emotions=["anger"])
    record(decoy, FIRST, 1, input="theirs", conversation_id="hers")
    return project


@pytest.fixture
def key(project: Project) -> str:
    return issue_key(project, name="tests")


def show(key: str, path: str, **more: Any) -> Any:
    """GET as public clients do it, with the content type of the body that they do not send."""
    return Client().get(
        f"/api/external/export/interactions/{path}",
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        **more,
    )


def show_conversation(key: str, body: Any) -> Any:
    return Client().post(
        "/api/external/get-conversation-detail",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )


def test_the_first_shape(key: str):
    assert show(key, f"detail/{SECOND}").json() == {
        "interaction_id": SECOND, "input": "in 2", "output": "out 2", "history": [["a"], ["b"]],
        "conversation": [
            {"input": "in 1", "output": "out 1", "timestamp": "2024-03-01T10:01:00Z", "is_chosen": False},
            {"input": "in 2", "output": "out 2", "timestamp": "2024-03-01T10:02:00Z", "is_chosen": True},
        ],
        "actions": [], "topics": [], "frustration_cause": None, "user_id": "zoe", "user_group_profile": None,
        "tags": {"plan": "pro"}, "intent": None, "topic": None, "warning_business": None,
        "warning_model": None,
    }  # fmt: skip


def test_a_conversation(key: str):
    answer = show_conversation(key, {"conversation_id": "talk"}).json()

    turns = answer.pop("conversation")
    assert [turn["id"] for turn in turns] == [FIRST, SECOND]
    assert answer == {
        "id": "talk", "session_length": 2, "session_time": 63.0, "start_session": "2024-03-01T10:01:00Z",
        "end_session": "2024-03-01T10:02:03Z", "cost": 12, "tags": {"plan": "pro"}, "emotions": ["joy"],
    }  # fmt: skip


@pytest.mark.parametrize("version", DETAILS)
def test_without_a_conversation_it_is_one_of_its_own(key: str, version: str):
    assert show(key, f"{version}/{ALONE}").json()["conversation"] == [
        {"input": "in 3", "output": "out 3", "timestamp": "2024-03-01T10:03:00Z", "is_chosen": True}
    ]


@pytest.mark.parametrize("version", DETAILS)
@pytest.mark.parametrize("spelled", [str.upper, "{}/".format, lambda public_id: public_id.replace("-", "")])
def test_an_id_may_be_spelled_otherwise(key: str, version: str, spelled: Any):
    assert show(key, f"{version}/{spelled(ALONE)}").json() == show(key, f"{version}/{ALONE}").json()


def test_hidden_content_is_empty(project: Project, key: str):
    hidden = str(uuid4())
    record(project, hidden, 4, hide_content=True)

    answer = show(key, f"detail-v2/{hidden}").json()

    assert (answer["input"], answer["output"], answer["verbosity"]) == ("", "", 0)


# What it refuses


@pytest.mark.parametrize("version", DETAILS)
def test_what_is_not_there_or_another_projects_is_not_found(key: str, version: str):
    for unknown in (STRANGE, str(uuid4())):
        assert_detail(show(key, f"{version}/{unknown}"), 404, "Not Found")


@pytest.mark.parametrize("version", DETAILS)
def test_the_same_id_in_two_projects_is_the_own_interaction(key: str, version: str):
    answer = show(key, f"{version}/{FIRST}").json()

    assert answer["input"] == "in 1"
    assert [turn["input"] for turn in answer["conversation"]] == ["in 1", "in 2"]


@pytest.mark.parametrize("unknown", ["none", "hers", "", "TALK", "talk ", SECOND])
def test_an_unknown_conversation_is_not_found(key: str, unknown: str):
    assert_detail(show_conversation(key, {"conversation_id": unknown}), 404, "Not Found")


def test_a_conversation_without_interactions_is_not_found(project: Project, key: str):
    Interaction.objects.for_project(project).filter(conversation__external_id="talk").delete()

    assert_detail(show_conversation(key, {"conversation_id": "talk"}), 404, "Not Found")


@pytest.mark.parametrize("version", DETAILS)
@pytest.mark.parametrize("malformed", ["nonsense", "1", FIRST[:-1], f"{FIRST}0", "%00", "é"])
def test_a_malformed_id_is_refused(key: str, version: str, malformed: str):
    error = {"loc": ["path", "interaction_id"], "msg": "expected a UUID", "type": "uuid_parsing"}

    assert_refused(show(key, f"{version}/{malformed}"), [error])


@pytest.mark.parametrize(
    ("body", "loc", "type"),
    [
        ({}, ["conversation_id"], "missing"),
        ({"conversation_id": None}, ["conversation_id"], "missing"),
        ({"conversation_id": 5}, ["conversation_id"], "string_type"),
        ({"conversation_id": "a\0"}, ["conversation_id"], "value_error"),
        ({"conversation_id": "talk", "conversation": 1}, ["conversation"], "extra_forbidden"),
        ([], [], "value_error"),
        ("", [], "missing"),
    ],
)
def test_a_malformed_request_is_refused(key: str, body: Any, loc: list[str], type: str):
    response = show_conversation(key, body)

    assert response.status_code == 422
    assert [(error["loc"], error["type"]) for error in response.json()["detail"]] == [(["body", *loc], type)]


def test_keys_are_needed_that_may_ask(project: Project):
    key = issue_key(project, name="ingest only", scopes="ingest manage")
    for response in (
        show(key, f"detail/{FIRST}"),
        show(key, f"detail-v2/{FIRST}"),
        show_conversation(key, {"conversation_id": "talk"}),
    ):
        assert_detail(response, 403, "The API key lacks the scope 'query'.")
    for response in (
        show("unknown", f"detail/{FIRST}"),
        show("unknown", f"detail-v2/{FIRST}"),
        show_conversation("unknown", {"conversation_id": "talk"}),
    ):
        assert_detail(response, 401, "The API key is not valid.")


@pytest.mark.parametrize("path", [f"detail/{FIRST}", f"detail/{ALONE}", f"detail-v2/{FIRST}"])
def test_queries_are_as_many_for_any_short_conversation(project: Project, key: str, path: str):
    def n_queries() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert show(key, path).status_code == 200
        return len(queries)

    before = n_queries()
    for minute in range(10, 20):
        record(project, None, minute, **TALK, tags={"n": str(minute)})

    assert n_queries() == before
