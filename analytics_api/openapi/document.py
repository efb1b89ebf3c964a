"""The document itself: made once a process, without the database, always the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import orjson
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from analytics_api.serializers.fields import Form

from .answers import REFUSALS, RESPONSES, SCHEMAS, reference
from .conventions import CONVENTIONS
from .extensions import KeySchemes
from .operations import OPERATIONS, TAGS, Operation

# What drf-spectacular lists: path, the regular expression it comes from, method, view.
ListedEndpoint = tuple[str, str, str, Callable[..., Any]]


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document of the query API. Not to be changed: it is made once a process."""
    return SchemaGenerator().get_schema(public=True)


@cache
def document_json() -> bytes:
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2)


class ApiSchema(AutoSchema):
    """How our views are described: by their form, and by what `OPERATIONS` says of them."""

    @property
    def operation(self) -> Operation:
        return OPERATIONS[type(self.view)]

    def get_operation_id(self) -> str:
        return self.operation.id

    def get_tags(self) -> list[str]:
        return [self.operation.tag]

    def get_summary(self) -> str:
        return self.operation.summary

    def get_description(self) -> str:
        return self.operation.description

    def get_request_serializer(self) -> Form:
        return self.view.request_form

    def get_response_serializers(self) -> dict[int, OpenApiResponse]:
        operation = self.operation
        return {200: OpenApiResponse(reference("schemas", operation.answer), operation.answer_description)}

    def get_examples(self) -> list[OpenApiExample]:
        return [
            OpenApiExample(
                example.name,
                value,
                summary=example.title,
                description=description,
                request_only=value is example.request,
                response_only=value is example.answer,
            )
            for example in self.operation.examples
            for value, description in ((example.request, example.description), (example.answer, ""))
        ]

    def map_parsers(self) -> list[str]:
        # The parser takes any type, because clients differ; they should send this one.
        return ["application/json"]


def only_the_query_api(endpoints: Iterable[ListedEndpoint]) -> list[ListedEndpoint]:
    """The endpoints to describe, each without the slash that may follow it."""
    return [
        (path.rstrip("/"), regex, method, view)
        for path, regex, method, view in endpoints
        if view.cls in OPERATIONS
    ]


def complete_document(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add what is the same for every endpoint: the refusals, and the conventions in words."""
    for methods in result["paths"].values():
        for operation in methods.values():
            for status, name in REFUSALS.items():
                operation["responses"][status] = reference("responses", name)
    components = result["components"]
    components["schemas"] = dict(sorted((components["schemas"] | SCHEMAS).items()))
    components["responses"] = RESPONSES
    # The way to present a key that clients should choose comes first, not the first in the alphabet.
    components["securitySchemes"] = {name: components["securitySchemes"][name] for name in KeySchemes.name}
    paragraphs = [f"**{title}.** {text}" for title, text in CONVENTIONS]
    result["info"]["description"] = "\n\n".join([result["info"]["description"], *paragraphs])
    result["tags"] = TAGS
    return result
