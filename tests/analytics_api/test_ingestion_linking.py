"""Feedback and tags find their interaction by user, texts and time, in whatever order all arrive."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from interactions.models import EndUser, FeedbackAction, Project, WaitingTags
from tests.analytics_api.test_ingestion_forms import send
from tests.storage import Row, stored

ONE = "v1/events/interactions"
FEEDBACK = "v1/events/feedback"
TAGS = "v2/events/tags"

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="acme")


def asked(minute: int, text: str = "q", **changes: Any) -> tuple[str, Any]:
    """An interaction of a user, from the start of a minute, for half of it."""
    start = f"2024-05-27T10:{minute:02}"
    fields = {"time_start": f"{start}:00Z", "time_end": f"{start}:30Z", "input": text, "output": f"re {text}"}
    return ONE, {"interaction": {"end_user": "ada", **fields, **changes}}


def said(slug: str, at: str, *, action: dict[str, Any] | None = None, **metadata: Any) -> tuple[str, Any]:
    """at: "10:05:00"."""
    where = {"end_user": "ada", "timestamp": f"2024-05-27T{at}Z", **metadata}
    return FEEDBACK, {"action": {"slug": slug, **(action or {})}, "metadata": where}


def tagged(tags: dict[str, Any], **metadata: Any) -> tuple[str, Any]:
    return TAGS, {"tags": tags, "metadata": {"end_user": "ada", **metadata}}


def by_text(rows: list[Row]) -> dict[str, set[str]]:
    """{"q at 10:05": {"thumbs_up"}}: the actions of each interaction that has any."""
    return {
        f"{row['input']} at {row['started_at']:%H:%M}": {action["slug"] for action in row["feedback"]}
        for row in rows
        if row["feedback"]
    }


TWICE = [asked(1), asked(5)]
# What arrives, and the actions that each interaction has in the end.
CASES: dict[str, tuple[list[tuple[str, Any]], dict[str, set[str]]]] = {
    "exact": (
        [*TWICE, asked(3, "other"), said("edit", "10:04:00", input="other", output="re other")],
        {"other at 10:03": {"edit"}},
    ),
    "newest that had ended": (
        [*TWICE, said("edit", "10:05:29", input="q"), said("paste", "10:05:30", input="q")],
        {"q at 10:01": {"edit"}, "q at 10:05": {"paste"}},
    ),
    "output alone": ([*TWICE, said("edit", "10:09:00", output="re q")], {"q at 10:05": {"edit"}}),
    "no texts": ([*TWICE, said("edit", "10:03:00", input="", output=None)], {"q at 10:01": {"edit"}}),
    "before all": ([*TWICE, said("edit", "10:00:00")], {}),
    "other text": ([*TWICE, said("edit", "10:09:00", input="Q")], {}),
    "other user": ([*TWICE, said("edit", "10:09:00", end_user="bob")], {}),
    "one thumb": (
        [asked(1), said("thumbs_up", "10:02:00"), said("thumbs_down", "10:03:00")],
        {"q at 10:01": {"thumbs_down"}},
    ),
    "newer thumb came first": (
        [asked(1), said("thumbs_up", "10:03:00"), said("thumbs_down", "10:02:00")],
        {"q at 10:01": {"thumbs_up"}},
    ),
    "older thumb came again with its interaction": (
        [
            asked(1, feedback_actions=[{"slug": "thumbs_up"}]),
            said("thumbs_down", "10:03:00"),
            asked(1, feedback_actions=[{"slug": "thumbs_up"}]),
        ],
        {"q at 10:01": {"thumbs_down"}},
    ),
    "masked, of an interaction that is not": (
        [
            (ONE, asked(1, "I am ada@example.com")[1] | {"anonymize": False}),
            said("edit", "10:03:00", input="I am ada@example.com"),
        ],
        {"I am ada@example.com at 10:01": {"edit"}},
    ),
    "same slug": (
        [
            asked(1),
            said("rating", "10:02:00", action={"value": 1}),
            said("rating", "10:03:00", action={"value": 5}),
        ],
        {"q at 10:01": {"rating"}},
    ),
    "masked text": (
        [asked(1, "I am ada@example.com"), said("edit", "10:02:00", input="I am ada@example.com")],
        {"I am [EMAIL] at 10:01": {"edit"}},
    ),
    "hidden content": (
        [asked(1, hide_content=True), said("edit", "10:02:00", input="q")],
        {" at 10:01": {"edit"}},
    ),
    "text before hidden content": (
        [asked(1), asked(3, hide_content=True), said("edit", "10:09:00", input="q")],
        {"q at 10:01": {"edit"}},
    ),
}


@pytest.mark.parametrize(("calls", "expected"), CASES.values(), ids=CASES)
def test_feedback_finds_its_interaction(project: Project, calls: list, expected: dict[str, set[str]]):
    # A stranger with the same words, who must not be found.
    stranger = Project.objects.create(name="stranger")
    send(stranger, *asked(1))

    for call in calls:
        answer = send(project, *call)

    rows = stored(project)
    assert {
        key.replace("[EMAIL_ADDRESS]", "[EMAIL]"): value for key, value in by_text(rows).items()
    } == expected
    linked = {str(row["id"]) for row in rows if row["feedback"]}
    assert (answer["interaction_id"] in linked) == bool(expected)
    assert FeedbackAction.objects.filter(interaction=None).exists() == (not expected)
    assert by_text(stored(stranger)) == {}


# Where two fit, the first that arrives is found, and what is linked stays where it is.
TWO_FIT = {"newest that had ended", "output alone", "text before hidden content"}


@pytest.mark.parametrize("name", sorted(CASES.keys() - TWO_FIT))
def test_order_of_arrival_makes_no_difference(project: Project, name: str):
    calls, _ = CASES[name]
    for call in calls:
        send(project, *call)
    expected = unnamed(stored(project))

    for number, order in enumerate(permutations(calls)):
        again = Project.objects.create(name=f"again {number}")
        for call in order:
            send(again, *call)
        assert unnamed(stored(again)) == expected


def unnamed(rows: list[Row]) -> list[Row]:
    """Without what differs from project to project."""
    return [row | {"id": None} for row in rows]


def test_counters_and_labels_follow_the_feedback(project: Project):
    send(project, *said("thumbs_up", "10:02:00", action={"text": "mail me: ada@example.com"}))
    send(project, *asked(1))

    (row,) = stored(project)
    (action,) = row["feedback"]
    assert (row["n_positive_explicit"], row["labels"]["user_feedback"]) == (1, ["positive_explicit"])
    assert "ada@example.com" not in action["text"]

    send(project, *said("thumbs_down", "10:03:00"))
    (row,) = stored(project)
    assert (row["n_positive_explicit"], row["n_negative_explicit"]) == (0, 1)
    assert row["labels"]["user_feedback"] == ["negative_explicit"]


def test_waiting_feedback_is_kept_once_and_masked(project: Project):
    call = said("copy_output", "10:02:00", input="ada@example.com", end_user_group_profile="enterprise")
    for _ in range(2):
        assert send(project, *call) == {"message": "ok", "interaction_id": None}

    (waiting,) = FeedbackAction.objects.filter(interaction=None)
    assert "ada@example.com" not in waiting.input
    assert waiting.end_user.group_profile.value == "enterprise"


def test_what_waits_for_others_costs_an_arrival_no_queries(project: Project):
    user = EndUser.objects.create(project=project, external_id="ada")

    def queries_beside(n_waiting: int) -> int:
        FeedbackAction.objects.bulk_create(
            FeedbackAction(
                project=project, end_user=user, slug="comment", input=f"never asked {number}",
                occurred_at=datetime(2024, 5, 27, 12, tzinfo=UTC),
            )
            for number in range(n_waiting)
        )  # fmt: skip
        with CaptureQueriesContext(connection) as queries:
            send(project, *asked(n_waiting))
        return len(queries)

    # The first interaction brings words with it.
    queries_beside(1)
    assert queries_beside(2) == queries_beside(50)


def test_import_links_too(project: Project, tmp_path: Path):
    send(project, *said("edit", "10:02:00"))
    file = tmp_path / "lines.ndjson"
    file.write_bytes(orjson.dumps(asked(1)[1]["interaction"]) + b"\n")

    call_command("import_interactions", str(file), project="acme")

    assert by_text(stored(project)) == {"q at 10:01": {"edit"}}


START = "2024-05-27T10:01:00Z"


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        ({"time_start": START}, True),
        ({"time_start": START, "input": "q", "output": "re q"}, True),
        ({"timestamp": "2024-05-27T10:02:00Z"}, True),
        ({"timestamp": START}, False),
        ({"time_start": "2024-05-27T10:00:59Z"}, False),
        ({"time_start": START, "input": "other"}, False),
    ],
)
@pytest.mark.parametrize("is_late", [False, True], ids=["after", "before"])
def test_tags_find_their_interaction(project: Project, metadata: dict, found: bool, is_late: bool):
    interaction = asked(1, tags={"plan": "free", "team": "red"})
    tags = tagged({"plan": "pro", "seats": 3, "none": None}, **metadata)

    calls = [tags, interaction] if is_late else [interaction, tags]
    for call in calls:
        send(project, *call)

    (row,) = stored(project)
    assert row["labels"] == (
        {"tag: plan": ["pro"], "tag: seats": ["3"], "tag: team": ["red"]}
        if found
        else {"tag: plan": ["free"], "tag: team": ["red"]}
    )
    assert WaitingTags.objects.exists() == (not found)


def test_newer_tags_overwrite(project: Project):
    for plan in ("free", "pro"):
        send(project, *tagged({"plan": plan}, timestamp="2024-05-27T10:02:00Z"))
    send(project, *asked(1))

    (row,) = stored(project)
    assert row["labels"] == {"tag: plan": ["pro"]}
