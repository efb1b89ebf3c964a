"""What cannot be recorded is refused in the protocol's own form, and does not keep out the rest."""

from __future__ import annotations

import gzip
from itertools import product
from typing import Any

import orjson
import pytest
from django.test import Client
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from analytics_api.otlp import conventions
from interactions.keys import issue_key
from interactions.models import Interaction, KnownSpan, Project
from tests.otlp import (
    CHAT,
    JSON,
    PROTOBUF,
    TEXTS,
    any_value,
    encoded,
    event,
    export,
    id_of,
    post,
    request_of,
    span,
)
from tests.storage import ids, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="acme")


def chat(number: int = 1, **attributes: Any) -> dict[str, Any]:
    return span(number, CHAT | TEXTS | attributes)


def nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return value


NOT_OTLP = "The body is not an ExportTraceServiceRequest in JSON."
# Body, and how the sentence about it begins.
BODIES: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{", "The body is not valid JSON"),
    "nothing": (b"", "The body is not valid JSON"),
    "NaN": (b'{"resourceSpans": NaN}', "The body is not valid JSON"),
    "not UTF-8": (b'{"resourceSpans": "\xff"}', "The body is not valid JSON"),
    "very deep": (b"[" * 100_000, "The body is not valid JSON"),
    "deep": (b"[" * 1_000 + b"]" * 1_000, "The body is nested too deep"),
    "a list": (b"[]", NOT_OTLP),
    "null": (b"null", NOT_OTLP),
    "spans of another form": (b'{"resourceSpans": [{"scopeSpans": {"spans": 5}}]}', NOT_OTLP),
    "a time before all": (orjson.dumps(request_of(chat() | {"startTimeUnixNano": "-1"})), NOT_OTLP),
    "half a token": (
        orjson.dumps(request_of(chat() | {"attributes": [{"key": "a", "value": {"intValue": 1.5}}]})),
        NOT_OTLP,
    ),
    "values in values": (
        orjson.dumps(request_of(chat() | {"attributes": [{"key": "a", "value": any_value(nested(60))}]})),
        NOT_OTLP,
    ),
    "an id that is none": (
        orjson.dumps(request_of(chat() | {"traceId": "first"})),
        "The body is not OTLP: ids are hexadecimal",
    ),
    "a number for an id": (
        orjson.dumps(request_of(chat() | {"spanId": 5})),
        "The body is not OTLP: ids are hexadecimal",
    ),
}


@pytest.mark.parametrize(("body", "sentence"), BODIES.values(), ids=BODIES)
def test_undecodable_json_is_refused(project: Project, body: bytes, sentence: str):
    response = post(project, body)

    assert (response.status_code, response["Content-Type"]) == (400, JSON)
    assert response.json().keys() == {"message"}
    assert response.json()["message"].startswith(sentence)
    assert not Interaction.objects.exists()


@pytest.mark.parametrize(
    "body", [b"\xff\xff", b"{}", b"\x0a\xff", encoded(request_of(chat()), PROTOBUF)[:-3]]
)
def test_undecodable_protocol_buffers_are_refused(project: Project, body: bytes):
    response = post(project, body, PROTOBUF)

    assert (response.status_code, response["Content-Type"]) == (400, PROTOBUF)
    message = Status.FromString(response.content).message
    assert message == "The body is not an ExportTraceServiceRequest in protocol buffers."


@pytest.mark.parametrize(
    ("body", "media_type"),
    [(b"{}", JSON), (b'{"resourceSpans": [], "later": 1}', JSON), (b"", PROTOBUF)],
)
def test_request_without_spans_is_fine(project: Project, body: bytes, media_type: str):
    response = post(project, body, media_type)

    assert (response.status_code, response["Content-Type"]) == (200, media_type)


