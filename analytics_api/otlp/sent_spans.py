"""Spans out of protocol buffers: plain values, and names for what a span may be called by."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

Attributes = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    name: str
    attributes: Attributes


@dataclass(frozen=True, kw_only=True, slots=True)
class SentSpan:
    """One span. resource: the attributes of what sent it."""

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    start_ns: int
    end_ns: int
    attributes: Attributes
    resource: Attributes
    events: Sequence[Event]

    def first(self, names: Iterable[str]) -> Any:
        """The value of the first of several names for the same, on the span or else its resource."""
        for attributes in (self.attributes, self.resource):
            for name in names:
                if attributes.get(name) not in (None, ""):
                    return attributes[name]
        return None


def sent_spans(request: ExportTraceServiceRequest) -> Iterator[SentSpan]:
    for resource_spans in request.resource_spans:
        resource = _attributes(resource_spans.resource.attributes)
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                yield _sent_span(span, resource)


def _sent_span(span: Span, resource: Attributes) -> SentSpan:
    return SentSpan(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_id=span.parent_span_id,
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        attributes=_attributes(span.attributes),
        resource=resource,
        events=[Event(name=event.name, attributes=_attributes(event.attributes)) for event in span.events],
    )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _plain(pair.value) for pair in pairs}


def _plain(value: AnyValue) -> Any:
    """The value in Python; None when it is empty. The parser has bounded how deep it goes."""
    kind = value.WhichOneof("value")
    read = _STRUCTURES.get(kind)
    if read is not None:
        return read(getattr(value, kind))
    return kind and getattr(value, kind)


_STRUCTURES = {
    "array_value": lambda array: [_plain(item) for item in array.values],
    "kvlist_value": lambda pairs: _attributes(pairs.values),
    "bytes_value": lambda data: b64encode(data).decode(),
}
