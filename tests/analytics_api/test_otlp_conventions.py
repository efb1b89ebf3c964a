"""Whatever conventions a span follows, it is stored as the same interaction."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from interactions.models import Project
from tests.otlp import (
    ANSWER,
    CHAT,
    JSON,
    PROTOBUF,
    QUESTION,
    START_NS,
    TEXTS,
    Span,
    event,
    export,
    id_of,
    span,
)
from tests.storage import stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="acme")


STRUCTURED = {
    "gen_ai.system_instructions": [{"type": "text", "content": "Be brief."}],
    "gen_ai.input.messages": orjson.loads(QUESTION),
    "gen_ai.output.messages": orjson.loads(ANSWER),
}
SEVERAL_MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "parts": [{"type": "tool_call", "name": "map", "arguments": {"q": "it"}}]},
    {"role": "user", "content": [{"type": "text", "text": "Where?"}, {"type": "image_url", "text": "no"}]},
    {"role": "tool", "parts": [{"type": "tool_call_response", "result": "there"}]},
]
FLAT = {
    "gen_ai.prompt.1.content": "Where?",
    "gen_ai.prompt.1.role": "user",
    "gen_ai.prompt.0.role": "system",
    "gen_ai.prompt.0.content": "Be brief.",
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.content": "There.",
    "gen_ai.completion.0.finish_reason": "stop",
}

# Where texts stand: attributes and events.
TEXT_FORMS: dict[str, tuple[dict[str, Any], list[Span]]] = {
    "messages as JSON": (TEXTS, []),
    "messages as structures": (STRUCTURED, []),
    "several messages": (TEXTS | {"gen_ai.input.messages": SEVERAL_MESSAGES}, []),
    "a message of plain text": (
        {"gen_ai.input.messages": "Where?", "gen_ai.output.messages": '["There."]'},
        [],
    ),
    "event with details": ({}, [event("gen_ai.client.inference.operation.details", STRUCTURED)]),
    "numbered attributes": (FLAT, []),
    "numbered attributes with parts": (
        FLAT | {"gen_ai.prompt.1.content": '[{"type": "text", "text": "Where?"}]'},
        [],
    ),
    "prompt and completion": (
        {"gen_ai.prompt": '[{"role": "user", "content": "Where?"}]', "gen_ai.completion": "There."},
        [],
    ),
    "content events": (
        {},
        [
            event("gen_ai.content.prompt", {"gen_ai.prompt": '[{"role": "user", "content": "Where?"}]'}),
            event("gen_ai.content.completion", {"gen_ai.completion": '{"content": "There."}'}),
        ],
    ),
    "an event a message": (
        {},
        [
            event("gen_ai.system.message", {"content": "Be brief.", "role": "system"}),
            event("gen_ai.user.message", {"content": "Where?"}),
            event("another", {"content": "What?"}),
            event("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": "There."}),
        ],
    ),
    "an event a message, with parts": (
        {},
        [
            event("gen_ai.user.message", {"content": '[{"text": "Where?"}]'}),
            event("gen_ai.choice", {"message": '{"content": [{"text": "There."}]}'}),
        ],
    ),
    "an event a message, as JSON": (
        {},
        [
            event("gen_ai.user.message", {"gen_ai.event.content": '{"role": "user", "content": "Where?"}'}),
            event(
                "gen_ai.choice",
                {"gen_ai.event.content": '{"message": {"content": "There."}, "finish_reason": "stop"}'},
            ),
        ],
    ),
    "new and old at once": (TEXTS | {"gen_ai.prompt.0.content": "?", "gen_ai.completion": "!"}, []),
}


@pytest.mark.parametrize("media_type", [JSON, PROTOBUF])
@pytest.mark.parametrize(("attributes", "events"), TEXT_FORMS.values(), ids=TEXT_FORMS)
def test_texts_are_found(project: Project, attributes: dict, events: list, media_type: str):
    export(project, span(1, CHAT | attributes, events=events), media_type=media_type)

    (row,) = stored(project)
    assert row["id"] == id_of(1)
    assert (row["input"], row["output"]) == ("Where?", "There.")
    assert row["messages"][-1]["role"] in ("user", "tool")
    assert row["latency_us"] == 2_500_000


def test_what_a_person_writes_in_brackets_is_text(project: Project):
    events = [event("gen_ai.user.message", {"content": '[{"a": 1}]'})]
    export(project, span(1, CHAT, events=events))

    assert stored(project)[0]["input"] == '[{"a": 1}]'


def test_messages_that_were_cut_off_are_text(project: Project):
    export(project, span(1, CHAT | {"gen_ai.input.messages": QUESTION[:-9]}))

    assert stored(project)[0]["input"] == QUESTION[:-9]


def test_answer_without_text_is_kept_as_it_is(project: Project):
    call = {"role": "assistant", "parts": [{"type": "tool_call", "name": "map", "arguments": {"q": "it"}}]}
    export(project, span(1, CHAT | {"gen_ai.output.messages": [call]}))

    (row,) = stored(project)
    assert (row["output"], row["traces"][0]["outputs"]) == ("", [call])


TOKENS = {"input_tokens": 12, "output_tokens": 3}
# Attributes and what they are stored as.
FACT_FORMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "tokens": ({"gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 3}, TOKENS),
    "older tokens": ({"gen_ai.usage.prompt_tokens": 12, "gen_ai.usage.completion_tokens": 3}, TOKENS),
    "tokens by both names": (
        {
            "gen_ai.usage.input_tokens": 12,
            "gen_ai.usage.prompt_tokens": 12,
            "gen_ai.usage.completion_tokens": 3,
            "gen_ai.usage.output_tokens": 3,
        },
        TOKENS,
    ),
    "no tokens at all": (
        {"gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": "many"},
        {"input_tokens": 0, "output_tokens": None},
    ),
    "provider": ({}, {"labels": {"tag: gen_ai.provider.name": ["openai"]}}),
    "older provider": (
        {"gen_ai.provider.name": "", "gen_ai.system": "az.ai.openai"},
        {"labels": {"tag: gen_ai.provider.name": ["az.ai.openai"]}},
    ),
    "requested model": ({}, {"model": "large"}),
    "model that answered": ({"gen_ai.response.model": "large-2"}, {"model": "large-2"}),
    "conversation": ({"gen_ai.conversation.id": "c1", "session.id": "s1"}, {"conversation": "c1"}),
    "session": ({"session.id": "s1"}, {"conversation": "s1"}),
    "user": ({}, {"end_user": "ada"}),
    "end user": ({"enduser.id": "bob"}, {"end_user": "bob"}),
    "a number for a user": ({"user.id": 7}, {"end_user": "7"}),
    "no word for a user": ({"user.id": ["ada"]}, {"end_user": None}),
    "source": ({"gen_ai.data_source.id": "faq"}, {"labels": {"data_source": ["faq"]}}),
    "error": ({"error.type": "timeout"}, {"labels": {"tag: error.type": ["timeout"]}}),
}


@pytest.mark.parametrize(("attributes", "expected"), FACT_FORMS.values(), ids=FACT_FORMS)
def test_facts_are_found(project: Project, attributes: dict, expected: dict):
    export(project, span(1, CHAT | TEXTS | attributes))

    (row,) = stored(project)
    expected = expected | {"labels": {"tag: gen_ai.provider.name": ["openai"]} | expected.get("labels", {})}
    assert {name: row[name] for name in expected} == expected


def test_resource_speaks_for_its_spans(project: Project):
    export(project, span(1, {"gen_ai.system": "openai"}), **{"service.name": "shop", "user.id": "ada"})

    (row,) = stored(project)
    assert row["end_user"] == "ada"
    assert row["labels"]["tag: service.name"] == ["shop"]


def test_span_without_user_and_texts_is_counted(project: Project):
    """Most instrumentations know no user, and keep texts to themselves unless told otherwise."""
    bare = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 5}
    same_time = {"startTimeUnixNano": str(START_NS), "endTimeUnixNano": str(START_NS)}
    export(project, span(1, bare, **same_time), span(2, bare, **same_time))
    export(project, span(1, bare, **same_time), span(2, bare, **same_time))

    rows = stored(project)
    assert {row["id"] for row in rows} == {id_of(1), id_of(2)}
    assert [(row["end_user"], row["input"], row["output"], row["input_tokens"]) for row in rows] == [
        (None, "", "", 5)
    ] * 2


def test_texts_are_masked_and_ids_are_not(project: Project):
    looks_like_a_card = "4111111111111111"
    texts = {"gen_ai.input.messages": "Mail ada@example.com", "gen_ai.output.messages": "Done."}
    export(project, span(1, CHAT | texts | {"user.id": looks_like_a_card}, spanId=looks_like_a_card))

    (row,) = stored(project)
    assert (row["input"], row["has_pii"], row["end_user"]) == ("Mail [EMAIL]", True, looks_like_a_card)
    (trace,) = row["traces"]
    assert trace["span_id"] == looks_like_a_card
    assert trace["messages"] == [{"role": "user", "content": "Mail [EMAIL]"}]
