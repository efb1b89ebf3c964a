"""What the database itself refuses, whoever writes to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import ProtectedError

from interactions.models import (
    Conversation,
    Dimension,
    EligibleUser,
    EndUser,
    FeedbackAction,
    Interaction,
    InteractionLabel,
    InteractionText,
    Label,
    Project,
)

NOON = datetime(2024, 5, 27, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SOME_ID = UUID("00000000-0000-4000-8000-000000000001")

pytestmark = pytest.mark.django_db


class World:
    """A project with one row of everything, and a way to write more rows past every check of ours."""

    def __init__(self) -> None:
        self.project = Project.objects.create(name="shop")
        self.stranger = Project.objects.create(name="stranger")
        self.user = EndUser.objects.create(project=self.project, external_id="ada")
        self.conversation = Conversation.objects.create(project=self.project, external_id="c1")
        self.tag = Dimension.objects.create(project=self.project, kind="tag", key="plan")
        self.topic = Dimension.objects.create(project=self.project, kind="topic")
        self.label = Label.objects.create(dimension=self.tag, value="pro")
        self.first = self.interaction(public_id=SOME_ID)
        self.second = self.interaction()

    def interaction(self, **changes: Any) -> Interaction:
        return write(Interaction, **{"project": self.project, "started_at": NOON} | changes)

    def text(self, **changes: Any) -> InteractionText:
        given = {"interaction": self.first, "fingerprint": SOME_ID, "input": "", "output": ""}
        return write(InteractionText, **given | changes)

    def feedback(self, *slugs: str, **changes: Any) -> None:
        for slug in slugs:
            given = {"project": self.project, "interaction": self.first, "slug": slug, "occurred_at": NOON}
            write(FeedbackAction, **given | changes)

    def eligible(self, external_id: str, **changes: Any) -> None:
        given = {"project": self.project, "external_id": external_id, "active_from": NOON}
        write(EligibleUser, **given | changes)

    def labelled(self, **changes: Any) -> None:
        given = {"interaction": self.first, "dimension": self.tag, "label": self.label}
        InteractionLabel.objects.bulk_create([InteractionLabel(**given | changes)])


def write(model: type[models.Model], **values: Any) -> Any:
    # bulk_create runs neither save() nor any validation: what refuses is the database.
    return model.objects.bulk_create([model(**values)])[0]


@pytest.fixture
def world() -> World:
    return World()


def check_foreign_keys() -> None:
    """Foreign keys are checked when the transaction ends; the tests' own never does."""
    connection.check_constraints()


Write = Callable[[World], object]