BAD_TIME = {"endTimeUnixNano": "1"}
# Spans beside a good one, and what is said of them.
SPANS: dict[str, tuple[dict[str, Any], str]] = {
    "no start": (chat(2) | {"startTimeUnixNano": "0"}, "time_start: Field required"),
    "end before start": (chat(2) | BAD_TIME, "time_end lies before time_start"),
    "a month long": (
        chat(2) | {"endTimeUnixNano": str(2_000_000_000 * 10**9)},
        "time_end lies more than 31 days after time_start",
    ),
    "short trace id": (chat(2) | {"traceId": "ab"}, "trace_id: expected 16 bytes"),
    "span id of zeros": (chat(2) | {"spanId": "0" * 16}, "trace_id: expected 16 bytes"),
    "negative tokens": (chat(2, **{"gen_ai.usage.input_tokens": -1}), "input_tokens:"),
    "tokens beyond numbers": (chat(2, **{"gen_ai.usage.input_tokens": 2**62}), "input_tokens:"),
    "long user": (chat(2, **{"user.id": "u" * 501}), "end_user:"),
    "long user of another span": (span(2, {"user.id": "u" * 501}), "end_user:"),
    "deep messages": (
        chat(2, **{"gen_ai.input.messages": orjson.dumps(nested(251)).decode()}),
        "nested at most 250 levels deep",
    ),
}


@pytest.mark.parametrize("media_type", [JSON, PROTOBUF])
@pytest.mark.parametrize(("bad", "reason"), SPANS.values(), ids=SPANS)
def test_bad_span_does_not_keep_out_others(project: Project, bad: dict, reason: str, media_type: str):
    response = post(project, encoded(request_of(chat(1), dict(bad), chat(3)), media_type), media_type)

    assert response.status_code == 200
    if media_type == JSON:
        part = response.json()["partialSuccess"]
        n_rejected, message = part["rejectedSpans"], part["errorMessage"]
    else:
        part = ExportTraceServiceResponse.FromString(response.content).partial_success
        n_rejected, message = str(part.rejected_spans), part.error_message
    assert n_rejected == "1"
    assert message.startswith(f"Span {bad['spanId']} is not recorded: ")
    assert reason in message
    assert ids(project) == {id_of(1), id_of(3)}


def test_not_a_number_is_refused(project: Project):
    bad = chat(2)
    bad["attributes"].append({"key": "gen_ai.usage.output_tokens", "value": {"doubleValue": "NaN"}})
    response = post(project, request_of(chat(1), bad))

    assert response.json()["partialSuccess"]["rejectedSpans"] == "1"
    assert ids(project) == {id_of(1)}


def test_not_every_reason_is_told(project: Project):
    response = post(project, request_of(*[chat(number) | BAD_TIME for number in range(1, 100)]))

    part = response.json()["partialSuccess"]
    assert part["rejectedSpans"] == "99"
    assert part["errorMessage"].count("time_end lies before time_start") == 5


def test_sum_that_is_too_large_is_refused(project: Project):
    export(project, chat(2, **{"gen_ai.usage.input_tokens": 1_500_000_000}) | {"parentSpanId": f"{1:016x}"})
    response = post(
        project,
        request_of(
            span(1, {"gen_ai.operation.name": "invoke_agent"}),
            span(3, CHAT | {"gen_ai.usage.input_tokens": 1_500_000_000}, parent=1),
        ),
    )

    assert response.json()["partialSuccess"]["rejectedSpans"] == "2"
    assert [row["input_tokens"] for row in stored(project)] == [1_500_000_000]


def test_broken_characters_are_repaired(project: Project):
    body = orjson.dumps(request_of(chat(**{"user.id": "a\x00b", "gen_ai.completion": "?"})))
    halved = body.replace(b"Where?", b"W\\ud83d?").replace(b"There.", rb"\\ud83d\\u0000.")
    response = post(project, halved)

    assert (response.status_code, response.json()) == (200, {})
    (row,) = stored(project)
    assert (row["end_user"], row["input"], row["output"]) == ("a\ufffdb", "W\ufffd?", "\ufffd\ufffd.")


def test_nul_in_the_word_of_another_span(project: Project):
    export(project, span(1, {"user.id": "a\x00b"}), span(2, {"gen_ai.operation.name": "chat"}, parent=1))

    assert stored(project)[0]["end_user"] == "a\ufffdb"


