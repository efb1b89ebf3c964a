"""What the aggregate endpoint refuses: the whole error body, on whatever database the suite runs."""

import json
from typing import Any

import pytest
from django.test import Client

from analytics_api.errors import ERROR_TYPES
from interactions.keys import issue_key
from interactions.models import Project

PATH = "/api/external/get-interaction-aggregates"
BODY: dict[str, Any] = {
    "time_range": {"start": "2024-03-01T00:00:00Z", "end": "2024-04-01T00:00:00Z"},
    "filters": [],
    "limit": 10,
    "offset": 0,
}
ABSENT = object()

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> str:
    return issue_key(Project.objects.create(name="acme"), name="test")


def post(key: str, body: Any, **headers: str):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Client(raise_request_exception=False).post(
        PATH, data, content_type="application/json", headers={"Authorization": f"Bearer {key}", **headers}
    )


def changed(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**BODY, **changes}.items() if value is not ABSENT}


def types_by_place(response) -> dict[str, str]:
    """{"body.filters.0.kind": "union_tag_invalid"}; a place with two reasons would be a bug."""
    errors = response.json()["detail"]
    types = {".".join(map(str, error["loc"])): error["type"] for error in errors}
    assert len(types) == len(errors)
    return types


def test_the_plain_body_is_accepted(key):
    assert post(key, BODY).status_code == 200


def test_nulls_are_absent(key):
    nulls = dict.fromkeys(("group_by", "additional_group_bys", "variables", "order_by", "include_previous"))
    assert post(key, changed(**nulls)).json() == post(key, BODY).json()


