"""The OpenTelemetry SDK, unmodified, sends spans to a running server, which then answers questions."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, Tracer, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

from interactions.keys import issue_key
from interactions.models import Interaction, Project
from tests.analytics_api.test_schemathesis import url_of_test_database
from tests.server import ask, environment, running_server

QUESTIONS = {"ada": ["And now?", "Where is my parcel?"], "bob": ["Can I pay later?"]}
ANSWERS = {"Let me see.": (10, 1), "Soon.": (20, 2)}
# How spans leave the application: each when it ends, so those below first, or many at once.
PROCESSORS: dict[str, Callable[[OTLPSpanExporter], SpanProcessor]] = {
    "one by one": SimpleSpanProcessor,
    "together": BatchSpanProcessor,
}


def serve(tracer: Tracer, user: str, question: str) -> None:
    """Answer a question by an agent that searches and asks a model twice."""
    agent = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.conversation.id": f"{user}'s",
        # Those of the calls below, which also tell them.
        "gen_ai.usage.input_tokens": 30,
        "gen_ai.usage.output_tokens": 3,
    }
    retrieval = {"gen_ai.operation.name": "retrieval", "gen_ai.data_source.id": "faq"}
    with (
        tracer.start_as_current_span("POST /ask", attributes={"user.id": user}),
        tracer.start_as_current_span("invoke_agent helper", attributes=agent),
    ):
        with tracer.start_as_current_span("retrieval faq", attributes=retrieval):
            pass
        for answer, (input_tokens, output_tokens) in ANSWERS.items():
            with tracer.start_as_current_span("chat large") as span:
                span.set_attribute("gen_ai.operation.name", "chat")
                span.set_attribute("gen_ai.request.model", "large")
                span.set_attribute("gen_ai.input.messages", messages("user", question))
                span.set_attribute("gen_ai.output.messages", messages("assistant", answer))
                span.set_attribute("gen_ai.usage.input_tokens", input_tokens)
                span.set_attribute("gen_ai.usage.output_tokens", output_tokens)


def messages(role: str, text: str) -> str:
    return orjson.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}]).decode()


def question(server: http.client.HTTPConnection, key: str, path: str, **fields: Any) -> list[dict[str, Any]]:
    """The rows of the answer."""
    everything = {"time_range": {"start": "2000-01-01", "end": "2100-01-01"}, "filters": []}
    body = orjson.dumps(everything | {"limit": 10, "offset": 0} | fields).decode()
    status, _, answer = ask(server, "POST", f"/api/external/{path}", body, {"Authorization": f"Bearer {key}"})
    assert status == 200, answer
    return answer["data"]


@pytest.mark.django_db(transaction=True)
def test_spans_of_the_sdk_are_interactions(tmp_path: Path):
    environ = environment(tmp_path, DATABASE_URL=url_of_test_database())
    with running_server(environ) as server:
        for name, processor in PROCESSORS.items():
            key = issue_key(Project.objects.create(name=name), name="application")
            exporter = OTLPSpanExporter(
                endpoint=f"http://127.0.0.1:{environ['PORT']}/v1/traces",
                headers={"Authorization": f"Bearer {key}"},
                compression=Compression.Gzip,
            )
            provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
            provider.add_span_processor(processor(exporter))
            for user, questions in QUESTIONS.items():
                for text in questions:
                    serve(provider.get_tracer("application"), user, text)
            # Sends what has not been sent yet.
            provider.shutdown()

            assert question(
                server,
                key,
                "get-interaction-aggregates",
                filters=[{"kind": "tag", "tag": "service.name", "values": ["shop"]}],
                group_by={"kind": "user"},
                additional_group_bys=[{"kind": "model"}, {"kind": "data_source"}],
                variables=["n_interactions", "session_length"],
            ) == [
                {
                    "group_name": user,
                    "additional_groups": ["large", "faq"],
                    "n_interactions": len(questions),
                    "session_length": float(len(questions)),
                }
                for user, questions in QUESTIONS.items()
            ]
            listed = question(server, key, "get-interactions")
            assert sorted((row["end_user"], row["input_text"], row["output_text"]) for row in listed) == [
                (user, text, "Soon.") for user, questions in QUESTIONS.items() for text in questions
            ]
    tokens = Interaction.objects.values_list("input_tokens", "output_tokens")
    assert list(tokens) == [(30, 3)] * len(PROCESSORS) * 3
