"""A span to what is kept of it: a trace of its interaction, or what it knows of the spans below."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from analytics_api.ingestion.messages import last_user_text, text_of
from interactions.ingest import InvalidInteraction, NewSpan, SpanKey, checked
from interactions.ingest.new_interaction import Checked, Word
from interactions.models import SpanRole

from . import conventions
from .assembling import assemble
from .content import decoded, input_messages, output_messages
from .sent_spans import SentSpan

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRACE_ID_BYTES, _SPAN_ID_BYTES = 16, 8


class InvalidSpan(ValueError):
    """A span that cannot be recorded, with the reason."""


class _Context(Checked):
    """What a span knows for those below it."""

    end_user: Word = None
    conversation_id: Word = None


def read_span(span: SentSpan) -> NewSpan:
    """Raises InvalidSpan."""
    role = _role(span)
    content = _known(span) if role == SpanRole.OTHER else _said(span, role)
    if not (_is_id(span.trace_id, _TRACE_ID_BYTES) and _is_id(span.span_id, _SPAN_ID_BYTES)):
        raise InvalidSpan("trace_id: expected 16 bytes, span_id: 8, neither all zero")
    trace_id = span.trace_id.hex()
    return NewSpan(
        key=SpanKey(trace_id, span.span_id.hex()),
        parent=SpanKey(trace_id, span.parent_id.hex()) if _is_id(span.parent_id, _SPAN_ID_BYTES) else None,
        role=role,
        content=_storable(role, content),
    )


def _role(span: SentSpan) -> SpanRole:
    names = span.attributes
    if not any(n.startswith(conventions.PREFIX) and not n.startswith(conventions.NOT_TELLING) for n in names):
        return SpanRole.OTHER
    return SpanRole.STEP if _word(span, conventions.OPERATION) in conventions.STEPS else SpanRole.CALL


def _is_id(value: bytes, size: int) -> bool:
    return len(value) == size and any(value)


def _known(span: SentSpan) -> dict[str, Any]:
    return {name: value for name, names in conventions.CONTEXT.items() if (value := _word(span, names))}


def _said(span: SentSpan, role: SpanRole) -> dict[str, Any]:
    said = {
        "span_id": span.span_id.hex(),
        "time_start": _moment(span.start_ns),
        "time_end": _moment(span.end_ns),
        **_known(span),
        **{name: _word(span, names) for name, names in conventions.FACTS.items()},
        **{name: _number(span, names) for name, names in conventions.TOKENS.items()},
        **_TEXTS[role](span),
    }
    return {name: value for name, value in said.items() if value not in (None, "", [])}


def _texts_of_call(span: SentSpan) -> dict[str, Any]:
    inputs, outputs = input_messages(span), output_messages(span)
    output = next((text for message in outputs if (text := text_of(message))), None)
    return {
        "messages": inputs,
        "input": last_user_text(inputs),
        "output": output,
        # Calls of tools, images: an answer that is no text.
        "outputs": None if output else outputs,
    }


def _texts_of_step(span: SentSpan) -> dict[str, Any]:
    return {
        "input": decoded(span.first(conventions.STEP_INPUT)) or last_user_text(input_messages(span)),
        "output": decoded(span.first(conventions.STEP_OUTPUT)),
        "outputs": decoded(span.first(conventions.STEP_OUTPUTS)),
    }


_TEXTS = {SpanRole.CALL: _texts_of_call, SpanRole.STEP: _texts_of_step}


def _word(span: SentSpan, names: conventions.Names) -> str | None:
    """Ids may be numbers; other kinds of value are no word."""
    value = span.first(names)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value)


def _number(span: SentSpan, names: conventions.Names) -> int | float | None:
    value = span.first(names)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _moment(ns: int) -> str | None:
    """0 is how protocol buffers say nothing."""
    return (_EPOCH + timedelta(microseconds=ns // 1000)).isoformat(timespec="microseconds") if ns else None


def _storable(role: SpanRole, content: dict[str, Any]) -> dict[str, Any]:
    """The content with its texts repaired, if the span could be stored by itself."""
    try:
        if role == SpanRole.OTHER:
            return checked(_Context, content).model_dump(exclude_none=True)
        return assemble(content["span_id"], [content], {}).traces[0]
    except InvalidInteraction as error:
        raise InvalidSpan(str(error)) from None
