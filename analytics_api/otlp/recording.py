"""An export request to what is recorded of it, and why some of it is not."""

from __future__ import annotations

from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from interactions.ingest import record_spans

from .assembling import assemble
from .sent_spans import sent_spans
from .traces import InvalidSpan, read_span

# Enough to see what is wrong with an exporter; all its spans are likely to have the same fault.
_MAX_REASONS = 5


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """n_rejected: spans that are not stored. reason: why, in a sentence for each of the first of them."""

    n_rejected: int
    reason: str


def record_traces(project_id: int, request: ExportTraceServiceRequest) -> Recorded:
    """Record the spans of generative AI; what is wrong with one does not keep out others."""
    spans, reasons = [], []
    for sent in sent_spans(request):
        try:
            spans.append(read_span(sent))
        except InvalidSpan as error:
            reasons.append(f"Span {sent.span_id.hex()} is not recorded: {error}.")
    refused = record_spans(project_id, spans, assemble)
    reasons += [f"Span {key.span_id} is not recorded: {reason}." for key, reason in refused.items()]
    return Recorded(n_rejected=len(reasons), reason=" ".join(reasons[:_MAX_REASONS]))
