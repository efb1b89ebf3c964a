"""Export requests as exporters send them, from plain values, in both encodings."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import orjson
from django.test import Client
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from interactions.keys import issue_key
from interactions.models import Project

TRACE = "5b8efff798038103d269b633813fc60c"
START_NS = 1_716_804_000_000_000_000  # 2024-05-27T10:00:00Z
JSON, PROTOBUF = "application/json", "application/x-protobuf"

CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "large",
    "user.id": "ada",
}
QUESTION = '[{"role": "user", "parts": [{"type": "text", "content": "Where?"}]}]'
ANSWER = '[{"role": "assistant", "parts": [{"type": "text", "content": "There."}], "finish_reason": "stop"}]'
TEXTS = {"gen_ai.input.messages": QUESTION, "gen_ai.output.messages": ANSWER}

Span = dict[str, Any]


def id_of(number: int, trace_id: str = TRACE) -> UUID:
    """The id of the interaction that `span(number)` makes."""
    return uuid5(NAMESPACE_OID, f"{trace_id}/{number:016x}")


def span(number: int, attributes: dict[str, Any], parent: int | None = None, **changes: Any) -> Span:
    """A span, in OTLP's JSON, that starts at 10:00:00 and `number` seconds, and takes two and a half."""
    start_ns = START_NS + number * 1_000_000_000
    return {
        "traceId": TRACE,
        "spanId": f"{number:016x}",
        "parentSpanId": "" if parent is None else f"{parent:016x}",
        "name": "a name",
        "kind": 3,
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(start_ns + 2_500_000_000),
        "attributes": key_values(attributes),
    } | changes


def event(name: str, attributes: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "timeUnixNano": str(START_NS), "attributes": key_values(attributes)}


def key_values(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": any_value(value)} for key, value in values.items()]


def any_value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [any_value(item) for item in value]}}
        case dict():
            return {"kvlistValue": {"values": key_values(value)}}
        case None:
            return {}
        case _:
            return {"stringValue": value}


def request_of(*spans: Span, **resource: Any) -> dict[str, Any]:
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": key_values(resource)},
                "scopeSpans": [{"scope": {"name": "a library"}, "spans": list(spans)}],
            }
        ]
    }


def encoded(request: dict[str, Any], media_type: str) -> bytes:
    if media_type == JSON:
        return orjson.dumps(request)
    message = ExportTraceServiceRequest()
    # Ids are the one thing that the general JSON form writes in another way.
    for sent in request["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        sent |= {
            name: b64encode(bytes.fromhex(sent[name])).decode()
            for name in ("traceId", "spanId", "parentSpanId")
        }
    return ParseDict(request, message).SerializeToString()


def post(project: Project, body: Any, media_type: str = JSON, **headers: str) -> Any:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    # Given as a header too, because Django's client leaves it out beside an empty body.
    key = issue_key(project, name="collector")
    headers = {"Authorization": f"Bearer {key}", "Content-Type": media_type} | headers
    return Client().post("/v1/traces", data, content_type=media_type, headers=headers)


def export(project: Project, *spans: Span, media_type: str = JSON, **resource: Any) -> None:
    """Send spans, all of which are accepted."""
    response = post(project, encoded(request_of(*spans, **resource), media_type), media_type)
    assert response.status_code == 200, response.content
    assert response.content == {JSON: b"{}", PROTOBUF: b""}[media_type]
    assert response["Content-Type"] == media_type
