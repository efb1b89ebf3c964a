"""Spans that exporters send become interactions, in either encoding, by every convention in use."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import orjson
import pytest
from django.test import Client

from interactions.keys import issue_key
from interactions.models import Project
from tests.storage import stored

TRACE = "5b8efff798038103d269b633813fc60c"
START_NS = 1_716_804_000_000_000_000  # 2024-05-27T10:00:00Z

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="acme")


def any_value(value: Any) -> dict[str, Any]:
    """A value as OTLP has it in JSON."""
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [any_value(item) for item in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": attributes(value)}}
    return {"stringValue": value}


def attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": any_value(value)} for key, value in values.items()]


def span(number: int = 1, parent: int | None = None, **changes: Any) -> dict[str, Any]:
    """A span of two and a half seconds that starts with its number; `attributes` may be a plain dict."""
    start_ns = START_NS + number * 1_000_000_000
    made = {
        "traceId": TRACE,
        "spanId": f"{number:016x}",
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(start_ns + 2_500_000_000),
        **changes,
    }
    if parent is not None:
        made["parentSpanId"] = f"{parent:016x}"
    made["attributes"] = attributes(changes.get("attributes", CHAT))
    return made


CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "large",
    "gen_ai.usage.input_tokens": 12,
    "gen_ai.usage.output_tokens": 3,
    "gen_ai.conversation.id": "c1",
    "user.id": "ada",
    "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "Where?"}]}]',
    "gen_ai.output.messages": '[{"role": "assistant", "parts": [{"type": "text", "content": "There."}]}]',
}


def request_of(*spans: dict[str, Any], resource: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "resourceSpans": [
            {"resource": {"attributes": attributes(resource or {})}, "scopeSpans": [{"spans": list(spans)}]}
        ]
    }


def post(project: Project, body: Any, media_type: str = "application/json", **headers: str) -> Any:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    headers = {"Authorization": f"Bearer {issue_key(project, name='collector')}"} | headers
    return Client().post("/v1/traces", data, content_type=media_type, headers=headers)


def export(project: Project, *spans: dict[str, Any], **resource: Any) -> None:
    response = post(project, request_of(*spans, resource=resource))
    assert (response.status_code, response.json()) == (200, {}), response.content


def id_of(number: int, trace: str = TRACE) -> UUID:
    return uuid5(NAMESPACE_OID, f"{trace}/{number:016x}")


def test_root_span_is_an_interaction(project: Project):
    export(project, span())

    (row,) = stored(project)
    assert row["id"] == id_of(1)
    assert (row["end_user"], row["conversation"], row["model"]) == ("ada", "c1", "large")
    assert (row["input"], row["output"]) == ("Where?", "There.")
    assert (row["input_tokens"], row["output_tokens"], row["latency_us"]) == (12, 3, 2_500_000)
    assert row["labels"] == {"tag: gen_ai.provider.name": ["openai"]}