# The name of the constraint where it has one of ours, and what breaks it.
REFUSED: dict[str, tuple[str, Write]] = {
    "two projects of one name": ("name", lambda w: write(Project, name="shop")),
    "one id twice in a project": (
        "interaction_once_a_project",
        lambda w: w.interaction(public_id=SOME_ID),
    ),
    "end before the start": (
        "interaction_ends_after_start",
        lambda w: w.interaction(ended_at=NOON - timedelta(microseconds=1), latency_us=0),
    ),
    "latency without an end": ("interaction_latency_with_end", lambda w: w.interaction(latency_us=1)),
    "end without a latency": ("interaction_latency_with_end", lambda w: w.interaction(ended_at=NOON)),
    "negative latency": (
        "interaction_latency_with_end",
        lambda w: w.interaction(ended_at=NOON, latency_us=-1),
    ),
    "negative cost": ("interaction_cost_in_range", lambda w: w.interaction(cost_microusd=-1)),
    "cost over a million dollars": (
        "interaction_cost_in_range",
        lambda w: w.interaction(cost_microusd=10**12 + 1),
    ),
    "negative input tokens": (
        "interaction_input_tokens_not_negative",
        lambda w: w.interaction(input_tokens=-1),
    ),
    "negative output tokens": (
        "interaction_output_tokens_not_negative",
        lambda w: w.interaction(output_tokens=-1),
    ),
    "sentiment under -1": ("interaction_sentiment_in_range", lambda w: w.interaction(sentiment=-1.001)),
    "sentiment over 1": ("interaction_sentiment_in_range", lambda w: w.interaction(sentiment=1.001)),
    "negative counter": ("n_negative_explicit", lambda w: w.interaction(n_negative_explicit=-1)),
    "interaction without a start": ("started_at", lambda w: w.interaction(started_at=None)),
    "interaction without a project": ("project_id", lambda w: w.interaction(project=None)),
    "two texts of an interaction": (
        "interaction_id",
        lambda w: [w.text(), w.text(fingerprint=UUID(int=2))],
    ),
    "one fingerprint twice": ("fingerprint", lambda w: [w.text(), w.text(interaction=w.second)]),
    "text without an input": ("input", lambda w: w.text(input=None)),
    "label twice on an interaction": ("interaction_id", lambda w: [w.labelled(), w.labelled()]),
    "slug twice on an interaction": ("slug", lambda w: w.feedback("edit", "edit")),
    "both thumbs": ("feedback_one_thumb", lambda w: w.feedback("thumbs_up", "thumbs_down")),
    "rating of 0": ("feedback_rating_from_1_to_5", lambda w: w.feedback("rating", rating=0)),
    "rating of 6": ("feedback_rating_from_1_to_5", lambda w: w.feedback("rating", rating=6)),
    "rating without a value": ("feedback_rating_from_1_to_5", lambda w: w.feedback("rating")),
    "value without a rating": ("feedback_rating_from_1_to_5", lambda w: w.feedback("edit", rating=3)),
    "user twice in a project": (
        "end_user_once_a_project",
        lambda w: write(EndUser, project=w.project, external_id="ada"),
    ),
    "user without an id": ("end_user_not_empty", lambda w: write(EndUser, project=w.project, external_id="")),
    "eligible user twice in a project": (
        "eligible_user_once_a_project",
        lambda w: [w.eligible("ada"), w.eligible("ada")],
    ),
    "eligible user without an id": ("eligible_user_not_empty", lambda w: w.eligible("")),
    "eligible user who ends before the start": (
        "eligible_user_ends_after_start",
        lambda w: w.eligible("ada", active_to=NOON - timedelta(days=1)),
    ),
    "eligible user without a start": ("active_from", lambda w: w.eligible("ada", active_from=None)),
    "conversation twice in a project": (
        "conversation_once_a_project",
        lambda w: write(Conversation, project=w.project, external_id="c1"),
    ),
    "conversation without an id": (
        "conversation_not_empty",
        lambda w: write(Conversation, project=w.project, external_id=""),
    ),
    "dimension twice in a project": (
        "dimension_once_a_project",
        lambda w: write(Dimension, project=w.project, kind="tag", key="plan"),
    ),
    "tag without a key": (
        "dimension_key_for_tags_alone",
        lambda w: write(Dimension, project=w.project, kind="tag"),
    ),
    "topic with a key": (
        "dimension_key_for_tags_alone",
        lambda w: write(Dimension, project=w.project, kind="topic", key="plan"),
    ),
    "label twice in a dimension": (
        "label_once_a_dimension",
        lambda w: write(Label, dimension=w.tag, value="pro", folded="pro"),
    ),
    "empty label": ("label_not_empty", lambda w: write(Label, dimension=w.tag, value="", folded="")),
}
# SQLite names the first column of a unique constraint, not the constraint.
SQLITE_COLUMNS = {
    "interaction_once_a_project": "interactions_interaction.project_id",
    "feedback_one_thumb": "interactions_feedbackaction.interaction_id",
    "end_user_once_a_project": "interactions_enduser.project_id",
    "eligible_user_once_a_project": "interactions_eligibleuser.project_id",
    "conversation_once_a_project": "interactions_conversation.project_id",
    "dimension_once_a_project": "interactions_dimension.project_id",
    "label_once_a_dimension": "interactions_label.dimension_id",
}


