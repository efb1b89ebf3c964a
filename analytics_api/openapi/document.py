"""The document itself: made once a process, without the database, always the same bytes."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import orjson
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from analytics_api.serializers.fields import Form

from .answers import SCHEMAS
from .conventions import CONVENTIONS
from .detail_answers import DETAIL_SCHEMAS
from .eligible_operations import ELIGIBLE_SCHEMAS
from .examples import Example
from .extensions import KeySchemes
from .operation import Operation
from .operations import OPERATIONS, TAGS
from .otlp_operations import OTLP_RESPONSES, OTLP_SCHEMAS
from .probe_operations import PROBE_RESPONSES, PROBE_SCHEMAS, probe_paths
from .project_operations import PROJECT_SCHEMAS
from .recording_answers import RECORDING_ANSWERS
from .recording_bodies import RECORDING_SCHEMAS
from .refusals import REFUSAL_SCHEMAS, REFUSALS, REFUSALS_OF_BODIES, RESPONSES
from .schemas import Schema, reference

_SCHEMAS = (
    SCHEMAS, DETAIL_SCHEMAS, RECORDING_SCHEMAS, RECORDING_ANSWERS, OTLP_SCHEMAS, ELIGIBLE_SCHEMAS,
    PROJECT_SCHEMAS, PROBE_SCHEMAS,
    REFUSAL_SCHEMAS,
)  # fmt: skip
_BY_ID = {operation.id: operation for operation in OPERATIONS.values()}
# Paths are relative to the server: the query API's, unless the operation names one of these.
OTHER_SERVERS = ("/event-ingestion/api", "/v1")

# What drf-spectacular lists: path, the regular expression it comes from, method, view.
ListedEndpoint = tuple[str, str, str, Callable[..., Any]]


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document of every endpoint. Not to be changed: it is made once a process."""
    return SchemaGenerator().get_schema(public=True)


@cache
def document_json() -> bytes:
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2)


class ApiSchema(AutoSchema):
    """How our views are described: by their form, and by what `OPERATIONS` says of them."""

    @property
    def operation(self) -> Operation:
        return OPERATIONS[self.own_method, type(self.view)]

    @property
    def own_method(self) -> str:
        """The method that is described, whatever the library is told."""
        return getattr(self, "_own_method", self.method)

    def get_operation_id(self) -> str:
        return self.operation.id

    def get_tags(self) -> list[str]:
        return [self.operation.tag]

    def get_summary(self) -> str:
        return self.operation.summary

    def get_description(self) -> str:
        return self.operation.description

    def get_override_parameters(self) -> list[OpenApiParameter]:
        return list(self.operation.parameters)

    def get_request_serializer(self) -> Form | dict[str, Schema]:
        if self.operation.body:
            return dict.fromkeys(self.map_parsers(), self.operation.body)
        return self._of_method("request_form")

    def get_response_serializers(self) -> dict[int, OpenApiResponse]:
        operation = self.operation
        return {200: OpenApiResponse(reference("schemas", operation.answer), operation.answer_description)}

    def get_examples(self) -> list[OpenApiExample]:
        return [made for example in self.operation.examples for made in self._parts(example)]

    def _parts(self, example: Example) -> Iterator[OpenApiExample]:
        """What is sent in the address, what is sent in the body, and the answer."""
        names = {"name": example.name, "summary": example.title}
        for place, values in (
            (OpenApiParameter.PATH, example.path),
            (OpenApiParameter.QUERY, example.query),
        ):
            for name, value in values.items():
                yield OpenApiExample(**names, value=value, parameter_only=(name, place))
        if example.request is not None:
            yield OpenApiExample(
                **names, value=example.request, description=example.description, request_only=True
            )
        yield OpenApiExample(**names, value=example.answer, response_only=True)

    def get_auth(self) -> list[dict[str, list[str]]]:
        # OpenAPI 3.1 lets a key have roles; ours are its scopes.
        scope = self._of_method("required_scope")
        return [{name: [scope] for name in one} for one in super().get_auth()]

    def _of_method(self, name: str) -> Any:
        """What a view declares: once, or in the plural for each method."""
        by_method = getattr(self.view, f"{name}s", None)
        return by_method[self.own_method] if by_method else getattr(self.view, name)

    def _get_request_body(self, direction: str = "request") -> Schema | None:
        if self.method != "DELETE":
            return super()._get_request_body(direction)
        # The library expects no body of it.
        self._own_method, self.method = self.method, "POST"
        try:
            return super()._get_request_body(direction)
        finally:
            self.method = self._own_method

    def map_parsers(self) -> list[str]:
        # The parser takes any type, because clients differ; they should send this one.
        return ["application/json"]


def described_endpoints(endpoints: Iterable[ListedEndpoint]) -> list[ListedEndpoint]:
    """The endpoints to describe, in the order of `OPERATIONS`, each without the slash that may follow it."""
    order = list(OPERATIONS)
    described = [
        (path.rstrip("/"), regex, method, view)
        for path, regex, method, view in endpoints
        if (method, view.cls) in OPERATIONS
    ]
    return sorted(described, key=lambda endpoint: order.index((endpoint[2], endpoint[3].cls)))


def complete_document(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add what drf-spectacular does not know: refusals, servers, schemas, and the conventions in words."""
    result["paths"] |= probe_paths()
    for path, methods in result["paths"].items():
        for operation in methods.values():
            _complete(operation, path)
    result["paths"] = {path.removeprefix(_server(path)): item for path, item in result["paths"].items()}
    components = result["components"]
    components["schemas"] = dict(sorted(ChainMap(components["schemas"], *_SCHEMAS).items()))
    components["responses"] = RESPONSES | OTLP_RESPONSES | PROBE_RESPONSES
    # The way to present a key that clients should choose comes first, not the first in the alphabet.
    components["securitySchemes"] = {name: components["securitySchemes"][name] for name in KeySchemes.name}
    paragraphs = [f"**{title}.** {text}" for title, text in CONVENTIONS]
    result["info"]["description"] = "\n\n".join([result["info"]["description"], *paragraphs])
    result["tags"] = TAGS
    return result


def _complete(operation: Schema, path: str) -> None:
    refusals = REFUSALS
    if "requestBody" in operation:
        refusals = refusals | REFUSALS_OF_BODIES
        # There is no endpoint that takes a body and does without.
        operation["requestBody"]["required"] = True
    described = _BY_ID[operation["operationId"]]
    refusals = described.own_refusals or refusals | described.refusals
    operation["responses"] |= {
        status: reference("responses", name) for status, name in sorted(refusals.items())
    }
    if server := _server(path):
        operation["servers"] = [{"url": server}]


def _server(path: str) -> str:
    """The beginning of the path that is another server's; empty when it is the query API's."""
    return next((server for server in OTHER_SERVERS if path.startswith(f"{server}/")), "")
