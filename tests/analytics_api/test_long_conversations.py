"""A long conversation is whole in every answer, and never whole in memory."""

from __future__ import annotations

import json
import tracemalloc
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics_api.conversations import PORTION
from interactions.ingest import parse_interaction, record_interactions
from interactions.keys import issue_key
from interactions.models import Interaction, Project
from tests.analytics_api.test_details import DETAILS, show, show_conversation

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="acme")


@pytest.fixture
def key(project: Project) -> str:
    return issue_key(project, name="tests")


N_TURNS = 5 * PORTION + 1
TEXT_CHARS = 20_000


@pytest.fixture
def long_talk(project: Project) -> str:
    """The id of the middle of a conversation whose texts fill ten megabytes, backwards."""
    chosen = str(uuid4())
    lines = [
        {
            "id": chosen if number == N_TURNS // 2 else None, "conversation_id": "long", "end_user": "zoe",
            "time_start": f"2024-03-0{9 - number // 100}T10:00:00.{999 - number:06}Z",
            "time_end": f"2024-03-0{9 - number // 100}T10:00:01Z",
            "input": f"in {number}", "output": "x" * TEXT_CHARS,
        }
        for number in range(N_TURNS)
    ]  # fmt: skip
    record_interactions(project, [parse_interaction(line) for line in lines], anonymize=False)
    return chosen


def in_order() -> list[str]:
    """The inputs of the long conversation by their start, which its lines say in Python."""
    starts = {f"in {n}": (9 - n // 100, 999 - n) for n in range(N_TURNS)}
    return sorted(starts, key=starts.__getitem__)


@pytest.mark.parametrize("version", DETAILS)
def test_a_long_conversation_is_whole(key: str, long_talk: str, version: str):
    answer = json.loads(show(key, f"{version}/{long_talk}").getvalue())

    assert [turn["input"] for turn in answer["conversation"]] == in_order()
    chosen = [turn["input"] for turn in answer["conversation"] if turn["is_chosen"]]
    assert chosen == [answer["input"]] == [f"in {N_TURNS // 2}"]


def test_a_long_conversation_is_sent_portion_by_portion(key: str, long_talk: str):
    n_chars = N_TURNS * TEXT_CHARS
    with CaptureQueriesContext(connection) as queries:
        response = show_conversation(key, {"conversation_id": "long"})
        n_before = len(queries)
        tracemalloc.start()
        size = sum(map(len, response.streaming_content))
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert size > n_chars
    # Of one portion, what is read, what is written and what is sent; of the one before, what was sent.
    assert peak_bytes < 4.5 * PORTION * TEXT_CHARS < n_chars
    # The first portion is read before the answer begins.
    assert len(queries) - n_before == N_TURNS // PORTION


def test_what_is_deleted_while_it_is_sent_does_not_come(project: Project, key: str, long_talk: str):
    response = show_conversation(key, {"conversation_id": "long"})
    Interaction.objects.for_project(project).filter(conversation__external_id="long").delete()

    answer = json.loads(response.getvalue())

    assert answer["session_length"] == N_TURNS
    assert [turn["input"] for turn in answer["conversation"]] == in_order()[:PORTION]
