"""The endpoints of the document in the order in which people read: what the page shows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .answers import Schema
from .document import document
from .reading_schemas import Field, follow, read_fields


@dataclass(frozen=True, kw_only=True)
class Example:
    """request, answer: JSON, indented."""

    title: str
    description: str
    request: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One operation. path: from the root of the server."""

    id: str
    tag: str
    method: str
    path: str
    summary: str
    paragraphs: list[str]
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
    return [
        _endpoint(path, method, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


def read_refusals() -> list[Refusal]:
    """Every way an endpoint refuses, by status."""
    refusals = {
        status: _refusal(status, follow(response))
        for methods in document()["paths"].values()
        for operation in methods.values()
        for status, response in operation["responses"].items()
        if "$ref" in response
    }
    return [refusals[status] for status in sorted(refusals)]


def read_error_types() -> list[str]:
    return document()["components"]["schemas"]["ValidationError"]["properties"]["type"]["enum"]


def _endpoint(path: str, method: str, operation: Schema) -> Endpoint:
    body = operation["requestBody"]["content"]["application/json"]
    answer = operation["responses"]["200"]["content"]["application/json"]
    return Endpoint(
        id=operation["operationId"],
        tag=operation["tags"][0],
        method=method.upper(),
        path=document()["servers"][0]["url"] + path,
        summary=operation["summary"],
        paragraphs=operation["description"].split("\n\n"),
        fields=list(read_fields(follow(body["schema"]))),
        answer_description=operation["responses"]["200"]["description"],
        answer_fields=list(read_fields(follow(answer["schema"]))),
        examples=[
            Example(
                title=example["summary"],
                description=example["description"],
                request=_indented(example["value"]),
                answer=_indented(answer["examples"][name]["value"]),
            )
            for name, example in body["examples"].items()
        ],
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
