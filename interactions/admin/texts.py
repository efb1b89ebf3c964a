"""The texts of an interaction or a whole conversation, laid out as a chat."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models.functions import Left
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from interactions.models import Conversation, Interaction, InteractionText

from .display import NOTHING, list_link, page_address, utc_to_second

# What a page shows of one text or document: whole ones may have megabytes, which a browser
# takes seconds to lay out. Exports have them.
MAX_TEXT_CHARS = 100_000
# What the page of a conversation shows: of how many interactions, and of each text.
MAX_TURNS = 100
MAX_TURN_CHARS = 4_000


@dataclass(frozen=True, kw_only=True)
class Message:
    """Something said before; `speaker` is a role such as "user" or "system", or empty."""

    speaker: str
    text: str


def may_read_texts(request: HttpRequest) -> bool:
    """Whether this member of staff may read what was written, beside when and how often."""
    return any(request.user.has_perm(f"interactions.{act}_interactiontext") for act in ("view", "change"))


def start_of(field: str, max_chars: int) -> Left:
    """The beginning of a text in the database: one character more than `cut` will show."""
    return Left(field, max_chars + 1)


def cut(text: str, max_chars: int) -> str:
    """The beginning of a text, ending in an ellipsis when it goes on."""
    return text if len(text) <= max_chars else f"{text[:max_chars]}…"


def show_texts(interaction: Interaction) -> SafeString | str:
    """The texts of one interaction and what was sent with them, as HTML."""
    text = InteractionText.objects.filter(interaction=interaction).first()
    if text is None:
        return NOTHING
    notes = {
        "User query": text.user_query,
        "Warning message": text.warning_message,
        "Negative intent message": text.negative_intent_message,
    }
    documents = {"Messages as sent": text.messages, "Traces": text.traces}
    return render_to_string(
        "admin/interactions/texts.html",
        {
            "earlier": list(read_messages(text.history)),
            "input": cut(text.input, MAX_TEXT_CHARS),
            "output": cut(text.output, MAX_TEXT_CHARS),
            "notes": {name: cut(note, MAX_TEXT_CHARS) for name, note in notes.items() if note},
            "documents": {
                name: cut(_json(document), MAX_TEXT_CHARS) for name, document in documents.items() if document
            },
        },
    )


def read_messages(history: Any) -> Iterator[Message]:
    """What was said before, whichever form the client sent it in.

    history: [["Hi", "Hello"], ...], [{"role": "user", "content": "Hi"}, ...] or
        [{"input": "Hi", "output": "Hello"}, ...]; anything else is shown as JSON.
    """
    left_chars = MAX_TEXT_CHARS
    for message in _read_messages(history):
        yield Message(speaker=message.speaker, text=cut(message.text, left_chars))
        left_chars -= len(message.text)
        if left_chars <= 0:
            return


def _read_messages(history: Any) -> Iterator[Message]:
    for entry in history if isinstance(history, list) else [history]:
        match entry:
            case [question, answer] | {"input": question, "output": answer}:
                yield Message(speaker="user", text=_plain(question))
                yield Message(speaker="assistant", text=_plain(answer))
            case {"role": str(role), "content": content}:
                yield Message(speaker=role, text=_plain(content))
            case _:
                yield Message(speaker="", text=_plain(entry))


def _plain(content: Any) -> str:
    return content if isinstance(content, str) else _json(content)


def _json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


def show_conversation(conversation: Conversation) -> SafeString:
    """The interactions of one conversation from its beginning, as HTML."""
    rows = (
        # Served by interaction_conv_started.
        Interaction.objects.not_hidden()
        .filter(conversation=conversation)
        .order_by("started_at", "id")
        .annotate(
            input=start_of("text__input", MAX_TURN_CHARS), output=start_of("text__output", MAX_TURN_CHARS)
        )
    )
    turns = [
        {
            "id": interaction.pk,
            "address": page_address(interaction),
            "started": utc_to_second(interaction.started_at),
            "input": cut(interaction.input or "", MAX_TURN_CHARS),
            "output": cut(interaction.output or "", MAX_TURN_CHARS),
        }
        for interaction in rows[: MAX_TURNS + 1]
    ]
    more = list_link(Interaction, "All interactions of the conversation", conversation=conversation.pk)
    return render_to_string(
        "admin/interactions/conversation.html",
        {"turns": turns[:MAX_TURNS], "more": more if len(turns) > MAX_TURNS else None},
    )
