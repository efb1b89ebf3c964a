"""The two encodings of OTLP over HTTP: protocol buffers as bytes, and as JSON."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import methodcaller
from typing import Any

import orjson
from django.http import HttpResponse
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.json_format import ParseError as JSONError
from google.protobuf.message import DecodeError, Message
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from rest_framework.exceptions import ParseError

from interactions.ingest import repaired_json
from interactions.json_input import decode_json

_IDS = ("traceId", "spanId", "parentSpanId")


class Undecodable(ParseError):
    """A body that is not what its Content-Type says: 400 with the reason."""


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How requests are read and answers written. decode: raises Undecodable."""

    media_type: str
    decode: Callable[[bytes], ExportTraceServiceRequest]
    encode: Callable[[Message], bytes]

    def answer(self, message: Message, status: int = 200) -> HttpResponse:
        return HttpResponse(self.encode(message), status=status, content_type=self.media_type)


def success(n_rejected: int, reason: str) -> ExportTraceServiceResponse:
    """The answer to what was recorded but for some spans, or all of it."""
    if not n_rejected:
        return ExportTraceServiceResponse()
    part = ExportTracePartialSuccess(rejected_spans=n_rejected, error_message=reason)
    return ExportTraceServiceResponse(partial_success=part)


def failure(reason: str) -> Status:
    return Status(message=reason)


def _decode_binary(body: bytes) -> ExportTraceServiceRequest:
    try:
        return ExportTraceServiceRequest.FromString(body)
    except DecodeError:
        raise Undecodable("The body is not an ExportTraceServiceRequest in protocol buffers.") from None


def _decode_json(body: bytes) -> ExportTraceServiceRequest:
    try:
        document = repaired_json(decode_json(body))
        for span in _spans_of(document):
            span |= {name: _base64(span[name]) for name in _IDS if span.get(name)}
        if isinstance(document, dict):
            return ParseDict(document, ExportTraceServiceRequest(), ignore_unknown_fields=True)
    except JSONError:
        pass  # What the parser says may hold what people said.
    except RecursionError:
        raise Undecodable("The body is nested too deep.") from None
    except ValueError as error:
        raise Undecodable(f"The body is {error}.") from None
    raise Undecodable("The body is not an ExportTraceServiceRequest in JSON.")


def _spans_of(document: Any) -> Iterator[dict[str, Any]]:
    """The spans of a decoded body; what has another form is left to the parser to refuse."""
    for resource in _objects(document, "resourceSpans"):
        for scope in _objects(resource, "scopeSpans"):
            yield from _objects(scope, "spans")


def _objects(owner: Any, name: str) -> Iterator[dict[str, Any]]:
    owned = owner.get(name) if isinstance(owner, dict) else None
    return (each for each in owned if isinstance(each, dict)) if isinstance(owned, list) else iter(())


def _base64(hexadecimal: Any) -> str:
    """An id as protocol buffers have bytes in JSON; OTLP has these, and no others, in hexadecimal."""
    try:
        return b64encode(bytes.fromhex(hexadecimal)).decode()
    except (TypeError, ValueError):
        raise ValueError("not OTLP: ids are hexadecimal texts") from None


def _encode_json(message: Message) -> bytes:
    return orjson.dumps(MessageToDict(message))


JSON = Encoding(media_type="application/json", decode=_decode_json, encode=_encode_json)
ENCODINGS = {
    JSON.media_type: JSON,
    "application/x-protobuf": Encoding(
        media_type="application/x-protobuf",
        decode=_decode_binary,
        encode=methodcaller("SerializeToString"),
    ),
}
