"""What probes ask, without a key."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse

from config.health import PROBES, healthz, readyz

from .examples import Example
from .operation import Operation
from .refusals import RESPONSES
from .schemas import Schema, object_of, reference, text

Probe = Callable[[HttpRequest], HttpResponse]

PROBING = {"name": "Probes", "description": "Whether the server lives, and whether it can serve."}

PROBE_SCHEMAS: dict[str, Schema] = {
    "Health": object_of("That all is well.", {"status": text("In one word.", const="ok")}),
    "Unreadiness": object_of(
        "Why requests cannot be served now.",
        {"status": text("In one word.", const="unavailable"), "detail": text("The reason, for people.")},
    ),
}
PROBE_RESPONSES: dict[str, Schema] = {
    "NotReady": RESPONSES["Unavailable"]
    | {
        "description": "The database does not answer, or its tables are not up to date.",
        "content": {
            "application/json": {
                "schema": reference("schemas", "Unreadiness"),
                "example": {"status": "unavailable", "detail": "The database cannot be reached."},
            }
        },
    }
}


def _all_is_well(title: str) -> tuple[Example, ...]:
    return (Example(name="well", title=title, description="No key is sent.", answer={"status": "ok"}),)


PROBE_OPERATIONS: Mapping[tuple[str, Probe], Operation] = {
    ("GET", healthz): Operation(
        id="getHealth",
        tag=PROBING["name"],
        summary="Ask whether the process lives",
        description="Needs no key and asks no database: starting the process again would not mend that.",
        answer="Health",
        answer_description="The process answers.",
        examples=_all_is_well("Does it live?"),
        own_refusals={"405": "WrongMethod"},
    ),
    ("GET", readyz): Operation(
        id="getReadiness",
        tag=PROBING["name"],
        summary="Ask whether requests can be served",
        description="Needs no key. Whoever sends requests to several servers leaves out one that refuses.",
        answer="Health",
        answer_description="The database answers, and its tables are up to date.",
        examples=_all_is_well("May requests come?"),
        own_refusals={"405": "WrongMethod", "503": "NotReady"},
    ),
}


def probe_paths() -> dict[str, Schema]:
    """The part of the document that drf-spectacular, which knows views alone, does not list."""
    return {address: {"get": _described(PROBE_OPERATIONS["GET", probe])} for address, probe in PROBES.items()}


def _described(operation: Operation) -> Schema:
    examples = {
        example.name: {"value": example.answer, "summary": example.title} for example in operation.examples
    }
    content = {"schema": reference("schemas", operation.answer), "examples": examples}
    return {
        "operationId": operation.id,
        "description": operation.description,
        "summary": operation.summary,
        "tags": [operation.tag],
        "security": [],
        "servers": [{"url": "/"}],
        "responses": {
            "200": {"description": operation.answer_description, "content": {"application/json": content}},
        },
    }
