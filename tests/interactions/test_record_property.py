"""Whatever is sent, in whatever batches and however often, leaves what plain Python says it leaves.

The same examples on every run, because a suite must not fail by chance. To look for new ones:
PROPERTY_EXAMPLES=5000 pytest tests/interactions/test_record_property.py
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from interactions.ingest import IngestResult, Outcome, parse_interaction, record_interactions
from interactions.models import Project
from interactions.times import format_utc
from tests.storage import COUNTERS, stored

_examples = os.environ.get("PROPERTY_EXAMPLES")
thoroughly = settings(max_examples=int(_examples or 60), derandomize=_examples is None, deadline=None)

IDENTITY = ("end_user", "conversation_id", "time_start", "input", "output")
TYPES = {
    "thumbs_up": "positive_explicit",
    "thumbs_down": "negative_explicit",
    "copy_output": "positive_implicit",
    "edit": "negative_implicit",
    "comment": None,
}
THUMBS = {"thumbs_up", "thumbs_down"}

Line = dict[str, Any]


def sampled(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


OPTIONAL = {
    "topic": sampled(None, "", "a", "b"),
    "cost": sampled(None, 0, 1),
    "end_user_group_profile": sampled(None, "small", "big"),
    "keywords": st.lists(sampled("a", "b"), max_size=2),
    "tags": st.dictionaries(sampled("x", "y"), sampled("a", "b"), max_size=2),
    "feedback_actions": st.lists(
        st.fixed_dictionaries({"slug": sampled(*TYPES), "text": sampled(None, "t")}), max_size=3
    ),
}
ALWAYS = {"time_end": "2024-05-27T12:00:00Z", "output": "x"}
# What a line may be known by, next to its id. Neighbours differ in one place.
CONTENTS = [
    {"end_user": "ada", "conversation_id": "c1", "time_start": "2024-05-27T10:00:00Z", "input": "a"},
    {"end_user": "bob", "conversation_id": "c1", "time_start": "2024-05-27T10:00:00Z", "input": "a"},
    {"end_user": "bob", "conversation_id": None, "time_start": "2024-05-27T10:00:00Z", "input": "a"},
    {"end_user": "bob", "conversation_id": None, "time_start": "2024-05-27T11:00:00Z", "input": "a"},
    {"end_user": "bob", "conversation_id": None, "time_start": "2024-05-27T11:00:00Z", "input": "b"},
]
IDS = [str(UUID(int=number, version=4)) for number in range(len(CONTENTS))]


def lines(*, is_crosswise: bool) -> st.SearchStrategy[Line]:
    """A line with or without its id; crosswise, any id may come with any content."""
    places = st.integers(0, len(CONTENTS) - 1)
    pairs = st.tuples(places, places) if is_crosswise else places.map(lambda place: (place, place))
    return st.builds(
        lambda pair, has_id, given: {
            "id": IDS[pair[0]] if has_id else None, **CONTENTS[pair[1]], **ALWAYS, **given
        },
        pairs,
        st.booleans(),
        st.fixed_dictionaries({}, optional=OPTIONAL),
    )  # fmt: skip


@st.composite
def batches(draw: st.DrawFn, *, is_crosswise: bool) -> list[list[Line]]:
    """A few lines, each sent any number of times, in any order, cut into batches anywhere."""
    few = draw(st.lists(lines(is_crosswise=is_crosswise), min_size=1, max_size=8))
    return draw(st.lists(st.lists(st.sampled_from(few), min_size=1, max_size=6), min_size=1, max_size=6))


class Model:
    """What is stored, as a list of dictionaries that one line after the other is written to.

    A content belongs to one id: what an id with another content means is not for a model to say.
    """

    def __init__(self) -> None:
        self.interactions: list[dict[str, Any]] = []
        self.profiles: dict[str, str] = {}

    def record(self, line: Line) -> None:
        given = {name: value for name, value in line.items() if value not in (None, "", [], {})}
        if profile := given.pop("end_user_group_profile", None):
            self.profiles[line["end_user"]] = profile
        found = next((one for one in self.interactions if content(one) == content(line)), None)
        if found is None:
            found = {"id": line["id"], "tags": {}, "feedback_actions": {}}
            self.interactions.append(found)
        found["tags"] |= given.pop("tags", {})
        for action in given.pop("feedback_actions", []):
            for slug in THUMBS if action["slug"] in THUMBS else {action["slug"]}:
                found["feedback_actions"].pop(slug, None)
            found["feedback_actions"][action["slug"]] = action.get("text")
        found |= given | {"id": found["id"]}

    def rows(self) -> list[dict[str, Any]]:
        return [self._row(interaction) for interaction in self.interactions]

    def _row(self, one: dict[str, Any]) -> dict[str, Any]:
        types = Counter(TYPES[slug] for slug in one["feedback_actions"] if TYPES[slug])
        labels = {f"tag: {key}": [value] for key, value in one["tags"].items()}
        labels |= {"keyword": sorted(set(one["keywords"]))} if "keywords" in one else {}
        labels |= {"user_feedback": sorted(types)} if types else {}
        return {
            "id": one["id"],
            **dict(zip(IDENTITY, content(one), strict=True)),
            "group_profile": self.profiles.get(one["end_user"]),
            "topic": one.get("topic"),
            "cost_microusd": one.get("cost"),
            "labels": labels,
            "feedback": sorted(one["feedback_actions"].items()),
            **{name: types[name.removeprefix("n_")] for name in COUNTERS},
        }


def content(line: Line) -> tuple:
    return tuple(line.get(name) for name in IDENTITY)


def found(project: Project) -> list[dict[str, Any]]:
    """What is stored in the form of the model's rows; ids that were made up are None there."""
    return [
        {
            "id": str(row["id"]) if str(row["id"]) in IDS else None,
            "conversation_id": row["conversation"],
            "time_start": format_utc(row["started_at"]),
            "feedback": [(action["slug"], action["text"]) for action in row["feedback"]],
            **{
                name: row[name]
                for name in ("end_user", "input", "output", "group_profile", "topic", "cost_microusd")
            },
            **{name: row[name] for name in ("labels", *COUNTERS)},
        }
        for row in stored(project)
    ]


