"""The spans of a trace make the same interactions whatever pieces they come in, and in whatever order."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from analytics_api.otlp.assembling import assemble
from interactions.ingest import NewSpan, SpanKey, record_spans
from interactions.ingest.span_groups import MAX_SPANS_BELOW
from interactions.ingest.spans import MAX_SPANS
from interactions.models import Interaction, KnownSpan, Project, SpanRole
from tests.analytics_api.test_ingestion_forms import send
from tests.dataset import record
from tests.otlp import CHAT, TEXTS, TRACE, Span, export, id_of, post, request_of, span
from tests.storage import Row, ids, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="acme")


def usage(input_tokens: int, output_tokens: int) -> dict[str, int]:
    return {"gen_ai.usage.input_tokens": input_tokens, "gen_ai.usage.output_tokens": output_tokens}


def said(question: str, answer: str) -> dict[str, str]:
    return {"gen_ai.input.messages": question, "gen_ai.output.messages": answer}


CALL = {"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "large"}
AGENT = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "helper"}
RETRIEVAL = {
    "gen_ai.operation.name": "retrieval",
    "gen_ai.data_source.id": "faq",
    "gen_ai.retrieval.query.text": "parcel of ada@example.com",
    "gen_ai.retrieval.documents": '[{"id": "7", "score": 0.5}]',
}
EMBEDDINGS = {
    "gen_ai.operation.name": "embeddings",
    "gen_ai.request.model": "small",
    "gen_ai.usage.input_tokens": 4,
}
TOOL = {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": "map",
    "gen_ai.tool.call.result": "there",
}
REQUEST = {"http.route": "/ask", "user.id": "ada", "session.id": "s1"}

# One request of ada's: an agent that asks a model, searches, uses a tool that asks a model, and answers;
# beside it a call that makes a title.
ONE_REQUEST = [
    span(1, REQUEST),
    span(2, AGENT, parent=1),
    span(3, CALL | usage(10, 1) | said("Where?", ""), parent=2),
    span(4, {"step": "search"}, parent=2),
    span(5, RETRIEVAL, parent=4),
    span(6, EMBEDDINGS, parent=5),
    span(7, TOOL, parent=2),
    span(8, CALL | usage(20, 2) | said("map?", "map."), parent=7),
    span(9, CALL | usage(30, 3) | {"gen_ai.response.model": "large-2"} | said("", "There."), parent=2),
    span(10, {"http.method": "POST"}, parent=9),
    span(11, CALL | usage(5, 5) | said("Title?", "Parcel"), parent=1),
]


def agents_interaction(project: Project) -> Row:
    return next(row for row in stored(project) if row["id"] == id_of(2))


def test_agent_is_one_interaction_and_what_it_does_its_traces(project: Project):
    export(project, *ONE_REQUEST)

    assert ids(project) == {id_of(2), id_of(11)}
    row = agents_interaction(project)
    assert (row["end_user"], row["conversation"], row["model"]) == ("ada", "s1", "large-2")
    assert (row["input"], row["output"]) == ("Where?", "There.")
    # Embeddings are another model's tokens, as in the other forms of an interaction.
    assert (row["input_tokens"], row["output_tokens"]) == (10 + 20 + 30, 1 + 2 + 3)
    assert row["labels"]["data_source"] == ["faq"]
    assert row["has_pii"]
    above = {trace["span_id"]: trace.get("parent_span_id") for trace in row["traces"]}
    assert above == {
        f"{number:016x}": None if parent is None else f"{parent:016x}"
        for number, parent in {2: None, 3: 2, 5: 2, 6: 5, 7: 2, 8: 7, 9: 2}.items()
    }
    retrieval = next(trace for trace in row["traces"] if trace["operation"] == "retrieval")
    assert (retrieval["source"], retrieval["input"]) == ("faq", "parcel of [EMAIL]")
    assert retrieval["outputs"] == [{"id": "7", "score": 0.5}]


def pieces(spans: list[Span], number: int) -> list[list[Span]]:
    """The spans in an order and in pieces of some size, as the number says; 0 is ends first, one by one."""
    if number == 0:
        return [[one] for one in reversed(spans)]
    chance = random.Random(number)
    spans = chance.sample(spans, len(spans))
    size = chance.randint(1, 4)
    return [spans[start : start + size] for start in range(0, len(spans), size)]


@pytest.mark.parametrize("number", range(8))
def test_pieces_end_as_the_whole(project: Project, number: int):
    whole = Project.objects.create(name="whole")
    export(whole, *ONE_REQUEST)
    for piece in pieces(ONE_REQUEST, number):
        export(project, *piece)

    assert stored(project) == stored(whole)
    # Nothing that was said stays beside the interactions.
    assert not KnownSpan.objects.filter(project=project, role="step", content__isnull=False).exists()


def test_resending_changes_nothing(project: Project):
    export(project, *ONE_REQUEST)
    before = stored(project)
    for piece in ONE_REQUEST, ONE_REQUEST[2:5], ONE_REQUEST[:1], ONE_REQUEST[8:]:
        export(project, *piece)

    assert stored(project) == before


# Of each span its parent, the tokens it counts, and whether it is a call; then the sum.
USAGES: dict[str, tuple[dict[int, tuple[int | None, int | None]], int | None]] = {
    "one call": ({1: (None, 10)}, 10),
    "none counts": ({1: (None, None), 2: (1, None)}, None),
    "only the agent": ({1: (None, 10), 2: (1, None)}, 10),
    "only its calls": ({1: (None, None), 2: (1, 10), 3: (1, 20)}, 30),
    "both": ({1: (None, 30), 2: (1, 10), 3: (1, 20)}, 30),
    "an agent of a workflow": ({1: (None, None), 2: (1, 30), 3: (2, 10), 4: (2, 20), 5: (1, 7)}, 37),
    "the workflow and an agent": ({1: (None, 99), 2: (1, 30), 3: (2, 10)}, 99),
    "zero": ({1: (None, 0), 2: (1, 10)}, 0),
}


@pytest.mark.parametrize(("counts", "total"), USAGES.values(), ids=USAGES)
def test_tokens_are_counted_once(project: Project, counts: dict, total: int | None):
    sent = [
        span(number, AGENT if count is None else AGENT | {"gen_ai.usage.input_tokens": count}, parent=parent)
        for number, (parent, count) in counts.items()
    ]
    for one in reversed(sent):
        export(project, one)

    (row,) = stored(project)
    assert (row["id"], row["input_tokens"]) == (id_of(1), total)


def test_call_with_a_parent_elsewhere_is_an_interaction(project: Project):
    """Exporters may be told to send these spans alone, and the parent may be in another service."""
    export(project, span(2, CHAT | TEXTS, parent=1))

    assert ids(project) == {id_of(2)}


def test_steps_alone_are_no_interaction(project: Project):
    export(project, span(1, EMBEDDINGS), span(2, RETRIEVAL), span(3, TOOL, parent=1))

    assert stored(project) == []


def test_spans_of_other_things_are_nothing(project: Project):
    export(project, span(1, {"db.system": "x"}), span(2, {"gen_ai.conversation.id": "c1"}, parent=1))

    assert stored(project) == []


def test_what_was_said_of_a_call_is_said_of_its_agent(project: Project):
    export(project, span(3, CHAT | TEXTS, parent=2))
    metadata = {"end_user": "ada", "timestamp": "2024-05-27T11:00:00Z"}
    send(project, "v1/events/feedback", {"action": {"slug": "thumbs_up"}, "metadata": metadata})
    send(project, "v2/events/tags", {"tags": {"plan": "pro"}, "metadata": metadata})
    export(project, span(2, AGENT, parent=1))

    (row,) = stored(project)
    assert (row["id"], row["n_positive_explicit"]) == (id_of(2), 1)
    assert row["labels"]["tag: plan"] == ["pro"]


@pytest.mark.parametrize(
    "parents", [{1: 1}, {1: 2, 2: 1}, {1: 2, 2: 3, 3: 1, 4: 1}], ids=["itself", "two", "with a tail"]
)
def test_rings_end(project: Project, parents: dict[int, int]):
    ring = [span(number, CHAT, parent=parent) for number, parent in parents.items()]
    for one in ring:
        export(project, one)
    export(project, *ring)

    traces = [trace["span_id"] for row in stored(project) for trace in row["traces"]]
    assert set(traces) == {one["spanId"] for one in ring}


def test_very_deep_trace(project: Project):
    depth = 900
    calls = [span(number, CALL | usage(1, 1), parent=number - 1) for number in range(2, depth + 1)]
    export(project, *calls, span(1, AGENT))

    (row,) = stored(project)
    assert (len(row["traces"]), row["input_tokens"]) == (depth, 1)


def test_deleted_interaction_stays_deleted(project: Project):
    export(project, *ONE_REQUEST[:3])
    Interaction.objects.for_project(project).delete()
    export(project, *ONE_REQUEST[4:6], ONE_REQUEST[8])

    assert stored(project) == []
    # Unless it is sent again itself.
    export(project, ONE_REQUEST[1])
    assert ids(project) == {id_of(2)}


@pytest.mark.parametrize("traces", [5, True, "text", {"a": 1}, [5, {"span_id": 1}]], ids=repr)
def test_traces_of_another_form_under_the_same_id_give_way(project: Project, traces: Any):
    agent, call = span(1, AGENT), span(2, CHAT, parent=1)
    line = {
        "id": str(id_of(1)), "end_user": "ada", "input": "Hi", "output": "Hello",
        "time_start": "2024-05-27T10:00:01Z", "time_end": "2024-05-27T10:00:02Z", "traces": traces,
    }  # fmt: skip
    export(project, agent)
    record(project, [line])

    export(project, agent, call)

    (row,) = stored(project)
    assert [trace["span_id"] for trace in row["traces"]] == [agent["spanId"], call["spanId"]]


def test_what_is_known_of_traces_is_forgotten(project: Project):
    export(project, span(2, CHAT | TEXTS, parent=1))
    export(project, span(1, REQUEST, traceId="1" * 32))
    minute = timedelta(minutes=1)
    kept_for = {row.role: row.expires_at - timezone.now() for row in KnownSpan.objects.all()}
    assert timedelta(days=1) - minute < kept_for["call"] <= timedelta(days=1)
    assert timedelta(minutes=9) < kept_for["other"] <= timedelta(minutes=10)

    KnownSpan.objects.update(expires_at=timezone.now() - minute)
    export(project, span(3, REQUEST, traceId="2" * 32))
    assert [row.trace_id for row in KnownSpan.objects.all()] == ["2" * 32]


def test_traces_of_projects_are_apart(project: Project):
    stranger = Project.objects.create(name="stranger")
    export(project, ONE_REQUEST[2])
    export(stranger, ONE_REQUEST[1])
    assert (ids(project), ids(stranger)) == ({id_of(3)}, {id_of(2)})

    export(project, *ONE_REQUEST)
    assert stored(stranger)[0]["end_user"] is None
    assert len(stored(stranger)[0]["traces"]) == 1


def test_interaction_has_a_bounded_number_of_spans(project: Project):
    calls = [span(number, CALL, parent=1) for number in range(2, MAX_SPANS_BELOW + 3)]
    response = post(project, request_of(*calls, span(1, AGENT)))

    assert response.json()["partialSuccess"] == {
        "rejectedSpans": "1",
        "errorMessage": "Span 00000000000003ea is not recorded: "
        "its interaction has 1000 spans below it already.",
    }
    (row,) = stored(project)
    assert len(row["traces"]) == MAX_SPANS_BELOW + 1


def test_trace_has_a_bounded_number_of_spans(project: Project):
    keys = [SpanKey(TRACE, f"{number:016x}") for number in range(2, MAX_SPANS + 2)]
    others = [NewSpan(key=key, parent=None, role=SpanRole.OTHER, content={}) for key in keys]
    assert record_spans(project.pk, others, assemble) == {}
    response = post(project, request_of(span(1, CALL)))

    assert response.json()["partialSuccess"] == {
        "rejectedSpans": "1",
        "errorMessage": "Span 0000000000000001 is not recorded: its trace has 10000 spans already.",
    }
    assert stored(project) == []


@pytest.fixture
def few_parameters() -> Iterator[int]:
    """How many parameters a statement may have: on SQLite fewer than usual, to keep the test short."""
    if connection.vendor != "sqlite":
        yield 1000
        return
    connection.ensure_connection()
    usual = connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 1000)
    yield 1000
    connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, usual)


@pytest.mark.parametrize("attributes", [{"step": "wait"}, TOOL], ids=["other spans", "steps"])
def test_any_number_of_spans_is_known_of_several_traces(
    project: Project, few_parameters: int, attributes: dict[str, str]
):
    traces = [f"{number:032x}" for number in (1, 2, 3)]
    for trace_id in traces:
        below = [span(number, attributes, parent=few_parameters) for number in range(1, few_parameters // 2)]
        export(project, *(each | {"traceId": trace_id} for each in below))
    calls = [span(few_parameters, CALL) | {"traceId": trace_id} for trace_id in traces]

    export(project, *calls)

    assert ids(project) == {id_of(few_parameters, trace_id) for trace_id in traces}
    assert not KnownSpan.objects.exclude(content=None).exists()
    assert {row.expires_at > timezone.now() + timedelta(hours=1) for row in KnownSpan.objects.all()} == {True}