@pytest.mark.parametrize(("constraint", "break_it"), REFUSED.values(), ids=REFUSED.keys())
def test_the_database_refuses(world: World, constraint: str, break_it: Write):
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        break_it(world)

    told = SQLITE_COLUMNS.get(constraint, constraint) if connection.vendor == "sqlite" else constraint
    assert told in str(refusal.value)


ACCEPTED: dict[str, Write] = {
    "one id in two projects": lambda w: w.interaction(public_id=SOME_ID, project=w.stranger),
    "nothing known but the start": lambda w: w.interaction(),
    "an end at the start": lambda w: w.interaction(ended_at=NOON, latency_us=0),
    "the least of everything": lambda w: w.interaction(
        cost_microusd=0, input_tokens=0, output_tokens=0, sentiment=-1
    ),
    "the most of everything": lambda w: w.interaction(
        cost_microusd=10**12, input_tokens=2 * 10**9, output_tokens=2 * 10**9, sentiment=1
    ),
    "every slug but the second thumb": lambda w: w.feedback(
        "thumbs_up", "copy_input", "copy_output", "paste", "comment", "regenerate", "edit"
    ),
    "one slug on two interactions": lambda w: [w.feedback("edit"), w.feedback("edit", interaction=w.second)],
    "ratings from 1 to 5": lambda w: [
        w.feedback("rating", rating=1),
        w.feedback("rating", rating=5, interaction=w.second),
    ],
    "both thumbs of an orphan": lambda w: w.feedback("thumbs_up", "thumbs_down", interaction=None),
    "one user id in two projects": lambda w: write(EndUser, project=w.stranger, external_id="ada"),
    "one eligible user in two projects": lambda w: [
        w.eligible("ada"),
        w.eligible("ada", project=w.stranger, active_to=NOON),
    ],
    "one tag key in two projects": lambda w: write(Dimension, project=w.stranger, kind="tag", key="plan"),
    "two tag keys": lambda w: write(Dimension, project=w.project, kind="tag", key="Plan"),
    "one word in two dimensions": lambda w: write(Label, dimension=w.topic, value="pro", folded="pro"),
    "words that differ in case alone": lambda w: write(Label, dimension=w.tag, value="Pro", folded="pro"),
    "words that differ in a space": lambda w: write(Label, dimension=w.tag, value="pro ", folded="pro "),
    "words that differ in composition": lambda w: [
        write(Label, dimension=w.tag, value=value, folded=value) for value in ("\u00e9", "e\u0301")
    ],
}


@pytest.mark.parametrize("keep_it", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_the_database_takes(world: World, keep_it: Write):
    keep_it(world)

    check_foreign_keys()


@pytest.mark.parametrize(
    "write_it",
    [
        pytest.param(lambda w: w.interaction(end_user_id=0), id="user"),
        pytest.param(lambda w: w.interaction(conversation_id=0), id="conversation"),
        pytest.param(lambda w: w.interaction(topic_id=0), id="topic"),
        pytest.param(lambda w: w.interaction(project_id=0, project=None), id="project"),
        pytest.param(lambda w: w.text(interaction_id=0, interaction=None), id="text"),
        pytest.param(lambda w: w.labelled(label_id=0, label=None), id="label"),
        pytest.param(lambda w: w.feedback("edit", end_user_id=0), id="feedback"),
    ],
)
def test_nothing_points_to_what_does_not_exist(world: World, write_it: Write):
    write_it(world)

    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        check_foreign_keys()
    transaction.set_rollback(True)


@pytest.mark.parametrize("word", ["user", "conversation", "label"])
def test_words_in_use_are_not_deleted(world: World, word: str):
    if word == "label":
        world.labelled()
    else:
        world.interaction(**{"end_user" if word == "user" else word: getattr(world, word)})

    with pytest.raises(ProtectedError):
        getattr(world, word).delete()


def test_a_deleted_interaction_takes_with_it_what_hangs_on_it(world: World):
    world.text()
    world.labelled()
    world.feedback("edit")

    world.first.delete()

    assert not InteractionText.objects.exists()
    assert not InteractionLabel.objects.exists()
    assert not FeedbackAction.objects.exists()
    assert list(Interaction.objects.all()) == [world.second]