def send(project: Project, batch: Sequence[Line]) -> IngestResult:
    return record_interactions(project, [parse_interaction(line) for line in batch], anonymize=False)


def in_some_order(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


@pytest.mark.django_db
@thoroughly
@given(batches=batches(is_crosswise=False))
def test_what_is_stored_is_what_the_model_says(batches: list[list[Line]]):
    model = Model()
    with transaction.atomic():
        project = Project.objects.create(name=str(uuid4()))
        for batch in batches:
            send(project, batch)
            for line in batch:
                model.record(line)
        assert in_some_order(found(project)) == in_some_order(model.rows())
        # The next example starts from nothing.
        transaction.set_rollback(True)


@pytest.mark.django_db
@thoroughly
@given(batches=batches(is_crosswise=True))
def test_ids_and_contents_may_meet_in_any_way(batches: list[list[Line]]):
    with transaction.atomic():
        project = Project.objects.create(name=str(uuid4()))
        for batch in batches:
            result = send(project, batch)
            rows = {row["id"]: row for row in stored(project)}
            for row in rows.values():
                types = Counter(TYPES[action["slug"]] for action in row["feedback"])
                assert [row[name] for name in COUNTERS] == [
                    types[name.removeprefix("n_")] for name in COUNTERS
                ]
                assert len({action["slug"] for action in row["feedback"]} & THUMBS) <= 1
            # What was sent last for an interaction is what it says.
            for public_id, line in dict(zip(result.ids, batch, strict=True)).items():
                assert (rows[public_id]["input"], rows[public_id]["end_user"]) == (
                    line["input"],
                    line["end_user"],
                )
            # What was said last and is said again says nothing new.
            assert send(project, batch[-1:]).outcomes == [Outcome.UNCHANGED]
        transaction.set_rollback(True)
