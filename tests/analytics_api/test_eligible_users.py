"""Who the product is there for: listed, added to, replaced and removed, each project its own."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from interactions.keys import issue_key
from interactions.models import EligibleUser, Project
from tests.assertions import assert_detail, assert_refused

PATH = "/api/external/eligible-users"
MAY = {"active_from": "2024-05-01"}
ADA = {"end_user": "ada", "tags": {"plan": "pro"}, "active_from": "2024-05-01", "active_to": "2024-05-31"}
BOB = {"end_user": "bob", "tags": {}, "active_from": "2024-05-01"}
CY = {"end_user": "cy", "tags": {}, "active_from": "2024-06-01"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="acme")


@pytest.fixture
def key(project: Project) -> str:
    return issue_key(project, name="tests")


def ask(key: str, method: str, body: Any = None, path: str = PATH) -> HttpResponse:
    return Client().generic(
        method,
        path,
        body if isinstance(body, str) else json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )


def send(key: str, method: str, *users: Any, path: str = PATH) -> Any:
    response = ask(key, method, {"users": users}, path)
    assert response.status_code == 200, response.content
    return response.json()


def listed(key: str, path: str = PATH) -> list[dict[str, Any]]:
    response = ask(key, "GET", "", path)
    assert response.status_code == 200, response.content
    assert list(response.json()) == ["users"]
    return response.json()["users"]


def test_nobody_is_eligible_at_first(key: str):
    assert listed(key) == []


def test_added_users_are_listed_by_id(key: str):
    assert send(key, "POST", CY, ADA) == {"users": [CY, ADA]}
    assert send(key, "POST", BOB) == {"users": [BOB]}

    assert listed(key) == [ADA, BOB, CY]


def test_user_added_again_becomes_what_is_given_now(key: str):
    send(key, "POST", ADA, BOB)

    changed = {"end_user": "ada", "tags": {"team": "red"}, "active_from": "2024-06-01"}
    assert send(key, "POST", changed, CY) == {"users": [changed, CY]}

    assert listed(key) == [changed, BOB, CY]


def test_replacement_leaves_nobody_else(key: str):
    send(key, "POST", ADA, BOB)

    changed = BOB | {"active_to": "2024-05-02"}
    assert send(key, "PUT", CY, changed) == {"users": [CY, changed]}

    assert listed(key) == [changed, CY]


def test_removed_users_are_gone(key: str):
    send(key, "POST", ADA, BOB, CY)

    assert send(key, "DELETE", "cy", "ada", "unknown", "ada") == {"message": "Users removed: 2."}
    assert listed(key) == [BOB]
    assert send(key, "DELETE", "cy") == {"message": "Users removed: 0."}


@pytest.mark.parametrize(
    ("method", "answer", "left"),
    [
        ("POST", {"users": []}, [ADA]),
        ("PUT", {"users": []}, []),
        ("DELETE", {"message": "Users removed: 0."}, [ADA]),
    ],
)
def test_empty_list_is_taken_as_it_is(key: str, method: str, answer: Any, left: list[Any]):
    send(key, "POST", ADA)

    assert send(key, method) == answer
    assert listed(key) == left


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"tags": None}, {"tags": {}}),
        ({"tags": {"plan": None, "team": "red"}}, {"tags": {"team": "red"}}),
        ({"tags": {"Größe": "😀", "a.b": "'\"\\"}}, {"tags": {"Größe": "😀", "a.b": "'\"\\"}}),
        ({"active_to": None}, {}),
        ({"active_from": "0001-01-01", "active_to": "9999-12-31"},
         {"active_from": "0001-01-01", "active_to": "9999-12-31"}),
        ({"active_from": "2024-02-29", "active_to": "2024-02-29"},
         {"active_from": "2024-02-29", "active_to": "2024-02-29"}),
        ({"active_from": "2024-05-01T00:00:00Z"}, {"active_from": "2024-05-01"}),
        ({"active_from": "2024-05-01T02:00:00+02:00"}, {"active_from": "2024-05-01"}),
        ({"end_user": "x" * 500}, {"end_user": "x" * 500}),
        ({"end_user": " \t'; --"}, {"end_user": " \t'; --"}),
    ],
)  # fmt: skip
def test_stored_as_meant(key: str, method: str, given: dict[str, Any], stored: dict[str, Any]):
    expected = {"end_user": "ada", "tags": {}, "active_from": "2024-05-01"} | stored

    user = {"end_user": "ada", **MAY, **given}
    assert send(key, method, user) == {"users": [expected]}
    assert listed(key) == [expected]


def test_ids_are_told_apart_and_ordered_by_code_point(key: str):
    ids = ["Ada", "ada", "ada ", "a\u0308da", "äda", "Z", "1", "10", "9", "😀", "\ufffd"]
    send(key, "PUT", *[{"end_user": one, **MAY} for one in ids])

    assert [user["end_user"] for user in listed(key)] == sorted(ids)
    assert send(key, "DELETE", "ada", "😀") == {"message": "Users removed: 2."}
    assert [user["end_user"] for user in listed(key)] == sorted({*ids} - {"ada", "😀"})


@pytest.mark.parametrize(
    "path", [f"{PATH}/", "/api/external/platform-users", "/api/external/platform-users/"]
)
def test_other_addresses_are_the_same_list(key: str, path: str):
    send(key, "POST", ADA)
    assert listed(key, path) == [ADA]
    send(key, "PUT", BOB, path=path)
    assert listed(key) == [BOB]
    send(key, "DELETE", "bob", path=path)
    assert listed(key, path) == []


MISSING = "a value is required"
WORD = "expected 1 to 500 characters"
DATE = "expected a date such as 2024-05-30"
# A body, where it is wrong, and how.
REFUSALS: list[tuple[Any, list[tuple[list[str | int], str, str]]]] = [
    ({}, [(["users"], MISSING, "missing")]),
    ({"users": None}, [(["users"], MISSING, "missing")]),
    ({"users": {}}, [(["users"], "expected a list", "list_type")]),
    ([], [([], "expected an object", "value_error")]),
    ({"users": [{"end_user": "ada"}]}, [(["users", 0, "active_from"], MISSING, "missing")]),
    ({"users": [MAY]}, [(["users", 0, "end_user"], MISSING, "missing")]),
    ({"users": [None]}, [(["users", 0], MISSING, "missing")]),
    ({"users": ["ada"]}, [(["users", 0], "expected an object", "value_error")]),
    ({"users": [{"end_user": "", **MAY}]}, [(["users", 0, "end_user"], WORD, "value_error")]),
    ({"users": [{"end_user": "x" * 501, **MAY}]}, [(["users", 0, "end_user"], WORD, "value_error")]),
    ({"users": [{"end_user": 7, **MAY}]}, [(["users", 0, "end_user"], "expected a string", "string_type")]),
    ({"users": [{"end_user": "a\0", **MAY}]},
     [(["users", 0, "end_user"], "may not contain NUL characters", "value_error")]),
    ({"users": [BOB | {"tags": []}]}, [(["users", 0, "tags"], "expected an object", "value_error")]),
    ({"users": [BOB | {"tags": {"a": 1, "b": "", "": "x"}}]},
     [(["users", 0, "tags", "a"], "expected a string", "string_type"),
      (["users", 0, "tags", "b"], WORD, "value_error"),
      (["users", 0, "tags", ""], WORD, "value_error")]),
    ({"users": [BOB | {"tags": {str(number): "x" for number in range(1001)}}]},
     [(["users", 0, "tags"], "1001 tags; at most 1000 are accepted", "value_error")]),
    *(({"users": [BOB | {"active_from": given}]}, [(["users", 0, "active_from"], DATE, "datetime_parsing")])
      for given in ("2024-02-30", "0000-01-01", "10000-01-01", "May", "", 20240501, True, ["2024-05-01"])),
    ({"users": [BOB | {"active_from": "2024-05-01T00:00:01Z"}]},
     [(["users", 0, "active_from"], f"{DATE}, not a time of day", "datetime_parsing")]),
    ({"users": [BOB | {"active_to": "2024-04-30"}]},
     [(["users", 0, "active_to"], "lies before active_from; expected active_from <= active_to",
       "value_error")]),
    ({"users": [ADA, BOB, ADA]},
     [(["users", 2, "end_user"], "the same user as number 0 of the list; each is accepted once",
       "value_error")]),
    ({"users": [BOB | {"active_until": "2024-06-01"}], "user": []},
     [(["users", 0, "active_until"],
       "unknown field. Did you mean 'active_to'? Known: end_user, tags, active_from, active_to.",
       "extra_forbidden"),
      (["user"], "unknown field. Did you mean 'users'? Known: users.", "extra_forbidden")]),
]  # fmt: skip


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(("body", "errors"), REFUSALS)
def test_wrong_users_are_refused_and_change_nothing(key: str, method: str, body: Any, errors: list[Any]):
    send(key, "POST", ADA)

    response = ask(key, method, body)

    assert_refused(response, [{"loc": ["body", *loc], "msg": msg, "type": type} for loc, msg, type in errors])
    assert listed(key) == [ADA]


@pytest.mark.parametrize(
    ("body", "loc", "msg", "type"),
    [
        ({}, ["users"], MISSING, "missing"),
        ({"users": "ada"}, ["users"], "expected a list", "list_type"),
        ({"users": ["ada", ADA]}, ["users", 1], "expected a string", "string_type"),
        ({"users": ["x"] * 50_001}, ["users"], "50001 items; at most 50000 are accepted", "value_error"),
        ({"users": ["ada", ""]}, ["users", 1], WORD, "value_error"),
        ({"users": ["ada", None]}, ["users", 1], MISSING, "missing"),
    ],
)
def test_wrong_ids_are_refused_and_remove_nobody(key: str, body: Any, loc: list[Any], msg: str, type: str):
    send(key, "POST", ADA)

    assert_refused(ask(key, "DELETE", body), [{"loc": ["body", *loc], "msg": msg, "type": type}])
    assert listed(key) == [ADA]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_missing_and_broken_bodies_are_refused(key: str, method: str):
    for body, type in (("", "missing"), ("{", "json_invalid")):
        (error,) = ask(key, method, body).json()["detail"]
        assert (error["loc"], error["type"]) == (["body"], type)


def test_other_methods_are_not_there(key: str):
    assert_detail(ask(key, "PATCH", {"users": []}), 405, "Method Not Allowed")


@pytest.mark.parametrize(
    ("scopes", "method", "needed"),
    [
        ("ingest manage", "GET", "query"),
        ("query manage", "POST", "ingest"),
        ("query manage", "PUT", "ingest"),
        ("query manage", "DELETE", "ingest"),
    ],
)
def test_scope_is_needed(project: Project, key: str, scopes: str, method: str, needed: str):
    send(key, "POST", ADA)
    other = issue_key(project, name="other", scopes=scopes)

    response = ask(other, method, {"users": []})

    assert_detail(response, 403, f"The API key lacks the scope {needed!r}.")
    assert listed(key) == [ADA]


def test_one_scope_is_enough_for_each(project: Project):
    writer = issue_key(project, name="writer", scopes="ingest")
    send(writer, "PUT", ADA)
    assert listed(issue_key(project, name="reader", scopes="query")) == [ADA]


def test_other_projects_are_neither_seen_nor_touched(key: str):
    stranger = issue_key(Project.objects.create(name="stranger"), name="theirs")
    theirs = ADA | {"tags": {"theirs": "yes"}}
    send(stranger, "POST", theirs, CY)
    assert listed(key) == []

    send(key, "POST", ADA, BOB)
    send(key, "PUT", ADA)
    assert send(key, "DELETE", "ada", "cy") == {"message": "Users removed: 1."}
    send(key, "PUT")

    assert listed(stranger) == [theirs, CY]


@pytest.mark.parametrize("number", range(3))
def test_any_requests_in_a_row_leave_what_they_say(key: str, number: int):
    """Two lists, each held to a dictionary."""
    choose = random.Random(number)
    keys = [key, issue_key(Project.objects.create(name="other"), name="theirs")]
    expected: list[dict[str, dict[str, Any]]] = [{}, {}]
    for _ in range(15):
        at, method = choose.randrange(2), choose.choice(["POST", "POST", "PUT", "DELETE"])
        names = choose.sample("abcdefgh", choose.randrange(6))
        users = {name: random_user(choose, name) for name in names}
        send(keys[at], method, *(names if method == "DELETE" else users.values()))
        others = {name: user for name, user in expected[at].items() if method != "PUT" and name not in names}
        expected[at] = others if method == "DELETE" else others | users
        for place, one in enumerate(keys):
            assert listed(one) == sorted(expected[place].values(), key=lambda user: user["end_user"])


def random_user(choose: random.Random, name: str) -> dict[str, Any]:
    end = choose.choice([{}, {"active_to": "2024-06-01"}])
    return {
        "end_user": name,
        "tags": choose.choice([{}, {"plan": "pro"}, {"a": "b", "c": "d"}]),
        **MAY,
        **end,
    }


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_thousands_are_stored_by_as_many_statements_as_one(key: str, method: str):
    """The key; the start of a savepoint and its end, the project, the removal, the insertion."""
    users = [{"end_user": f"user {number:05}", "tags": {"n": str(number)}, **MAY} for number in range(5000)]
    send(key, "POST", *users[:2500])

    with CaptureQueriesContext(connection) as queries:
        send(key, method, *users)
    assert len(queries) <= 6, [query["sql"][:200] for query in queries]
    assert listed(key) == users

    with CaptureQueriesContext(connection) as queries:
        send(key, "DELETE", *[user["end_user"] for user in users[1:]])
    assert len(queries) <= 5, [query["sql"][:200] for query in queries]
    assert EligibleUser.objects.get().external_id == "user 00000"
