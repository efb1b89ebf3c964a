"""Every form in which clients send an interaction is stored as the same interaction."""

from __future__ import annotations

import gzip
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.test import Client

from interactions.keys import issue_key
from interactions.models import Project
from tests.storage import Row, stored

PREFIX = "/event-ingestion/api"
TIMES = {"time_start": "2024-05-27T10:00:00Z", "time_end": "2024-05-27T10:00:02.5Z"}
TEXTS = {"input": "Where is my parcel?", "output": "On its way."}
FLAT = {**TIMES, **TEXTS, "end_user": "ada"}
AGGREGATES = "/api/external/get-interaction-aggregates"

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="acme")


def send(project: Project, path: str, body: Any, **headers: str) -> Any:
    """-> the decoded answer, which is 200 with a JSON body"""
    response = post(project, path, body, **headers)
    assert response.status_code == 200, response.content
    return response.json()


def post(project: Project, path: str, body: Any, **headers: str) -> Any:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    headers = {"Authorization": f"Bearer {issue_key(project, name='sdk')}"} | headers
    return Client().post(f"{PREFIX}/{path}", data, content_type="application/json", headers=headers)


def only(project: Project) -> Row:
    (row,) = stored(project)
    return row


USAGE = {"prompt_tokens": 12, "completion_tokens": 3}
SPAN = {
    "module": "openai",
    "version": "1.0",
    "function": "chat.completions.create",
    "called_start": TIMES["time_start"],
    "returned": {"model": "large", "usage": USAGE},
    "rag_source": None,
}
STREAMED_SPAN = SPAN | {
    "returned": [
        {"model": "large", "choices": [{"delta": {"content": "On its way."}}]},
        {"model": "large", "choices": [], "usage": USAGE},
    ],
    "generator": True,
}
RAW_SPAN = SPAN | {"called_with_kwargs": {"model": "large"}, "returned": {"retries_taken": 0}}
RETRIEVAL_SPAN = {"module": "store", "function": "search", "returned": ["..."], "rag_source": "faq"}
LLM_TRACE = {
    "model": "large",
    "messages": [{"role": "user", "content": "Hi"}],
    "output": "Hello",
    "input_tokens": 12,
    "output_tokens": 3,
    "cost": 250,
}
RETRIEVAL_TRACE = {"source": "faq", "input": "parcel", "outputs": ["..."]}
EMBEDDING_TRACE = {"model": "small", "input": "parcel", "input_tokens": 4}
NULLS = dict.fromkeys(
    ("conversation_id", "tags", "feature_flags", "end_user_group_profile", "feedback_actions", "history")
)
FEEDBACK = [{"slug": "thumbs_up", "text": "nice"}, {"slug": "copy_output"}]

