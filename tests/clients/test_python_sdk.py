"""The public Python SDK, unmodified, records here: its patched OpenAI client, and feedback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.env import BASE_DIR
from tests.clients.fake_openai import INPUT_TOKENS, OUTPUT_TOKENS, answer_to, fake_openai
from tests.clients.installation import Installation
from tests.storage import Row, stored

# Made by `make test`, beside the packages of the tests.
SDK_PYTHON = Path(sys.prefix) / "clients" / "bin" / "python"
APPLICATION = BASE_DIR / "tests" / "clients" / "python_application.py"

# Read alone: what was recorded was committed when the server was started, for all of the module.
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def application(server: Installation) -> dict[str, Any]:
    """What the application was answered, after it has ended and all it did is recorded."""
    environ = {
        "NEBULY_API_URL": f"{server.address}/event-ingestion/api/v1/events",
        "NEBULY_AB_TESTING_API_URL": f"{server.address}/api/external/variants",
        "NEBULY_API_KEY": server.key,
    }
    with fake_openai() as provider_url:
        ended = subprocess.run(
            [SDK_PYTHON, APPLICATION, provider_url], env=environ, capture_output=True, text=True, check=False
        )
    # The SDK swallows what goes wrong, and logs it. A server that has just started may be slower than the
    # three seconds it waits; then it asks again.
    assert ended.returncode == 0, ended.stderr
    assert "HTTPError" not in ended.stderr, ended.stderr
    return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def rows(application: Any, server: Installation) -> dict[str, Row]:
    """What is stored, by the user's message."""
    return {row["input"]: row for row in stored(server.project)}


def test_application_is_answered_as_without_the_sdk(application: dict[str, Any]):
    questions = ["I am ada@example.com", "Where is my parcel?", None, "Raw?", "Async?"]
    assert application["answers"] == ["Done" if each is None else answer_to(each) for each in questions]
    assert application["variants"] == []


def test_every_chat_is_counted_with_its_feedback(application: Any, server: Installation):
    assert server.counts({"kind": "user"}, "n_interactions", "n_feedback") == {
        "ada": (2, 1),
        "bob": (1, 1),
        "cy": (2, 1),
    }
    (total,) = server.aggregates(variables=["n_interactions", "n_users", "user_feedback"])
    assert total == {
        "group_name": "total",
        "additional_groups": [],
        "n_interactions": 5,
        "n_users": 3,
        "n_positive_implicit_user_feedback": 1,
        # The thumbs down before it is replaced.
        "n_positive_explicit_user_feedback": 1,
        "n_negative_implicit_user_feedback": 0,
        "n_negative_explicit_user_feedback": 1,
        "n_feedback": 3,
    }


@pytest.mark.parametrize(
    ("group_by", "expected"),
    [
        ({"kind": "tag", "tag": "plan"}, {"free": 1, "pro": 2}),
        ({"kind": "feature_flag"}, {"beta": 1, "dark": 2}),
        ({"kind": "cohort"}, {"enterprise": 2}),
        ({"kind": "model"}, {"large": 3, "medium": 1, "small": 1}),
        ({"kind": "pii"}, {"false": 4, "true": 1}),
    ],
    ids=lambda given: given.get("kind"),
)
def test_what_the_application_says_can_be_grouped_by(
    application: Any, server: Installation, group_by: dict[str, str], expected: dict[str, int]
):
    assert server.counts(group_by, "n_interactions") == expected


def test_texts_and_history_are_those_of_the_chat(rows: dict[str, Row]):
    (masked,) = (text for text in rows if text.startswith("I am "))
    assert "ada@example.com" not in masked
    assert rows[masked]["history"] == [["Hello", "Hi"]]
    assert {text: row["output"] for text, row in rows.items() if text != masked} == {
        "Where is my parcel?": answer_to("Where is my parcel?"),
        "Refund, please": "Done",
        "Raw?": answer_to("Raw?"),
        "Async?": answer_to("Async?"),
    }


@pytest.mark.parametrize(
    ("text", "n_calls"), [("Where is my parcel?", 1), ("Refund, please", 2), ("Async?", 1)]
)
def test_tokens_are_those_of_the_calls(rows: dict[str, Row], text: str, n_calls: int):
    tokens = rows[text]["input_tokens"], rows[text]["output_tokens"]
    assert tokens == (INPUT_TOKENS * n_calls, OUTPUT_TOKENS * n_calls)
    assert len(rows[text]["traces"]) == n_calls


def test_feedback_belongs_to_its_chat(rows: dict[str, Row]):
    given = {row["input"]: [(one["slug"], one["text"]) for one in row["feedback"]] for row in rows.values()}
    (masked,) = (text for text in rows if text.startswith("I am "))
    assert given == {
        masked: [("thumbs_up", "Better")],
        "Where is my parcel?": [("copy_output", None)],
        "Refund, please": [("copy_input", None)],
        "Raw?": [],
        "Async?": [("thumbs_down", None)],
    }
