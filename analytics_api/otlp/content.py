"""What was said in a span, wherever its conventions put it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from analytics_api.ingestion.messages import text_of
from interactions.json_input import decode_json

from . import conventions
from .sent_spans import Attributes, SentSpan

Message = Mapping[str, Any]
# A place where messages may be. role: of messages that do not say theirs.
Place = Callable[[SentSpan, str], list[Message]]


def input_messages(span: SentSpan) -> list[Message]:
    """What the model was given, instructions first: [{"role": "user", "content" or "parts": ...}, ...]"""
    return _first(_INSTRUCTIONS, span, "system") + _first(_INPUT, span, "user")


def output_messages(span: SentSpan) -> list[Message]:
    """What it answered, one message for each choice."""
    return _first(_OUTPUT, span, "assistant")


def decoded(value: Any) -> Any:
    """JSON in a text, which is how structures come where attributes are flat; else the value itself."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return decode_json(value.encode())
        except ValueError:
            pass  # Cut off by a limit on the length of attributes, or not meant as JSON.
    return value


def _first(places: Sequence[Place], span: SentSpan, role: str) -> list[Message]:
    """Of the first place that has any: a client may write the same to an old one and a new one."""
    return next((found for place in places if (found := place(span, role))), [])


def _in_attribute(name: str, span: SentSpan, role: str) -> list[Message]:
    return _messages(decoded(span.attributes.get(name)), role)


def _in_event(event_name: str, name: str, span: SentSpan, role: str) -> list[Message]:
    return [
        message
        for event in span.events
        if event.name == event_name
        for message in _messages(decoded(event.attributes.get(name)), role)
    ]


def _in_numbered_attributes(prefix: str, span: SentSpan, role: str) -> list[Message]:
    """{"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "Hi"}, in the order of the numbers."""
    numbered = re.compile(re.escape(prefix) + r"\.(\d{1,6})\.(role|content)", re.ASCII)
    messages: dict[int, dict[str, Any]] = {}
    for name, value in span.attributes.items():
        if match := numbered.fullmatch(name):
            messages.setdefault(int(match[1]), {"role": role})[match[2]] = _content(value)
    return [messages[number] for number in sorted(messages)]


def _in_own_events(roles: Mapping[str, str], span: SentSpan, role: str) -> list[Message]:
    return [
        _event_message(event.attributes, roles[event.name]) for event in span.events if event.name in roles
    ]


def _event_message(attributes: Attributes, role: str) -> Message:
    whole = decoded(attributes.get(conventions.EVENT_CONTENT))
    fields = whole if isinstance(whole, Mapping) else attributes
    message = decoded(fields.get("message"))
    if isinstance(message, Mapping):
        return {"role": role, **message}
    content = _content(fields.get("content", message))
    return {"role": fields.get("role") or role, "content": content}


def _messages(value: Any, role: str) -> list[Message]:
    """A message or several, or parts or texts, each of which is one."""
    values = value if isinstance(value, list) else [value]
    return [_message(each, role) for each in values if each not in (None, "")]


def _message(value: Any, role: str) -> Message:
    if not isinstance(value, Mapping):
        return {"role": role, "content": value}
    if "type" in value and "role" not in value:
        return {"role": role, "parts": [value]}
    return {"role": role, **value}


def _content(value: Any) -> Any:
    """Parts in a text as JSON; but not what a person wrote in brackets."""
    parts = decoded(value)
    return parts if isinstance(parts, list) and text_of({"content": parts}) else value


_INSTRUCTIONS: Sequence[Place] = (
    partial(_in_attribute, conventions.SYSTEM_INSTRUCTIONS),
    partial(_in_event, conventions.DETAILS_EVENT, conventions.SYSTEM_INSTRUCTIONS),
)
_INPUT: Sequence[Place] = (
    partial(_in_attribute, conventions.INPUT_MESSAGES),
    partial(_in_event, conventions.DETAILS_EVENT, conventions.INPUT_MESSAGES),
    partial(_in_numbered_attributes, conventions.PROMPT),
    partial(_in_event, conventions.PROMPT_EVENT, conventions.PROMPT),
    partial(_in_own_events, conventions.INPUT_EVENTS),
    partial(_in_attribute, conventions.PROMPT),
)
_OUTPUT: Sequence[Place] = (
    partial(_in_attribute, conventions.OUTPUT_MESSAGES),
    partial(_in_event, conventions.DETAILS_EVENT, conventions.OUTPUT_MESSAGES),
    partial(_in_numbered_attributes, conventions.COMPLETION),
    partial(_in_event, conventions.COMPLETION_EVENT, conventions.COMPLETION),
    partial(_in_own_events, conventions.OUTPUT_EVENTS),
    partial(_in_attribute, conventions.COMPLETION),
)