# Path, body, and what is stored beside times, texts and user.
FORMS: dict[str, tuple[str, Any, Row]] = {
    "plain": ("v1/events/interactions", {"interaction": FLAT}, {}),
    "slash at the end": ("v1/events/interactions/", {"interaction": FLAT}, {}),
    "nulls": ("v1/events/interactions", {"interaction": FLAT | NULLS, "anonymize": None}, {}),
    "unknown keys": ("v1/events/interactions", {"interaction": FLAT | {"sdk": {"v": 1}}, "x": 1}, {}),
    "plain with everything": (
        "v1/events/interactions",
        {
            "interaction": FLAT
            | {
                "history": [["Hi", "Hello"]],
                "rag_sources": ["faq", "blog"],
                "model": "large",
                "tags": {"plan": "pro", "seats": 3, "beta": True, "none": None},
                "feature_flag": ["dark"],
                "topic": "shipping",
            }
        },
        {
            "model": "large",
            "topic": "shipping",
            "history": [["Hi", "Hello"]],
            "labels": {
                "data_source": ["blog", "faq"],
                "feature_flag": ["dark"],
                "tag: beta": ["true"],
                "tag: plan": ["pro"],
                "tag: seats": ["3"],
            },
        },
    ),
    "messages": (
        "v2/events/interactions",
        {
            "interaction": {
                **TIMES,
                "output": TEXTS["output"],
                "end_user": "ada",
                "conversation_id": "c1",
                "model": "large",
                "messages": [
                    {"role": "system", "content": "Be kind."},
                    {"role": "user", "content": "Hi"},
                    {"role": "assistant", "content": "Hello"},
                    {
                        "role": "user",
                        "content": [{"type": "text", "text": TEXTS["input"]}, {"type": "image"}],
                    },
                ],
                "feedback_actions": FEEDBACK,
            },
            "anonymize": True,
        },
        {"conversation": "c1", "model": "large", "n_positive_explicit": 1, "n_positive_implicit": 1},
    ),
    "JavaScript SDK": (
        "v1/events/trace_interaction",
        {
            "interaction": FLAT | {"conversation_id": "c1", "tags": {"plan": "pro"}, "history": []},
            "traces": [RETRIEVAL_TRACE, EMBEDDING_TRACE, LLM_TRACE],
            "anonymize": False,
        },
        {
            "conversation": "c1",
            "model": "large",
            "input_tokens": 12,
            "output_tokens": 3,
            "cost_microusd": 250,
            "labels": {"data_source": ["faq"], "tag: plan": ["pro"]},
            "traces": [RETRIEVAL_TRACE, EMBEDDING_TRACE, LLM_TRACE],
        },
    ),
    "JavaScript SDK, not told the tokens": (
        "v1/events/trace_interaction",
        {
            "interaction": FLAT,
            "traces": [LLM_TRACE | {"cost": None, "input_tokens": 0, "output_tokens": 0}],
        },
        {"model": "large", "input_tokens": None, "output_tokens": None, "cost_microusd": None},
    ),
    "version 3": (
        "v3/events/trace_interaction",
        {
            "interaction": FLAT
            | {
                "previous_interactions": [{"input": "Hi", "output": "Hello"}],
                "end_user_group_profile": "enterprise",
                "feature_flags": ["dark", "beta"],
                "user_feedback": FEEDBACK,
            },
            "traces": [],
        },
        {
            "group_profile": "enterprise",
            "history": [{"input": "Hi", "output": "Hello"}],
            "n_positive_explicit": 1,
            "n_positive_implicit": 1,
        },
    ),
    "what is given beats what traces tell": (
        "v2/events/trace_interaction",
        {"interaction": FLAT | {"model": "mine", "cost": 7, "input_tokens": 1}, "traces": [LLM_TRACE]},
        {"model": "mine", "cost_microusd": 7, "input_tokens": 1, "output_tokens": 3},
    ),
    "several calls, each at the price of its model": (
        "v2/events/trace_interaction",
        {
            "interaction": FLAT,
            "traces": [
                {"model": "gpt-4o", "output": "Hi", "input_tokens": 100, "output_tokens": 10},
                {"model": "gpt-4o-mini", "output": "Hello", "input_tokens": 1000, "output_tokens": 100},
            ],
        },
        {
            "model": "gpt-4o-mini",
            "input_tokens": 1100,
            "output_tokens": 110,
            # Dollars for a million tokens are micro-dollars for one.
            "cost_microusd": 250 + 100 + 150 + 60,
        },
    ),
    "model and tokens that are given, priced as they are": (
        "v2/events/trace_interaction",
        {
            "interaction": FLAT | {"model": "gpt-4o", "input_tokens": 100, "output_tokens": 10},
            "traces": [{"model": "gpt-4o-mini", "output": "Hi", "input_tokens": 7}] * 2,
        },
        {"model": "gpt-4o", "input_tokens": 100, "output_tokens": 10, "cost_microusd": 250 + 100},
    ),
    "several spans": (
        "v1/events",
        {
            "body": FLAT
            | {
                "spans": [
                    {"returned": {"model": "gpt-4o", "usage": USAGE}},
                    {"returned": {"model": "gpt-4o-mini"}},
                ]
            }
        },
        {"model": "gpt-4o-mini", "input_tokens": 12, "output_tokens": 3, "cost_microusd": None},
    ),
    "Python SDK": (
        "v1/events",
        {
            "body": FLAT
            | {
                "spans": [SPAN, RETRIEVAL_SPAN],
                "history": [["Hi", "Hello"]],
                "hierarchy": {"a": {"b": None}},
                "tags": {"plan": "pro"},
                "feature_flags": ["dark"],
            },
            "anonymize": True,
        },
        {
            "model": "large",
            "input_tokens": 12,
            "output_tokens": 3,
            "labels": {"data_source": ["faq"], "feature_flag": ["dark"], "tag: plan": ["pro"]},
        },
    ),
    "Python SDK, streamed": (
        "v1/events",
        {"body": FLAT | {"spans": [STREAMED_SPAN]}},
        {"model": "large", "input_tokens": 12, "output_tokens": 3},
    ),
    "Python SDK, raw response": (
        "v1/events",
        {"body": FLAT | {"spans": [RAW_SPAN]}},
        {"model": "large", "input_tokens": None, "output_tokens": None},
    ),
    "conversation": (
        "v2/events/trace_conversation",
        {
            "conversation": {
                "interactions": [{**TIMES, **TEXTS, "trace": [LLM_TRACE], "feedback_actions": FEEDBACK}],
                "end_user": "ada",
                "conversation_id": "c1",
            }
        },
        {"conversation": "c1", "model": "large", "cost_microusd": 250, "n_positive_explicit": 1},
    ),
    "batch": (
        "v3/events/batch",
        {"interactions": [FLAT | {"keywords": ["parcel"], "intent": "track"}]},
        {"intent": "track", "labels": {"keyword": ["parcel"]}},
    ),
}