TOPIC = {"kind": "topic", "values": ["a"]}
# What is sent, and the type of each error by its place below "body".
REFUSED = {
    # The body as a whole
    "empty body": (b"", {"": "missing"}),
    "blank body": (b" ", {"": "json_invalid"}),
    "malformed": (b'{"limit": 10', {"": "json_invalid"}),
    "not UTF-8": (b'{"limit": "\xff"}', {"": "json_invalid"}),
    "NaN": (b'{"limit": NaN}', {"": "json_invalid"}),
    "lone surrogate": (b'{"limit": "\\ud800"}', {"": "json_invalid"}),
    "too deep": (b'{"filters":' + b"[" * 5000 + b"]" * 5000 + b"}", {"": "json_invalid"}),
    "a list": ([BODY], {"": "value_error"}),
    "a string": ("body", {"": "value_error"}),
    "null": (b"null", {"": "missing"}),
    "empty object": (
        {},
        {"time_range": "missing", "filters": "missing", "limit": "missing", "offset": "missing"},
    ),
    "unknown key": (changed(additional_groupbys=[]), {"additional_groupbys": "extra_forbidden"}),
    "unknown keys beyond counting": (changed(**{f"key{n}": 1 for n in range(101)}), {"": "extra_forbidden"}),
    "all at once": (
        changed(limit=0, offset="x", filters=[{"kind": "tpic"}, {"kind": "topic"}], variables=["costs"]),
        {
            "limit": "greater_than_equal",
            "offset": "int_parsing",
            "filters.0.kind": "union_tag_invalid",
            "filters.1.values": "missing",
            "variables.0": "enum",
        },
    ),
    # limit and offset
    "limit missing": (changed(limit=ABSENT), {"limit": "missing"}),
    "limit null": (changed(limit=None), {"limit": "missing"}),
    "limit zero": (changed(limit=0), {"limit": "greater_than_equal"}),
    "limit over the maximum": (changed(limit=1001), {"limit": "less_than_equal"}),
    "limit huge": (changed(limit=10**30), {"limit": "less_than_equal"}),
    "limit a word": (changed(limit="ten"), {"limit": "int_parsing"}),
    "limit of too many digits": (changed(limit="0" * 20 + "5"), {"limit": "int_parsing"}),
    "limit a boolean": (changed(limit=True), {"limit": "int_type"}),
    "limit a fraction": (changed(limit=1.5), {"limit": "int_type"}),
    "limit a list": (changed(limit=[1]), {"limit": "int_type"}),
    "offset negative": (changed(offset=-1), {"offset": "greater_than_equal"}),
    "offset beyond 64 bits": (changed(offset=2**63), {"offset": "less_than_equal"}),
    "offset missing": (changed(offset=ABSENT), {"offset": "missing"}),
    # time_range
    "range missing": (changed(time_range=ABSENT), {"time_range": "missing"}),
    "range a list": (changed(time_range=[]), {"time_range": "value_error"}),
    "range without ends": (
        changed(time_range={}),
        {"time_range.start": "missing", "time_range.end": "missing"},
    ),
    "range backwards": (
        changed(time_range={"start": "2024-04-01", "end": "2024-03-01"}),
        {"time_range": "value_error"},
    ),
    "range with more": (
        changed(time_range={"start": "2024-03-01", "end": "2024-04-01", "zone": "UTC"}),
        {"time_range.zone": "extra_forbidden"},
    ),
    "not a date": (
        changed(time_range={"start": "yesterday", "end": "2024-04-01"}),
        {"time_range.start": "datetime_parsing"},
    ),
    "30 February": (
        changed(time_range={"start": "2024-02-30", "end": "2024-04-01"}),
        {"time_range.start": "datetime_parsing"},
    ),
    "a number": (
        changed(time_range={"start": 1709251200, "end": "2024-04-01"}),
        {"time_range.start": "datetime_parsing"},
    ),
    "before year 1": (
        changed(time_range={"start": "0001-01-01T00:00:00+14:00", "end": "2024-04-01"}),
        {"time_range.start": "datetime_parsing"},
    ),
    "after year 9999": (
        changed(time_range={"start": "2024-04-01", "end": "9999-12-31T23:59:59-01:00"}),
        {"time_range.end": "datetime_parsing"},
    ),
    # filters
    "filters missing": (changed(filters=ABSENT), {"filters": "missing"}),
    "filters an object": (changed(filters=TOPIC), {"filters": "list_type"}),
    "filter a string": (changed(filters=["topic"]), {"filters.0": "value_error"}),
    "filter null": (changed(filters=[None]), {"filters.0": "missing"}),
    "filter without kind": (changed(filters=[{"values": []}]), {"filters.0.kind": "union_tag_not_found"}),
    "filter of unknown kind": (
        changed(filters=[TOPIC, {"kind": "tpoic"}]),
        {"filters.1.kind": "union_tag_invalid"},
    ),
    "filter kind a list": (changed(filters=[{"kind": ["topic"]}]), {"filters.0.kind": "union_tag_invalid"}),
    "filter kind too deep to show": (
        b'{"time_range": {"start": "2024-03-01", "end": "2024-04-01"}, "limit": 1, "offset": 0,'
        b'"filters": [{"kind":' + b"[" * 1000 + b"]" * 1000 + b"}]}",
        {"filters.0.kind": "union_tag_invalid"},
    ),
    "time bucket as filter": (
        changed(filters=[{"kind": "day", "values": []}]),
        {"filters.0.kind": "union_tag_invalid"},
    ),
    "values missing": (changed(filters=[{"kind": "topic"}]), {"filters.0.values": "missing"}),
    "values a string": (
        changed(filters=[{"kind": "topic", "values": "a"}]),
        {"filters.0.values": "list_type"},
    ),
    "value a number": (
        changed(filters=[{"kind": "topic", "values": ["a", 1]}]),
        {"filters.0.values.1": "string_type"},
    ),
    "value null": (changed(filters=[{"kind": "topic", "values": [None]}]), {"filters.0.values.0": "missing"}),
    "value with NUL": (
        changed(filters=[{"kind": "topic", "values": ["a\0"]}]),
        {"filters.0.values.0": "value_error"},
    ),
    "value too long": (
        changed(filters=[{"kind": "topic", "values": ["a" * 10_001]}]),
        {"filters.0.values.0": "value_error"},
    ),
    "too many values": (
        changed(filters=[{"kind": "topic", "values": ["a"] * 1001}]),
        {"filters.0.values": "value_error"},
    ),
    "too many filters": (changed(filters=[TOPIC] * 101), {"filters": "value_error"}),
    "too many values together": (
        changed(filters=[{"kind": "topic", "values": ["a"] * 1000}] * 11),
        {"filters": "value_error"},
    ),
    "is_exclude a word": (
        changed(filters=[{**TOPIC, "is_exclude": "yes"}]),
        {"filters.0.is_exclude": "bool_type"},
    ),
    "field of another kind": (
        changed(filters=[{**TOPIC, "tag": "plan"}]),
        {"filters.0.tag": "extra_forbidden"},
    ),
    "tag without key": (changed(filters=[{"kind": "tag", "values": []}]), {"filters.0.tag": "missing"}),
    "unknown feedback type": (
        changed(filters=[{"kind": "user_feedback", "values": ["positive"]}]),
        {"filters.0.values.0": "enum"},
    ),
    "pii as words": (
        changed(filters=[{"kind": "pii", "values": ["true"]}]),
        {"filters.0.values.0": "bool_type"},
    ),
    "text search with values": (
        changed(filters=[{"kind": "user_query", "values": []}]),
        {"filters.0.values": "extra_forbidden"},
    ),
    # group-bys
    "group a string": (changed(group_by="topic"), {"group_by": "value_error"}),
    "group of unknown kind": (changed(group_by={"kind": "modle"}), {"group_by.kind": "union_tag_invalid"}),
    "group by tag without key": (changed(group_by={"kind": "tag"}), {"group_by.tag": "missing"}),
    "group with values": (
        changed(group_by={"kind": "topic", "values": []}),
        {"group_by.values": "extra_forbidden"},
    ),
    "group field not null": (
        changed(group_by={"kind": "topic", "field": "x"}),
        {"group_by.field": "value_error"},
    ),
    "narrowing a user": (
        changed(group_by={"kind": "user", "only_customs": True}),
        {"group_by.only_customs": "extra_forbidden"},
    ),
    "additional alone": (
        changed(additional_group_bys=[{"kind": "topic"}]),
        {"additional_group_bys": "value_error"},
    ),
    "the same twice": (
        changed(
            group_by={"kind": "user_intent"}, additional_group_bys=[{"kind": "topic"}, {"kind": "intent"}]
        ),
        {"additional_group_bys.1": "value_error"},
    ),
    "the same tag twice": (
        changed(
            group_by={"kind": "tag", "tag": "plan"},
            additional_group_bys=[{"kind": "tag", "tag": "region"}, {"kind": "tag", "tag": "plan"}],
        ),
        {"additional_group_bys.1": "value_error"},
    ),
    "additional alone and the same twice": (
        changed(additional_group_bys=[{"kind": "topic"}, {"kind": "topic"}]),
        {"additional_group_bys": "value_error", "additional_group_bys.1": "value_error"},
    ),
    "too many additional": (
        changed(
            group_by={"kind": "topic"},
            additional_group_bys=[{"kind": "tag", "tag": str(i)} for i in range(9)],
        ),
        {"additional_group_bys": "value_error"},
    ),
    # variables and order
    "variables a string": (changed(variables="cost"), {"variables": "list_type"}),
    "unknown variable": (changed(variables=["n_user"]), {"variables.0": "enum"}),
    "variable a number": (changed(variables=[7]), {"variables.0": "string_type"}),
    "order a string": (changed(order_by="cost"), {"order_by": "value_error"}),
    "unknown order": (changed(order_by={"by": "name"}), {"order_by.by": "enum"}),
    "unknown direction": (
        changed(order_by={"by": "cost", "direction": "down"}),
        {"order_by.direction": "literal_error"},
    ),
    "previous a number": (changed(include_previous=1), {"include_previous": "bool_type"}),
}


