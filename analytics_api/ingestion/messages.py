"""Messages of a chat as clients write them: texts, or parts of which some are text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# What a part of text is called, where it says what it is. Compared and not hashed: it may be anything.
_TEXT_TYPES = (None, "text", "input_text", "output_text")


def last_user_text(messages: Any) -> str | None:
    """The text of the last message of the user; None when there is none."""
    if isinstance(messages, list):
        for message in reversed(messages):
            if isinstance(message, Mapping) and message.get("role") == "user":
                return text_of(message)
    return None


def text_of(message: Mapping[str, Any]) -> str | None:
    """{"content": "Hi"} or {"content" or "parts": [{"type": "text", "text" or "content": "Hi"}, ...]}"""
    content = message.get("content")
    if content is None:
        content = message.get("parts")
    if isinstance(content, list):
        return "\n".join(_texts(content))
    return content if isinstance(content, str) else None


def _texts(parts: Iterable[Any]) -> Iterable[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, Mapping) and part.get("type") in _TEXT_TYPES:
            text = part.get("text", part.get("content"))
            if isinstance(text, str):
                yield text
