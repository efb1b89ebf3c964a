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
    tokens = {name: _sum(name, _counted(name, calls, by_id)) for name in conventions.TOKENS}
    return checked(
        NewInteraction,
        {
            **{name: _first(name, [own, known_above, *traces]) for name in conventions.CONTEXT},
            **tokens,
            "model_calls": _priced(calls, by_id, tokens),
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


def _sum(name: str, calls: Iterable[Trace]) -> int | float | None:
    counts = [call[name] for call in calls if name in call]
    return sum(counts) if counts else None


def _counted(name: str, calls: Sequence[Trace], by_id: Mapping[str, Trace]) -> list[Trace]:
    """The calls that tell this number, but for those above which another has told it already."""
    return [
        call for call in calls if name in call and not any(name in trace for trace in _above(call, by_id))
    ]


def _priced(
    calls: Sequence[Trace], by_id: Mapping[str, Trace], tokens: Mapping[str, int | float | None]
) -> list[dict[str, Any]]:
    """What the tokens are the sums of, as finely as it is told: models differ in what they cost.

    -> [{"model": "large", "input_tokens": 12, "output_tokens": 3}, ...]
    """
    telling = [call for call in calls if call.keys() & tokens.keys()]
    over_others = {trace["span_id"] for call in telling for trace in _above(call, by_id)}
    lowest = [call for call in telling if call["span_id"] not in over_others]
    if any(_sum(name, lowest) != tokens[name] for name in tokens):
        # An agent counts more than the calls below it tell.
        lowest = [call for call in telling if not any(t.keys() & tokens.keys() for t in _above(call, by_id))]
    models = {call["model"] for call in calls if "model" in call}
    only_model = models.pop() if len(models) == 1 else None
    return [
        {"model": call.get("model", only_model)} | {name: call.get(name) for name in tokens}
        for call in lowest
    ]


def _above(trace: Trace, by_id: Mapping[str, Trace]) -> Iterator[Trace]:
    seen = {trace["span_id"]}
    while (parent := trace.get("parent_span_id")) in by_id and parent not in seen:
        seen.add(parent)
        trace = by_id[parent]
        yield trace
