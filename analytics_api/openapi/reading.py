"""The endpoints of the document in the order in which people read: what the page shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from .document import document
from .extensions import KeySchemes
from .reading_schemas import Field, follow, in_words, read_fields
from .schemas import Schema


@dataclass(frozen=True, kw_only=True)
class Example:
    """request: the body as JSON, indented; without one, the address. answer: JSON, indented."""

    title: str
    description: str
    request: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One operation. path: from the root of the server. scope: what the key must have; None needs no key."""

    id: str
    tag: str
    method: str
    path: str
    summary: str
    scope: str | None
    paragraphs: list[str]
    parameters: list[Field]
    fields: list[Field]
    answer_description: str
    answer_fields: list[Field]
    examples: list[Example]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """headers: {"Retry-After": "Seconds to wait."}. example: JSON, indented."""

    status: str
    description: str
    headers: dict[str, str]
    example: str


def read_endpoints() -> list[Endpoint]:
    return [_endpoint(path, method, operation) for path, method, operation in _operations()]


def read_refusals() -> list[Refusal]:
    """Every way an endpoint refuses, by status."""
    refusals: dict[str, Refusal] = {}
    for _, _, operation in _operations():
        for status, response in operation["responses"].items():
            if "$ref" in response:
                # As most endpoints have it, and the first.
                refusals.setdefault(status, _refusal(status, follow(response)))
    return [refusals[status] for status in sorted(refusals)]


def read_error_types() -> list[str]:
    return document()["components"]["schemas"]["ValidationError"]["properties"]["type"]["enum"]


def _operations() -> Iterator[tuple[str, str, Schema]]:
    """-> path from the root of the server, method, operation"""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            server, *_ = operation.get("servers", document()["servers"])
            yield server["url"].rstrip("/") + path, method.upper(), operation


def _endpoint(path: str, method: str, operation: Schema) -> Endpoint:
    body = _json(operation.get("requestBody"))
    answer = _json(operation["responses"]["200"])
    return Endpoint(
        id=operation["operationId"],
        tag=operation["tags"][0],
        method=method,
        path=path,
        summary=operation["summary"],
        scope=next((one[KeySchemes.name[0]][0] for one in operation["security"][:1]), None),
        paragraphs=operation["description"].split("\n\n"),
        parameters=[_parameter(parameter) for parameter in operation.get("parameters", ())],
        fields=list(read_fields(follow(body["schema"]))) if body else [],
        answer_description=operation["responses"]["200"]["description"],
        answer_fields=list(read_fields(follow(answer["schema"]))),
        examples=[
            Example(
                title=example["summary"],
                description=body["examples"][name]["description"] if body else "",
                request=_indented(body["examples"][name]["value"])
                if body
                else _address(path, method, operation, name),
                answer=_indented(example["value"]),
            )
            for name, example in answer["examples"].items()
        ],
    )


def _json(content: Schema | None) -> Schema | None:
    """What a body or an answer holds."""
    return content and content["content"]["application/json"]


def _address(path: str, method: str, operation: Schema, example: str) -> str:
    """-> GET /api/external/export/interactions/detail/0000..."""
    query = {}
    for parameter in operation.get("parameters", ()):
        value = parameter["examples"][example]["value"]
        if parameter["in"] == "query":
            query[parameter["name"]] = value
        path = path.replace(f"{{{parameter['name']}}}", value)
    return f"{method} {path}?{urlencode(query, safe=':')}" if query else f"{method} {path}"


def _parameter(parameter: Schema) -> Field:
    """A place in the address, or a header, as a field: `interaction_id` in the path."""
    return Field(
        name=parameter["name"],
        type=in_words(parameter["schema"]),
        section=None,
        is_required=parameter.get("required", False),
        default=None,
        description=f"In the {parameter['in']}. {parameter['description']}",
    )


def _refusal(status: str, response: Schema) -> Refusal:
    return Refusal(
        status=status,
        description=response["description"],
        headers={name: header["description"] for name, header in response.get("headers", {}).items()},
        example=_indented(response["content"]["application/json"]["example"]),
    )


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
