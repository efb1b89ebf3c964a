"""Interactions, and the forms of the wire in which they are sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.storage import Row

_FIRST = datetime(2024, 5, 27, tzinfo=UTC)
_LATENCY = timedelta(milliseconds=2_500)
LATENCY_US = 2_500_000


@dataclass(frozen=True, kw_only=True)
class Line:
    """One interaction.

    number: makes its texts and its time. owner: a tag that tells who alone sends it.
    """

    number: int
    owner: str
    end_user: str
    form: Form
    conversation: str | None

    @property
    def input(self) -> str:
        return f"Question {self.number}"

    @property
    def output(self) -> str:
        return f"Answer {self.number}"

    @property
    def started_at(self) -> datetime:
        return _FIRST + timedelta(seconds=10 * self.number)

    @property
    def ended_at(self) -> datetime:
        return self.started_at + _LATENCY

    @property
    def fields(self) -> dict[str, Any]:
        """What every form says in the same way."""
        return {
            "end_user": self.end_user,
            "input": self.input,
            "output": self.output,
            "time_start": self.started_at.isoformat(),
            "time_end": self.ended_at.isoformat(),
            "tags": {"owner": self.owner},
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Form:
    """One way to send interactions.

    body: of the lines of one call.
    stored, labels: what is stored of a line beyond what `Line.fields` says.
    has_conversation: the lines of a call belong together. is_idempotent: a call has a key of its own.
    has_thumb: the line carries a thumbs up.
    """

    path: str
    body: Callable[[Sequence[Line]], Any]
    stored: Callable[[Line], Row]
    labels: Mapping[str, list[str]] = field(default_factory=dict)
    n_lines: int = 1
    has_conversation: bool = False
    is_idempotent: bool = False
    has_thumb: bool = False


_HISTORY = [["Hi", "Hello"]]
_PREVIOUS = [{"input": "Hi", "output": "Hello"}]
_SOURCE = {"data_source": ["faq"]}
_TRACES = [
    {"source": "faq", "input": "q", "outputs": ["..."]},
    {"model": "large", "output": "a", "input_tokens": 12, "output_tokens": 3, "cost": 250},
]
_SPANS = [
    {"module": "store", "function": "search", "returned": ["..."], "rag_source": "faq"},
    {
        "module": "openai",
        "returned": {"model": "large", "usage": {"prompt_tokens": 12, "completion_tokens": 3}},
    },
]
_CALLED = {"model": "large", "input_tokens": 12, "output_tokens": 3}
_TRACED = _CALLED | {"cost_microusd": 250, "traces": _TRACES}


def _flat(lines: Sequence[Line]) -> Any:
    own = {"model": "large", "history": _HISTORY, "rag_sources": ["faq"], "feature_flag": ["dark"]}
    return {"interaction": lines[0].fields | own}


def _watched(lines: Sequence[Line]) -> Any:
    return {"body": lines[0].fields | {"spans": _SPANS, "history": _HISTORY}}


def _traced(lines: Sequence[Line]) -> Any:
    return {"interaction": lines[0].fields, "traces": _TRACES}


def _messages(line: Line) -> list[dict[str, str]]:
    return [{"role": "system", "content": "Be kind."}, {"role": "user", "content": line.input}]


def _chat(lines: Sequence[Line]) -> Any:
    (line,) = lines
    own = {"input": None, "messages": _messages(line), "conversation_id": line.conversation}
    return {"interaction": line.fields | own}


def _liked(lines: Sequence[Line]) -> Any:
    own = {"previous_interactions": _PREVIOUS, "user_feedback": [{"slug": "thumbs_up"}]}
    return {"interaction": lines[0].fields | own, "traces": _TRACES}


def _conversation(lines: Sequence[Line]) -> Any:
    return {
        "conversation": {
            "interactions": [line.fields | {"trace": _TRACES} for line in lines],
            "end_user": lines[0].end_user,
            "conversation_id": lines[0].conversation,
        }
    }


def _batch(lines: Sequence[Line]) -> Any:
    return {"interactions": [line.fields | {"topic": "billing", "keywords": ["a", "b"]} for line in lines]}


FORMS = (
    Form(
        path="v1/events/interactions",
        body=_flat,
        stored=lambda line: {"model": "large", "history": _HISTORY},
        labels=_SOURCE | {"feature_flag": ["dark"]},
    ),
    Form(
        path="v1/events",
        body=_watched,
        stored=lambda line: _CALLED | {"traces": _SPANS, "history": _HISTORY},
        labels=_SOURCE,
    ),
    Form(path="v1/events/trace_interaction", body=_traced, stored=lambda line: _TRACED, labels=_SOURCE),
    Form(
        path="v2/events/interactions",
        body=_chat,
        stored=lambda line: {"messages": _messages(line)},
        has_conversation=True,
    ),
    Form(
        path="v3/events/trace_interaction",
        body=_liked,
        stored=lambda line: _TRACED | {"history": _PREVIOUS},
        labels=_SOURCE,
        has_thumb=True,
    ),
    Form(
        path="v2/events/trace_conversation",
        body=_conversation,
        stored=lambda line: _TRACED,
        labels=_SOURCE,
        n_lines=3,
        has_conversation=True,
    ),
    Form(
        path="v3/events/batch",
        body=_batch,
        stored=lambda line: {"topic": "billing"},
        labels={"keyword": ["a", "b"]},
        n_lines=6,
        is_idempotent=True,
    ),
)
