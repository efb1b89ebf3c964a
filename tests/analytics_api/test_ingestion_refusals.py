"""What cannot be recorded is refused with its place and reason, and nothing of it is kept."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest
from django.test import Client

from interactions.keys import issue_key
from interactions.models import FeedbackAction, Interaction, Project, WaitingTags
from tests.analytics_api.test_ingestion_forms import FLAT, PREFIX, TEXTS, TIMES, post

pytestmark = pytest.mark.django_db

ONE = "v1/events/interactions"
MISSING = "missing"


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="acme")


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in FLAT.items() if name not in names}


# Path, body, and for each error its place and type.
REFUSALS: dict[str, tuple[str, Any, list[tuple[list[str | int], str]]]] = {
    "no body": (ONE, b"", [(["body"], "json_invalid")]),
    "no JSON": (ONE, b"{", [(["body"], "json_invalid")]),
    "NaN": (ONE, b'{"interaction": NaN}', [(["body"], "json_invalid")]),
    "not UTF-8": (ONE, b'{"interaction": "\xff"}', [(["body"], "json_invalid")]),
    "very deep": (ONE, b"[" * 100_000, [(["body"], "json_invalid")]),
    "very deep, escaped": (ONE, b'["\\ud83d",' + b"[" * 100_000, [(["body"], "json_invalid")]),
    "a list": (ONE, [], [(["body"], "value_error")]),
    "null": (ONE, b"null", [(["body"], MISSING)]),
    "no interaction": (ONE, {}, [(["body", "interaction"], MISSING)]),
    "interaction is a text": (ONE, {"interaction": "hi"}, [(["body", "interaction"], "value_error")]),
    "everything missing": (
        ONE,
        {"interaction": {}},
        [
            (["body", "interaction", name], MISSING)
            for name in ("end_user", "time_start", "time_end", "input", "output")
        ],
    ),
    "several at once": (
        ONE,
        {"interaction": FLAT | {"time_start": "soon", "input": 5}, "anonymize": "yes"},
        [
            (["body", "interaction", "time_start"], "datetime_parsing"),
            (["body", "interaction", "input"], "string_type"),
            (["body", "anonymize"], "bool_type"),
        ],
    ),
    "year 0": (
        ONE,
        {"interaction": FLAT | {"time_start": "0000-01-01T00:00:00Z"}},
        [(["body", "interaction", "time_start"], "datetime_parsing")],
    ),
    "end before start": (
        ONE,
        {"interaction": FLAT | {"time_end": "2024-05-27T09:00:00Z"}},
        [(["body", "interaction"], "value_error")],
    ),
    "the client's own name": (
        ONE,
        {"interaction": FLAT | {"feature_flag": 5, "rag_sources": "faq"}},
        [
            (["body", "interaction", "rag_sources"], "list_type"),
            (["body", "interaction", "feature_flag"], "list_type"),
        ],
    ),
    "messages without a question": (
        "v2/events/interactions",
        {"interaction": without("input") | {"messages": [{"role": "assistant", "content": "Hi"}]}},
        [(["body", "interaction", "messages"], MISSING)],
    ),
    "unknown feedback": (
        "v3/events/trace_interaction",
        {"interaction": FLAT | {"user_feedback": [{"slug": "clap"}]}},
        [(["body", "interaction", "user_feedback", 0, "slug"], "enum")],
    ),
    "watched without a user": (
        "v1/events",
        {"body": without("end_user")},
        [(["body", "body", "end_user"], MISSING)],
    ),
    "conversation of nothing": (
        "v2/events/trace_conversation",
        {"conversation": {"interactions": [], "end_user": "ada"}},
        [(["body", "conversation", "interactions"], "value_error")],
    ),
    "conversation without interactions": (
        "v2/events/trace_conversation",
        {"conversation": {"end_user": "ada"}},
        [(["body", "conversation", "interactions"], MISSING)],
    ),
    "conversation of what is none": (
        "v2/events/trace_conversation",
        {"conversation": {"interactions": [{**TIMES, **TEXTS}, 5, None], "end_user": "ada"}},
        [
            (["body", "conversation", "interactions", 1], "value_error"),
            (["body", "conversation", "interactions", 2], MISSING),
        ],
    ),
    "feedback without anything": (
        "v1/events/feedback",
        {},
        [(["body", "action"], MISSING), (["body", "metadata"], MISSING)],
    ),
    "feedback unknown": (
        "v1/events/feedback",
        {"feedback": {"slug": "clap"}, "metadata": {"end_user": "ada", "timestamp": TIMES["time_end"]}},
        [(["body", "feedback", "slug"], "enum")],
    ),
    "rating without a value": (
        "v1/events/feedback",
        {"action": {"slug": "rating"}, "metadata": {"end_user": "ada", "timestamp": TIMES["time_end"]}},
        [(["body", "action"], "value_error")],
    ),
    "feedback at no time": (
        "v1/events/feedback",
        {"action": {"slug": "edit"}, "metadata": {"end_user": "", "anonymize": 1}},
        [
            (["body", "metadata", "end_user"], "value_error"),
            (["body", "metadata", "timestamp"], MISSING),
            (["body", "metadata", "anonymize"], "bool_type"),
        ],
    ),
    "tags of nothing": (
        "v2/events/tags",
        {"metadata": {"end_user": "ada"}},
        [(["body", "tags"], MISSING), (["body", "metadata", "time_start"], MISSING)],
    ),
    "tags that are a list": (
        "v2/events/tags",
        {"tags": ["a"], "metadata": {"end_user": "ada", "timestamp": "x"}},
        [(["body", "tags"], "value_error"), (["body", "metadata", "timestamp"], "datetime_parsing")],
    ),
    "batch without interactions": (
        "v3/events/batch",
        {"anonymize": 0},
        [(["body", "interactions"], MISSING), (["body", "anonymize"], "bool_type")],
    ),
    "batch too large": (
        "v3/events/batch",
        {"interactions": [{}] * 1001},
        [(["body", "interactions"], "value_error")],
    ),
}


@pytest.mark.parametrize(("path", "body", "errors"), REFUSALS.values(), ids=REFUSALS)
def test_refusal_says_where_and_why(project: Project, path: str, body: Any, errors: list):
    response = post(project, path, body)

    assert response.status_code == 422, response.content
    detail = response.json()["detail"]
    assert [(error["loc"], error["type"]) for error in detail] == errors
    assert all(error["msg"] for error in detail)
    assert not Interaction.objects.exists()
    assert not FeedbackAction.objects.exists()
    assert not WaitingTags.objects.exists()


PATHS = (ONE, "v1/events", "v2/events/trace_conversation", "v1/events/feedback", "v2/events/tags",
         "v3/events/batch")  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_key_and_scope_are_needed(project: Project, path: str):
    assert post(project, path, {}, Authorization="").status_code == 401
    asks_only = issue_key(project, name="dashboard", scopes="query")
    response = post(project, path, {}, Authorization=f"Bearer {asks_only}")
    assert (response.status_code, response.json()) == (
        403,
        {"detail": "The API key lacks the scope 'ingest'."},
    )


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_read_here(project: Project, path: str):
    headers = {"Authorization": f"Bearer {issue_key(project, name='sdk')}"}
    response = Client().get(f"{PREFIX}/{path}", headers=headers)
    assert (response.status_code, response.json()) == (405, {"detail": "Method Not Allowed"})


def test_unknown_version_is_not_found(project: Project):
    response = post(project, "v4/events", {})
    assert (response.status_code, response.json()) == (404, {"detail": "Not Found"})


BOMB = gzip.compress(b"[" + b" " * 50_000_000 + b"]")
GOOD = gzip.compress(orjson.dumps({"interaction": FLAT}))


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        pytest.param(BOMB, "gzip", 413, id="bomb"),
        pytest.param(b"{}" + b" " * 10_000_000, "identity", 413, id="large"),
        pytest.param(GOOD, "br", 415, id="unknown encoding"),
        pytest.param(b"{}", "gzip", 422, id="no gzip"),
        pytest.param(GOOD[:-9], "gzip", 422, id="cut off"),
        pytest.param(GOOD + b"x", "gzip", 422, id="more than gzip"),
        pytest.param(gzip.compress(b""), "gzip", 422, id="nothing"),
    ],
)
def test_body_that_cannot_be_unpacked(project: Project, body: bytes, encoding: str, status: int):
    response = post(project, ONE, body, **{"Content-Encoding": encoding})

    assert response.status_code == status
    assert response.json()["detail"]
    assert not Interaction.objects.exists()


def test_pages_of_any_origin_may_send_by_default(project: Project, settings: Any):
    asking = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    response = Client().options(f"{PREFIX}/{ONE}", headers=asking)
    assert response.status_code == 200
    assert response["Access-Control-Allow-Origin"] == "https://shop.example"
    assert {"authorization", "content-type", "accept"} <= {
        name.strip() for name in response["Access-Control-Allow-Headers"].split(",")
    }
    # The answer itself, a refusal too, can be read by the page.
    response = post(project, ONE, {}, Origin="https://shop.example")
    assert response["Access-Control-Allow-Origin"] == "https://shop.example"
    # Asking is another matter.
    external = Client().options("/api/external/get-interaction-aggregates", headers=asking)
    assert "Access-Control-Allow-Origin" not in external

    settings.INGEST_CORS_ORIGINS = ["https://only.example"]
    assert "Access-Control-Allow-Origin" not in Client().options(f"{PREFIX}/{ONE}", headers=asking)
