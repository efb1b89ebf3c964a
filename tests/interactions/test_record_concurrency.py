"""Many senders at once: every interaction once, no update lost, no error that a sender could not help."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any
from uuid import UUID

import pytest
from django.db import DEFAULT_DB_ALIAS, connection
from django.utils import timezone

from interactions.ingest import (
    NewFeedback,
    Outcome,
    Target,
    parse_interaction,
    record_feedback,
    record_interactions,
)
from interactions.ingest.transactions import in_project
from interactions.models import Dimension, EndUser, FeedbackAction, Label, Project
from tests.storage import stored

N_SENDERS = 8
N_LINES = 60
SLUGS = ("thumbs_up", "copy_input", "copy_output", "paste", "comment", "regenerate", "edit", "rating")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="shop")


def line(number: int, **changes: Any) -> dict[str, Any]:
    """An interaction whose user, conversation and labels it shares with some of the others."""
    return {
        "id": str(UUID(int=number, version=4)),
        "end_user": f"user {number % 7}",
        "end_user_group_profile": "enterprise",
        "conversation_id": f"conversation {number % 11}",
        "time_start": "2024-05-27T10:00:00Z",
        "time_end": "2024-05-27T10:00:01Z",
        "input": str(number),
        "output": "x",
        "topic": f"topic {number % 5}",
        "keywords": [f"keyword {number % 3}", f"keyword {number % 4}"],
        "tags": {f"tag {number % 3}": f"value {number % 5}"},
        "feedback_actions": [{"slug": SLUGS[number % 7]}, {"slug": "edit"}],
        **changes,
    }


def at_once(send: Callable[[int], Any]) -> list[Any]:
    """Let every sender start at the same moment, each on a connection of its own; -> what they returned.

    An error of one is raised here.
    """
    barrier = threading.Barrier(N_SENDERS)

    def run(sender: int) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait()
            return send(sender)
        finally:
            connection.close()

    with ThreadPoolExecutor(N_SENDERS) as threads:
        return list(threads.map(run, range(N_SENDERS)))


def record(project: Project, lines: Sequence[dict[str, Any]]) -> list[Outcome]:
    items = [parse_interaction(one) for one in lines]
    return record_interactions(project, items, anonymize=False).outcomes


def shuffled(lines: Sequence[Any], sender: int) -> list[Any]:
    order = list(lines)
    Random(sender).shuffle(order)
    return order


def without_ids(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(repr({name: value for name, value in row.items() if name != "id"}) for row in rows)


KNOWN_BY: dict[str, Callable[[int, dict[str, Any]], dict[str, Any]]] = {
    "ids": lambda sender, one: one,
    "contents": lambda sender, one: one | {"id": None},
    "ids and contents": lambda sender, one: one if sender % 2 else one | {"id": None},
    "an id of each sender": lambda sender, one: (
        one | {"id": str(UUID(int=sender * 1000 + int(one["input"]), version=4))}
    ),
}


@pytest.mark.parametrize("known_by", KNOWN_BY.values(), ids=KNOWN_BY.keys())
def test_the_same_interactions_from_everybody_are_stored_once(project: Project, known_by: Callable):
    lines = [line(number) for number in range(N_LINES)]

    def send(sender: int) -> Counter[Outcome]:
        own = [known_by(sender, one) for one in shuffled(lines, sender)]
        outcomes: Counter[Outcome] = Counter()
        # Overlapping batches: the second half comes twice.
        for batch in (own[: N_LINES // 2], own[N_LINES // 4 :], own):
            outcomes.update(record(project, batch))
        return outcomes

    total = sum(at_once(send), Counter())

    assert total[Outcome.STORED] == N_LINES
    assert total[Outcome.UPDATED] == 0
    alone = Project.objects.create(name="one sender")
    record(alone, lines)
    assert without_ids(stored(project)) == without_ids(stored(alone))


def test_words_that_are_new_to_everybody_are_stored_once(project: Project):
    def send(sender: int) -> None:
        words = shuffled(range(40), sender)
        record(project, [line(sender * 1000 + number, end_user=f"user {number}") for number in words])

    at_once(send)

    assert len(stored(project)) == N_SENDERS * 40
    assert EndUser.objects.filter(project=project).count() == 40
    words = Label.objects.filter(dimension__project=project).values_list("dimension", "value")
    assert len(words) == len(set(words))
    axes = Dimension.objects.filter(project=project).values_list("kind", "key")
    assert len(axes) == len(set(axes))


def test_no_sender_overwrites_what_another_one_gave(project: Project):
    plain = [line(number, tags={}, feedback_actions=[]) for number in range(10)]
    record(project, plain)

    def send(sender: int) -> None:
        action = {"slug": SLUGS[sender], "value": 5}
        own = {"tags": {f"tag {sender}": "x"}, "feedback_actions": [action]}
        record(project, [one | own for one in shuffled(plain, sender)])

    at_once(send)

    for row in stored(project):
        tags = [name for name in row["labels"] if name.startswith("tag: ")]
        assert sorted(tags) == [f"tag: tag {sender}" for sender in range(N_SENDERS)]
        assert {action["slug"] for action in row["feedback"]} == set(SLUGS)
        assert row["n_positive_explicit"] == 2
        assert row["n_positive_implicit"] == 1
        assert row["n_negative_implicit"] == 2
        assert row["n_negative_explicit"] == 0


def test_profiles_given_by_everybody_end_as_one_of_those_given(project: Project):
    record(project, [line(number) for number in range(N_LINES)])

    def send(sender: int) -> None:
        for turn in range(3):
            profiles = {"end_user_group_profile": f"profile {(sender + turn) % 4}"}
            # Each sender gives different users the same profile, and one user different ones.
            record(project, [line(number, **profiles) for number in shuffled(range(N_LINES), sender)[:20]])

    at_once(send)

    users = EndUser.objects.filter(project=project).values_list("external_id", "group_profile__value")
    assert len(users) == 7
    assert {profile for _, profile in users} <= {f"profile {number}" for number in range(4)}


def test_projects_do_not_wait_in_vain_for_each_other(project: Project):
    owners = [Project.objects.create(name=f"project {sender}") for sender in range(N_SENDERS)]

    at_once(lambda sender: record(owners[sender], [line(number) for number in range(N_LINES)]))

    assert [len(stored(owner)) for owner in owners] == [N_LINES] * N_SENDERS
    assert stored(project) == []


def test_one_interaction_changed_by_everybody_is_one_of_the_changes(project: Project):
    def send(sender: int) -> None:
        for turn in range(5):
            text = f"{sender} {turn}"
            record(project, [line(1, input=text, topic=text), line(2, input=f"other {text}", topic=text)])

    at_once(send)

    first, second = stored(project)
    assert first["input"] == first["topic"]
    assert second["input"] == f"other {second['topic']}"


def test_feedback_does_not_wait_for_who_writes_about_another_user(project: Project):
    if connection.vendor == "sqlite":
        return  # Every writer is alone there.

    def give_feedback() -> None:
        try:
            with connection.cursor() as cursor:
                # Did it wait, it would wait for this very test.
                cursor.execute("SET lock_timeout = '10s'")
            target = Target(end_user="ada", moment=timezone.now())
            record_feedback(project.pk, NewFeedback(slug="edit"), target)
        finally:
            connection.close()

    def write_meanwhile() -> None:
        with ThreadPoolExecutor(1) as threads:
            threads.submit(give_feedback).result()

    in_project(DEFAULT_DB_ALIAS, project.pk, {"bob"}, write_meanwhile, alone=True)

    assert FeedbackAction.objects.filter(project=project, end_user__external_id="ada").count() == 1
