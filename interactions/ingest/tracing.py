"""Where the spans of a trace stand: which call each belongs to, and what the spans above it know."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from interactions.models import SpanRole


class SpanKey(NamedTuple):
    """Both in hexadecimal."""

    trace_id: str
    span_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NewSpan:
    """One span, as its source's conventions were read.

    content: of a call or a step what it says as a trace of its interaction, with `span_id`; of
        another span what it knows of those below: {"end_user": "ada"}, often nothing.
    """

    key: SpanKey
    parent: SpanKey | None
    role: SpanRole
    content: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """call: the topmost call at or above the span. above: the next call or step above it.

    known_above: what the other spans above it know, the nearest one's word counting.
    is_touched: whether it or a span above it is among the new ones.
    """

    call: SpanKey | None
    above: SpanKey | None
    known_above: Mapping[str, Any] = field(default_factory=dict)
    is_touched: bool


def places(spans: Mapping[SpanKey, NewSpan], new: Collection[SpanKey]) -> dict[SpanKey, Place]:
    """The place of each span among all spans known; each is looked at once, however deep they go."""
    placed: dict[SpanKey, Place] = {}
    # In an order of their own, so that a ring of spans is cut at the same place each time.
    for key in sorted(spans):
        way_up: dict[SpanKey, NewSpan] = {}
        here: SpanKey | None = key
        while here in spans and here not in placed and here not in way_up:
            way_up[here] = spans[here]
            here = spans[here].parent
        for below in reversed(way_up):
            placed[below] = _place(below, way_up[below], spans, placed, below in new)
    return placed


def _place(
    key: SpanKey,
    span: NewSpan,
    spans: Mapping[SpanKey, NewSpan],
    placed: Mapping[SpanKey, Place],
    is_new: bool,
) -> Place:
    own_call = key if span.role == SpanRole.CALL else None
    over = placed.get(span.parent) if span.parent else None
    if over is None:
        return Place(call=own_call, above=None, is_touched=is_new)
    parent = spans[span.parent]
    is_other = parent.role == SpanRole.OTHER
    return Place(
        call=over.call or own_call,
        above=over.above if is_other else span.parent,
        known_above={**over.known_above, **parent.content} if is_other else over.known_above,
        is_touched=over.is_touched or is_new,
    )
