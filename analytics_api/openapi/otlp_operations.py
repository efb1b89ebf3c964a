"""The call that takes spans of OpenTelemetry: as much of its protocol as a reader needs to try it."""

from __future__ import annotations

from collections.abc import Mapping

from rest_framework.views import APIView

from analytics_api.otlp.encodings import ENCODINGS, JSON
from analytics_api.views.otlp import Traces

from .examples import Example, Json
from .operation import Operation
from .refusals import RESPONSES
from .schemas import Schema, list_of, object_of, reference, text

_NANOSECONDS = text("Nanoseconds since 1970, as text.", pattern="^[0-9]{1,19}$")
_TRACE_ID = text("Of the trace, in hexadecimal.", pattern="^[0-9a-f]{32}$")
_SPAN_ID = text("Of the span, in hexadecimal.", pattern="^[0-9a-f]{16}$")


def _attributes(description: str) -> Schema:
    return list_of(reference("schemas", "Attribute"), description)


def _value(name: str, schema: Schema) -> Schema:
    return object_of(f"`{name}` alone.", {name: schema}) | {"additionalProperties": False}


OTLP_SCHEMAS: dict[str, Schema] = {
    "ExportTraceServiceRequest": object_of(
        "Spans, by what sent them. Unknown fields are ignored.",
        {
            "resourceSpans": list_of(
                object_of(
                    "A resource, such as a process, and its spans.",
                    {
                        "resource": object_of(
                            "What sent the spans.", {"attributes": _attributes("Of all its spans.")}, ()
                        ),
                        "scopeSpans": list_of(
                            object_of(
                                "A library, and its spans.",
                                {"spans": list_of(reference("schemas", "Span"), "The spans.")},
                                (),
                            ),
                            "The spans, by the library that made them.",
                        ),
                    },
                    (),
                ),
                "The spans, by their resource.",
            )
        },
        (),
    ),
    "Span": object_of(
        "One operation.",
        {
            "traceId": _TRACE_ID,
            "spanId": _SPAN_ID,
            "parentSpanId": text("The span it is part of.", pattern="^([0-9a-f]{16})?$"),
            "startTimeUnixNano": _NANOSECONDS,
            "endTimeUnixNano": _NANOSECONDS,
            "attributes": _attributes("Their names make it a span of generative AI."),
            "events": list_of(
                object_of(
                    "Something that happened meanwhile.",
                    {"name": text("What it was."), "attributes": _attributes("Of the event.")},
                    (),
                ),
                "In older conventions, the messages.",
            ),
        },
        ("traceId", "spanId", "startTimeUnixNano", "endTimeUnixNano"),
    ),
    "Attribute": object_of(
        "A name and its value.",
        {
            "key": text("The name, such as `gen_ai.request.model`."),
            "value": {
                "description": "The value under the name of its type; lists and objects are values, too.",
                "oneOf": [
                    _value("stringValue", {"type": "string"}),
                    _value("intValue", {"type": "string", "pattern": "^-?[0-9]{1,18}$"}),
                    _value("doubleValue", {"type": "number"}),
                    _value("boolValue", {"type": "boolean"}),
                ],
            },
        },
    ),
    "ExportTraceServiceResponse": object_of(
        "Empty, when all spans were accepted.",
        {
            "partialSuccess": object_of(
                "What was not.",
                {
                    "rejectedSpans": text("How many spans are not recorded."),
                    "errorMessage": text("Why, of the first of them."),
                },
            )
        },
        (),
    ),
    "Status": object_of("Why there is no answer.", {"message": {"type": "string"}}),
}


def _as_status(response: Schema, description: str, message: str) -> Schema:
    """A refusal that other endpoints have, in the form of the protocol."""
    content = {"schema": reference("schemas", "Status"), "example": {"message": message}}
    return response | {"description": description, "content": {JSON.media_type: content}}


def _like(name: str) -> Schema:
    response = RESPONSES[name]
    message = response["content"]["application/json"]["example"]["detail"]
    return _as_status(response, response["description"], message)


_OWN_REFUSALS = {
    "400": "UndecodableSpans",
    "401": "BadKeyOfExporter",
    "403": "MissingScopeOfExporter",
    "405": "WrongMethodOfExporter",
    "413": "TooManySpans",
    "415": "WrongTypeOfSpans",
    "503": "UnavailableToExporter",
}
OTLP_RESPONSES: dict[str, Schema] = {
    "UndecodableSpans": _as_status(
        {},
        "The body cannot be unpacked, or is not what its `Content-Type` says.",
        "The body is not an ExportTraceServiceRequest in JSON.",
    ),
    "BadKeyOfExporter": _like("BadKey"),
    "MissingScopeOfExporter": _like("MissingScope"),
    "WrongMethodOfExporter": _like("WrongMethod"),
    "TooManySpans": _like("TooLarge"),
    "WrongTypeOfSpans": _as_status(
        {},
        "The `Content-Type` or the `Content-Encoding` is not one that the server reads.",
        f"The Content-Type must be one of {', '.join(ENCODINGS)}.",
    ),
    "UnavailableToExporter": _like("Unavailable"),
}


def _attribute(key: str, value: str) -> Json:
    return {"key": key, "value": {"stringValue": value}}


def _spans(**span: str) -> Json:
    made = {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "startTimeUnixNano": "1717077600000000000",
        "endTimeUnixNano": "1717077602000000000",
        "attributes": [
            _attribute("gen_ai.operation.name", "chat"),
            _attribute("gen_ai.request.model", "large"),
            _attribute("user.id", "zoe"),
            _attribute("gen_ai.input.messages", '[{"role": "user", "content": "Do you gift-wrap?"}]'),
            _attribute("gen_ai.output.messages", '[{"role": "assistant", "content": "We do."}]'),
        ],
    }
    resource = {"attributes": [_attribute("service.name", "shop")]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [made | span]}]}]}


OTLP_OPERATIONS: Mapping[tuple[str, type[APIView]], Operation] = {
    ("POST", Traces): Operation(
        id="recordSpans",
        tag="Recording",
        summary="Record spans of OpenTelemetry",
        description="OTLP over HTTP, as exporters speak it: in JSON, as shown here, or in protocol buffers "
        "with the `Content-Type` `application/x-protobuf`, answered in the same. A call of a model or an "
        "agent with none above it is an interaction, and what is below it are its traces. Other spans are "
        "accepted and not recorded.\n\n"
        "A trace may come in pieces and in any order. A span that is sent again is an update. One that is "
        "wrong does not keep out others.",
        answer="ExportTraceServiceResponse",
        answer_description="What is not told as rejected is committed.",
        examples=(
            Example(
                name="chat",
                title="A question and its answer",
                description="One span, without others above it.",
                request=_spans(),
                answer={},
            ),
            Example(
                name="rejected_span",
                title="A span that ends before it starts",
                description="It is told and left out.",
                request=_spans(endTimeUnixNano="1717077500000000000"),
                answer={
                    "partialSuccess": {
                        "rejectedSpans": "1",
                        "errorMessage": "Span eee19b7ec3c1b174 is not recorded: "
                        "time_end lies before time_start.",
                    }
                },
            ),
        ),
        body=reference("schemas", "ExportTraceServiceRequest"),
        own_refusals=_OWN_REFUSALS,
    ),
}
