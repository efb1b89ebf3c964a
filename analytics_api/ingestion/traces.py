"""What traces and spans tell of their interaction: its model, tokens, cost and sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_INPUT_TOKENS = ("input_tokens", "prompt_tokens")
_OUTPUT_TOKENS = ("output_tokens", "completion_tokens")


def told_by_traces(traces: Any) -> dict[str, Any]:
    """Of the public trace forms: a call of a model has an output, a retrieval a source.

    -> {"model": "large", "input_tokens": 12, "data_sources": ["faq"], ...}: what they tell, no more.
    """
    objects = _objects(traces)
    calls = [trace for trace in objects if "model" in trace and ("output" in trace or "messages" in trace)]
    sources = [trace.get("source") for trace in objects if "model" not in trace]
    return _told([(call, call) for call in calls], sources)


def told_by_spans(spans: Any) -> dict[str, Any]:
    """Of the spans of the Python SDK: what a call returned has its model and usage."""
    objects = _objects(spans)
    returned = [_returned(span) for span in objects]
    calls = [(each, usage if isinstance(usage := each.get("usage"), Mapping) else {}) for each in returned]
    return _told(calls, [span.get("rag_source") for span in objects])


def _returned(span: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a call returned, as one object: a stream comes in pieces, of which the last has the usage."""
    returned, asked = span.get("returned"), span.get("called_with_kwargs")
    # Of a raw response the SDK keeps nothing; then the call itself names the model.
    told = {"model": asked.get("model")} if isinstance(asked, Mapping) else {}
    for piece in _objects(returned if isinstance(returned, list) else [returned]):
        told |= {name: piece[name] for name in ("model", "usage") if piece.get(name) is not None}
    return told


def _told(
    calls: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], sources: Iterable[Any]
) -> dict[str, Any]:
    """calls: what names the model, and what tells its usage, of each."""
    named = [(_model(call), usage) for call, usage in calls]
    models = [model for model, _ in named if model]
    usages = [usage for _, usage in named]
    told = {
        # The last call is the one that answered.
        "model": models[-1] if models else None,
        "input_tokens": _tokens(usages, _INPUT_TOKENS),
        "output_tokens": _tokens(usages, _OUTPUT_TOKENS),
        "model_calls": [_model_call(*call) for call in named] if len(named) > 1 else None,
        "cost": _sum(usages, ("cost",)),
        "data_sources": list(dict.fromkeys(s for s in sources if isinstance(s, str) and s)) or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _model(call: Mapping[str, Any]) -> str | None:
    model = call.get("model")
    return model if isinstance(model, str) and model else None


def _model_call(model: str | None, usage: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "model": model,
        "input_tokens": _tokens([usage], _INPUT_TOKENS),
        "output_tokens": _tokens([usage], _OUTPUT_TOKENS),
    }


def _tokens(usages: Iterable[Mapping[str, Any]], names: Iterable[str]) -> int | float | None:
    """No call takes no tokens: the JavaScript SDK says 0 when it was not told."""
    return _sum(usages, names) or None


def _sum(usages: Iterable[Mapping[str, Any]], names: Iterable[str]) -> int | float | None:
    """Over the calls that tell; a usage that goes by two names is counted once."""
    numbers = []
    for usage in usages:
        given = (usage[name] for name in names if _is_number(usage.get(name)))
        if (number := next(given, None)) is not None:
            numbers.append(number)
    return sum(numbers) if numbers else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
