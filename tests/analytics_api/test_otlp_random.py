"""Random traces in random pieces make the interactions that plain Python says, each the same as sent whole.

The same traces on every run, because a suite must not fail by chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from uuid import UUID

import pytest

from interactions.models import Project
from tests.otlp import Span, export, id_of, span
from tests.storage import stored

pytestmark = pytest.mark.django_db

N_TRACES = 12
KINDS = {
    "call": {"gen_ai.operation.name": "chat", "gen_ai.request.model": "large"},
    "step": {"gen_ai.operation.name": "retrieval"},
    "other": {},
}
# What any span may say besides, each with a chance of its own.
SAYINGS = [
    {"user.id": "ada"},
    {"user.id": "bob"},
    {"session.id": "s1"},
    {"session.id": "s2"},
    {"error.type": "timeout"},
    {"gen_ai.usage.input_tokens": 3},
    {"gen_ai.usage.output_tokens": 4},
    {"gen_ai.data_source.id": "faq"},
    {"gen_ai.input.messages": "write to ada@example.com"},
    {"gen_ai.output.messages": "done"},
]


@dataclass
class Trace:
    """parents, kinds: by the number of the span; a parent may be one that never comes."""

    id: str
    parents: dict[int, int | None]
    kinds: dict[int, str]
    spans: list[Span]


def random_trace(chance: Random, number: int) -> Trace:
    """A trace whose spans start in any order, because clocks differ and spans may be of other services."""
    trace = Trace(id=f"{number:032x}", parents={}, kinds={}, spans=[])
    for one in chance.sample(range(1, 100), chance.randint(1, 9)):
        earlier = list(trace.parents)
        trace.parents[one] = chance.choice([*earlier * 3, None, 999])
        trace.kinds[one] = chance.choice(["call", "call", "step", "other"])
        attributes = dict(KINDS[trace.kinds[one]])
        for saying in chance.sample(SAYINGS, chance.randint(0, 5)):
            # Of these a span that is no call or step would become one.
            if trace.kinds[one] != "other" or not next(iter(saying)).startswith("gen_ai."):
                attributes |= saying
        trace.spans.append(span(one, attributes, parent=trace.parents[one], traceId=trace.id))
    return trace


def expected_spans(trace: Trace) -> dict[UUID, set[str]]:
    """The interactions of a trace, each with the spans that are its traces."""
    interactions = defaultdict(set)
    for one, kind in trace.kinds.items():
        calls = [other for other in way_up(trace, one) if trace.kinds[other] == "call"]
        if calls and kind != "other":
            interactions[id_of(calls[-1], trace.id)].add(f"{one:016x}")
    return dict(interactions)


def way_up(trace: Trace, one: int | None) -> Iterator[int]:
    while one in trace.parents:
        yield one
        one = trace.parents[one]


@pytest.mark.parametrize("number", range(3))
def test_random_traces_in_pieces(number: int):
    chance = Random(number)
    whole, pieces = (Project.objects.create(name=name) for name in ("whole", "pieces"))
    traces = [random_trace(chance, n) for n in range(1, N_TRACES + 1)]
    spans = [one for trace in traces for one in trace.spans]

    export(whole, *spans)
    chance.shuffle(spans)
    while spans:
        size = chance.randint(1, 6)
        piece, spans = spans[:size], spans[size:]
        export(pieces, *piece)
        if chance.random() < 0.2:
            export(pieces, *piece[:2])

    assert stored(pieces) == stored(whole)
    assert {row["id"]: {trace["span_id"] for trace in row["traces"]} for row in stored(whole)} == {
        id: spans for trace in traces for id, spans in expected_spans(trace).items()
    }
