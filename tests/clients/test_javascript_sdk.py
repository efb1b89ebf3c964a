"""The public JavaScript SDK, unmodified, records here: traced interactions, sources and feedback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any
from uuid import UUID

import pytest

from config.env import BASE_DIR
from tests.clients.installation import Installation
from tests.storage import Row, stored

APPLICATION = BASE_DIR / "tests" / "clients" / "javascript_application.js"
SDK = APPLICATION.parent / "node_modules" / "@nebuly-ai" / "nebuly-js-sdk"

# Read alone: what was recorded was committed when the server was started, for all of the module.
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def node() -> str:
    """The program. Where it must not be missing, NODE_REQUIRED is set."""
    program = shutil.which("node")
    if program is None or not SDK.is_dir():
        refuse = pytest.fail if os.environ.get("NODE_REQUIRED") else pytest.skip
        refuse("Node.js and npm are needed; with them `make test` installs the SDK.")
    return program


@pytest.fixture(scope="module")
def application(node: str, server: Installation) -> dict[str, Any]:
    """What our server answered the application, by the time the application spoke."""
    environ = {"NEBULY_ENDPOINT_URL": f"{server.address}/event-ingestion", "NEBULY_API_KEY": server.key}
    ended = subprocess.run([node, APPLICATION], env=environ, capture_output=True, text=True, check=False)
    # The SDK swallows what goes wrong, and logs it.
    assert (ended.returncode, ended.stderr) == (0, "")
    return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def rows(application: Any, server: Installation) -> dict[str, Row]:
    """What is stored, by the user's message."""
    return {row["input"]: row for row in stored(server.project)}


def test_every_call_is_answered_with_its_interaction(application: dict[str, Any], rows: dict[str, Row]):
    ids = [rows[text]["id"] for text in ("Where is my parcel?", "I am bob@example.com", "When is my refund?")]
    assert [UUID(each["interaction_id"]) for each in application["answers"]] == ids
    assert [UUID(each["interaction_id"]) for each in application["late"]] == ids
    # They came before their interactions.
    assert application["early"] == [{"message": "ok", "interaction_id": None}] * 2


def test_every_interaction_is_counted_with_its_feedback(application: Any, server: Installation):
    (total,) = server.aggregates(variables=["n_interactions", "n_users", "user_feedback"])
    assert total == {
        "group_name": "total",
        "additional_groups": [],
        "n_interactions": 3,
        "n_users": 3,
        "n_positive_implicit_user_feedback": 1,
        "n_positive_explicit_user_feedback": 1,
        "n_negative_implicit_user_feedback": 1,
        "n_negative_explicit_user_feedback": 1,
        "n_feedback": 4,
    }
    assert server.counts({"kind": "user"}, "n_interactions", "n_feedback") == {
        "ada": (1, 2),
        "bob": (1, 1),
        "cy": (1, 1),
    }


@pytest.mark.parametrize(
    ("group_by", "expected"),
    [
        ({"kind": "data_source"}, {"Shelf": 1, "blog": 1, "faq": 1}),
        ({"kind": "tag", "tag": "plan"}, {"free": 1, "pro": 1}),
        ({"kind": "model"}, {"large": 2, "small": 1}),
        ({"kind": "cohort"}, {"self-serve": 1}),
    ],
    ids=lambda given: given.get("kind"),
)
def test_what_the_application_says_can_be_grouped_by(
    application: Any, server: Installation, group_by: dict[str, str], expected: dict[str, int]
):
    assert server.counts(group_by, "n_interactions") == expected


@pytest.mark.parametrize(
    ("text", "tokens", "history"),
    [
        ("Where is my parcel?", (12, 3), [["Hello", "Hi"]]),
        # What the SDK is not told it sends as 0.
        ("I am bob@example.com", (None, None), [["Hello", "Hi"]]),
        ("When is my refund?", (20, 4), []),
    ],
)
def test_tokens_and_history_are_those_of_the_application(
    rows: dict[str, Row], text: str, tokens: tuple[int | None, int | None], history: list[list[str]]
):
    row = rows[text]
    assert (row["input_tokens"], row["output_tokens"]) == tokens
    assert row["history"] == history


def test_feedback_belongs_to_its_interaction_in_any_order(rows: dict[str, Row]):
    assert {text: [action["slug"] for action in row["feedback"]] for text, row in rows.items()} == {
        "Where is my parcel?": ["copy_output", "thumbs_up"],
        "I am bob@example.com": ["copy_input", "thumbs_down"],
        "When is my refund?": ["regenerate"],
    }
