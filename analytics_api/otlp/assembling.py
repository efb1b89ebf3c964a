"""The traces of an interaction to the interaction: what it holds is told by its calls and steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from interactions.ingest import NewInteraction, checked

from . import conventions

Trace = Mapping[str, Any]


def assemble(span_id: str, traces: Sequence[Trace], known_above: Trace) -> NewInteraction:
    """The interaction of one span.

    traces: by their start, the span's own among them; `parent_span_id` is the call or step above.
    known_above: {"end_user": ..., "conversation_id": ...} of other spans above them all.
    Raises InvalidInteraction.
    """
    by_id = {trace["span_id"]: trace for trace in traces}
    own = by_id[span_id]
    calls = [trace for trace in traces if trace.get("operation") not in conventions.STEPS]
    own_call = [call for call in calls if call is own]
    return checked(
        NewInteraction,
        {
            **{name: _first(name, [own, known_above, *traces]) for name in conventions.CONTEXT},
            **{name: _counted_once(name, calls, by_id) for name in conventions.TOKENS},
            "time_start": own.get("time_start"),
            "time_end": own.get("time_end"),
            # Not every agent says what it was asked; its first call does, and its last call what it answered.
            "input": _first("input", own_call + calls) or "",
            "output": _first("output", own_call + calls[::-1]) or "",
            "model": _first("model", own_call + calls[::-1]),
            "messages": own.get("messages"),
            "data_sources": [trace["source"] for trace in traces if "source" in trace],
            "tags": {tag: own.get(name) for tag, name in conventions.TAGS.items()},
            "traces": traces,
        },
    )


def _first(name: str, traces: Iterable[Trace]) -> Any:
    return next((trace[name] for trace in traces if trace.get(name)), None)


def _counted_once(name: str, calls: Sequence[Trace], by_id: Mapping[str, Trace]) -> int | float | None:
    """The sum over calls, but for those above which another has counted them already."""
    counts = [
        call[name]
        for call in calls
        if name in call and not any(name in trace for trace in _above(call, by_id))
    ]
    return sum(counts) if counts else None


def _above(trace: Trace, by_id: Mapping[str, Trace]) -> Iterator[Trace]:
    seen = {trace["span_id"]}
    while (parent := trace.get("parent_span_id")) in by_id and parent not in seen:
        seen.add(parent)
        trace = by_id[parent]
        yield trace