@pytest.mark.parametrize(("path", "body", "expected"), FORMS.values(), ids=FORMS)
def test_form_is_stored(project: Project, path: str, body: Any, expected: Row):
    answer = send(project, path, body)

    row = only(project)
    assert answer["message"] == "ok"
    interaction_id = answer.get("interaction_id") or answer["results"][0]["interaction_id"]
    assert UUID(interaction_id) == row["id"]
    assert (row["end_user"], row["input"], row["output"]) == ("ada", TEXTS["input"], TEXTS["output"])
    assert row["latency_us"] == 2_500_000
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(("path", "body"), [form[:2] for form in FORMS.values()], ids=FORMS)
def test_resend_changes_nothing(project: Project, path: str, body: Any):
    first = send(project, path, body)
    before = stored(project)

    again = send(project, path, body)

    assert stored(project) == before
    assert again.get("interaction_id") == first.get("interaction_id")


@pytest.mark.django_db(databases=["default", "columnar"])
def test_what_was_sent_is_in_the_next_answer(project: Project):
    send(project, "v1/events/interactions", {"interaction": FLAT | {"cost": 5}})

    body = {
        "time_range": {"start": "2024-05-27", "end": "2024-05-28"},
        "filters": [],
        "limit": 1,
        "offset": 0,
        "variables": ["n_interactions", "cost"],
    }
    headers = {"Authorization": f"Bearer {issue_key(project, name='dashboard')}"}
    response = Client().post(AGGREGATES, body, content_type="application/json", headers=headers)
    assert response.json()["data"] == [
        {"group_name": "total", "additional_groups": [], "n_interactions": 1, "cost": 5}
    ]


def test_conversation_without_an_id_belongs_together(project: Project):
    later = {"time_start": "2024-05-27T11:00:00Z", "time_end": "2024-05-27T11:00:01Z"}
    turns = [{**TIMES, **TEXTS}, {**later, **TEXTS}]

    answer = send(
        project,
        "v2/events/trace_conversation",
        {"conversation": {"interactions": turns, "end_user": "ada"}},
    )

    rows = stored(project)
    assert [UUID(one) for one in answer["interaction_ids"]] == [row["id"] for row in rows]
    assert rows[0]["conversation"] == rows[1]["conversation"] is not None


def test_bad_interaction_of_a_conversation_keeps_out_all(project: Project):
    turns = [{**TIMES, **TEXTS}, {**TIMES, "input": "no output"}]

    response = post(
        project, "v2/events/trace_conversation", {"conversation": {"interactions": turns, "end_user": "ada"}}
    )

    assert response.status_code == 422
    (error,) = response.json()["detail"]
    assert error["loc"] == ["body", "conversation", "interactions", 1, "output"]
    assert stored(project) == []


@pytest.mark.parametrize("where", ["interaction", "body"])
def test_hidden_content_is_not_stored(project: Project, where: str):
    interaction = FLAT | {
        "history": [["secret", "secret"]],
        "messages": [{"role": "user", "content": "secret"}],
        "topic": "shipping",
    }
    body = {"interaction": interaction, "traces": [{"model": "large", "input": "secret", "output": "secret"}]}
    {"interaction": interaction, "body": body}[where]["hide_content"] = True

    send(project, "v2/events/trace_interaction", body)

    row = only(project)
    assert (row["input"], row["output"], row["history"], row["messages"]) == ("", "", [], [])
    assert (row["topic"], row["model"], row["traces"]) == ("shipping", "large", [{"model": "large"}])
    # Resends are still told apart by what was said.
    send(project, "v2/events/trace_interaction", body)
    assert len(stored(project)) == 1
    interaction["input"] = "Another question"
    send(project, "v2/events/trace_interaction", body)
    assert len(stored(project)) == 2


def test_personal_data_is_masked_unless_asked_not_to(project: Project):
    interaction = FLAT | {"input": "I am ada@example.com"}
    send(project, "v1/events/interactions", {"interaction": interaction})
    assert "ada@example.com" not in only(project)["input"]
    assert only(project)["has_pii"]

    plain = Project.objects.create(name="plain")
    send(plain, "v1/events/interactions", {"interaction": interaction, "anonymize": False})
    assert only(plain)["input"] == "I am ada@example.com"


def test_broken_characters_are_repaired(project: Project):
    body = orjson.dumps({"interaction": FLAT | {"input": "INPUT"}}).replace(b"INPUT", rb"\ud83d and \u0000")

    send(project, "v1/events/interactions", body)

    assert only(project)["input"] == "\ufffd and \ufffd"


def test_gzipped_body_is_read(project: Project):
    body = gzip.compress(orjson.dumps({"interaction": FLAT}))

    send(project, "v1/events/interactions", body, **{"Content-Encoding": "gzip"})

    assert only(project)["end_user"] == "ada"