NAMES = [
    *(
        name
        for kind in (conventions.FACTS, conventions.TOKENS, conventions.CONTEXT)
        for name in kind.values()
    ),
    conventions.STEP_INPUT,
    conventions.STEP_OUTPUT,
    conventions.STEP_OUTPUTS,
    ("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions"),
    ("gen_ai.prompt", "gen_ai.completion", "gen_ai.prompt.0.role", "gen_ai.completion.999999.content"),
]
EVENTS = [*conventions.INPUT_EVENTS, *conventions.OUTPUT_EVENTS, conventions.DETAILS_EVENT]
ODD_VALUES = [
    *(None, True, -1, 0.5, 2**62, [], {}, [None], {"a": [1, {"b": None}]}),
    *("[", "[null]", "[[[5]]]", "[1e999]", "[12345678901234567890123]", '["\\ud800"]'),
    *('{"role": ["user"], "content": {"type": [1]}}', '{"message": {"content": [{"type": {}}]}}'),
    '[{"role": "user", "parts": [{"type": ["text"], "text": "a"}, 5, null, {"type": "text", "text": {}}]}]',
]


@pytest.mark.parametrize(
    ("operation", "n_rejected"),
    # Of calls, the numbers that none of the four counts of tokens can be.
    [("chat", 4 * len([-1, 0.5, 2**62])), ("retrieval", 0)],
)
def test_odd_values_are_no_error_of_ours(project: Project, operation: str, n_rejected: int):
    names = [name for kind in NAMES for name in kind]
    spans = [
        span(
            number,
            {"gen_ai.operation.name": operation, name: value},
            events=[event(EVENTS[number % len(EVENTS)], {name: value, "content": value, "message": value})],
            traceId=f"{number:032x}",
        )
        for number, (name, value) in enumerate(product(names, ODD_VALUES), start=1)
    ]
    response = post(project, request_of(*spans))

    assert response.status_code == 200
    assert int(response.json().get("partialSuccess", {}).get("rejectedSpans", 0)) == n_rejected


GOOD = orjson.dumps(request_of(chat()))


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(gzip.compress(GOOD), {"Content-Encoding": "gzip"}, 200, id="gzip"),
        pytest.param(gzip.compress(b" " * 50_000_000), {"Content-Encoding": "gzip"}, 413, id="bomb"),
        pytest.param(GOOD + b" " * 10_000_000, {}, 413, id="large"),
        pytest.param(GOOD, {"Content-Encoding": "br"}, 415, id="unknown encoding"),
        pytest.param(GOOD, {"Content-Encoding": "gzip"}, 400, id="no gzip"),
    ],
)
def test_body_is_unpacked_within_bounds(project: Project, body: bytes, headers: dict, status: int):
    response = post(project, body, **headers)

    assert response.status_code == status
    assert ids(project) == ({id_of(1)} if status == 200 else set())
    assert status == 200 or response.json()["message"]


@pytest.mark.parametrize("media_type", ["text/plain", "", "application/grpc"])
def test_other_content_types_are_refused(project: Project, media_type: str):
    response = post(project, GOOD, media_type)

    assert (response.status_code, response["Content-Type"]) == (415, JSON)
    assert response.json() == {
        "message": "The Content-Type must be one of application/json, application/x-protobuf."
    }


def test_content_type_may_have_parameters(project: Project):
    assert post(project, GOOD, "Application/JSON; charset=utf-8").status_code == 200


def test_key_and_scope_are_needed(project: Project):
    response = post(project, GOOD, Authorization="")
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert response.json() == {"message": "An API key is needed: Authorization: Bearer <key>."}

    asks_only = issue_key(project, name="dashboard", scopes="query")
    response = post(project, b"", PROTOBUF, Authorization=f"Bearer {asks_only}")
    assert (response.status_code, response["Content-Type"]) == (403, PROTOBUF)
    assert Status.FromString(response.content).message == "The API key lacks the scope 'ingest'."
    assert not KnownSpan.objects.exists()


def test_nothing_is_read_here(project: Project):
    headers = {"Authorization": f"Bearer {issue_key(project, name='collector')}"}
    response = Client().get("/v1/traces/", headers=headers)
    assert (response.status_code, response.json()) == (405, {"message": "Method Not Allowed"})


def test_pages_may_send_spans(settings: Any):
    asking = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    response = Client().options("/v1/traces", headers=asking)
    assert response["Access-Control-Allow-Origin"] == "https://shop.example"

    settings.INGEST_CORS_ORIGINS = ["https://only.example"]
    assert "Access-Control-Allow-Origin" not in Client().options("/v1/traces", headers=asking)