@pytest.mark.parametrize(("body", "expected"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_with_place_and_type(key, body, expected):
    response = post(key, body)
    assert response.status_code == 422
    assert types_by_place(response) == {f"body.{place}".rstrip("."): kind for place, kind in expected.items()}
    for error in response.json()["detail"]:
        assert set(error) == {"loc", "msg", "type"}
        assert error["type"] in ERROR_TYPES
        assert error["msg"]


def test_a_misspelt_name_is_answered_with_the_nearest(key):
    response = post(key, changed(group_by={"kind": "modle"}, variables=["n_user"], additional_groupbys=[]))
    messages = {tuple(error["loc"][1:]): error["msg"] for error in response.json()["detail"]}
    assert "Did you mean 'model'?" in messages["group_by", "kind"]
    assert "Did you mean 'n_users'?" in messages["variables", 0]
    assert "Did you mean 'additional_group_bys'?" in messages["additional_groupbys",]


def test_a_body_over_the_limit_is_413(key, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    response = post(key, {**BODY, "padding": "x" * 1000})
    assert (response.status_code, response.json()) == (
        413,
        {"detail": "The request body is too large; at most 1000 bytes are accepted."},
    )


@pytest.mark.parametrize("suffix", ["", "/"])
def test_both_spellings_answer(key, suffix):
    response = Client().post(
        PATH + suffix, BODY, content_type="application/json", headers={"Authorization": f"Bearer {key}"}
    )
    assert response.status_code == 200


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded"]
)
def test_any_content_type_is_read_as_json(key, content_type):
    response = Client().post(
        PATH, json.dumps(BODY), content_type=content_type, headers={"Authorization": f"Bearer {key}"}
    )
    assert response.status_code == 200


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_other_methods_are_405(key, method):
    response = getattr(Client(), method)(PATH, headers={"Authorization": f"Bearer {key}"})
    assert (response.status_code, response.json()) == (405, {"detail": "Method Not Allowed"})


@pytest.mark.parametrize("path", ["/api/external/nothing", "/api/nothing/", "/nothing"])
def test_unknown_addresses_are_404(path):
    response = Client().post(path, BODY, content_type="application/json")
    assert (response.status_code, response.json()) == (404, {"detail": "Not Found"})
