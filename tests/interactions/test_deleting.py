"""What a deletion hides is gone at once, whoever asks or sends it again, and is removed in the end."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connections
from django.test import Client
from django.utils import timezone

from interactions.admin.display import page_address
from interactions.exporting import export_lines
from interactions.ingest import parse_interaction, record_interactions
from interactions.ingest.deleting import delete_interactions, finish_deletions
from interactions.ingest.events import record_feedback, record_tags
from interactions.ingest.linking import Target
from interactions.ingest.new_interaction import NewFeedback
from interactions.models import (
    Conversation,
    Deletion,
    EndUser,
    FeedbackAction,
    HiddenInteraction,
    Interaction,
    InteractionText,
    KnownSpan,
    Project,
    WaitingTags,
)
from tests.dataset import LINES, record
from tests.storage import ids, stored

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def line(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "end_user": "ada",
        "conversation_id": f"talk {number}",
        "time_start": NOON + timedelta(seconds=number),
        "time_end": NOON + timedelta(seconds=number + 1),
        "input": f"in {number}",
        "output": "out",
        "tags": {"n": str(number % 7)},
        "keywords": ["a", "b"],
    } | changes


def send(project: Project, *lines: dict[str, Any]) -> Any:
    return record_interactions(project, [parse_interaction(one) for one in lines])


def keys_of(project: Project, **condition: Any) -> Callable[[], list[int]]:
    rows = Interaction.objects.for_project(project).filter(**condition).order_by("id")
    return lambda: list(rows.values_list("id", flat=True))


def delete(project: Project, **condition: Any) -> int:
    find = keys_of(project, **condition)
    return delete_interactions(
        project.pk, find, requested_by="a test", selection={"filters": list(condition)} if condition else {}
    )


@pytest.fixture
def cut_off(project: Project) -> Project:
    """A project in which a deletion of all there was ended between hiding and removing."""
    Deletion.objects.create(
        project=project, requested_by="a test", requested_at=timezone.now() - timedelta(hours=1),
        selection={"filters": ["all"]}, n_interactions=len(LINES),
    )  # fmt: skip
    deletion = Deletion.objects.get()
    HiddenInteraction.objects.bulk_create(
        HiddenInteraction(interaction_id=pk, deletion=deletion) for pk in keys_of(project)()
    )
    return project


@pytest.fixture
def project() -> Project:
    project = Project.objects.create(name="acme")
    record(project)
    return project


@pytest.mark.django_db
def test_hidden_interactions_are_not_read(cut_off: Project):
    assert Interaction.objects.filter(project=cut_off).count() == len(LINES)
    assert ids(cut_off) == set()
    assert list(export_lines(cut_off)) == []


@pytest.mark.django_db
def test_hidden_interactions_are_not_read_in_the_admin(cut_off: Project, client: Client):
    client.force_login(User.objects.create_superuser("root"))
    conversation = Conversation.objects.first()

    def pages() -> dict[str, str]:
        paths = ["interaction/", "feedbackaction/", f"conversation/{conversation.pk}/change/"]
        return {path: client.get(f"/admin/interactions/{path}").content.decode() for path in paths}

    hidden = pages()
    rows = [Interaction.objects.filter(conversation=conversation).first(), FeedbackAction.objects.first()]
    statuses = [client.get(page_address(row)).status_code for row in rows]
    HiddenInteraction.objects.all().delete()

    # There is no page of what is not there: the browser is sent on.
    assert statuses == [302, 302]
    for path, mark in zip(hidden, ("/interaction/", "/feedbackaction/", "interaction-"), strict=True):
        links = re.compile(rf"{mark}\d+")
        assert not links.search(hidden[path])
        assert links.search(pages()[path])


@pytest.mark.django_db
def test_what_was_left_behind_is_removed(cut_off: Project):
    finish_deletions()

    for model in (Interaction, InteractionText, EndUser, HiddenInteraction):
        assert not model.objects.exists()
    assert Deletion.objects.get().finished_at is not None


@pytest.mark.django_db
def test_a_deletion_that_goes_on_is_left_to_itself(cut_off: Project):
    Deletion.objects.update(requested_at=timezone.now())

    finish_deletions()

    assert HiddenInteraction.objects.count() == len(LINES)


@pytest.mark.django_db
@pytest.mark.parametrize("known_by", ["id", "content"])
def test_what_is_sent_again_meanwhile_is_new_and_stays(known_by: str):
    project = Project.objects.create(name="acme")
    sent_id = "a" * 8 + "-1111-4111-8111-" + "b" * 12
    sent = line(1, id=sent_id) if known_by == "id" else line(1)
    send(project, sent, line(2))
    deletion = Deletion.objects.create(
        project=project, requested_by="a test", requested_at=timezone.now() - timedelta(hours=1),
        selection={"filters": ["all"]}, n_interactions=2,
    )  # fmt: skip
    for pk in keys_of(project)():
        HiddenInteraction.objects.create(interaction_id=pk, deletion=deletion)

    result = send(project, sent | {"tags": {"new": "yes"}})

    assert result.outcomes == ["stored"]
    finish_deletions()
    (row,) = stored(project)
    assert row["id"] == result.ids[0]
    # Nothing of what was deleted came back.
    assert row["labels"] == {"keyword": ["a", "b"], "tag: new": ["yes"]}


@pytest.mark.django_db
def test_feedback_on_what_is_hidden_waits_and_goes_with_its_user(cut_off: Project):
    user = next(one["end_user"] for one in LINES if one.get("end_user"))
    target = Target(end_user=user, moment=timezone.now())

    linked = record_feedback(cut_off.pk, NewFeedback(slug="comment", text="hm"), target)

    assert linked is None
    finish_deletions()
    assert not FeedbackAction.objects.exists()
    assert not EndUser.objects.exists()


@pytest.mark.django_db
def test_of_everything_what_waits_goes_when_nothing_is_recorded_yet():
    project = Project.objects.create(name="acme")
    target = Target(end_user="ada", moment=NOON, input="to come")
    record_feedback(project.pk, NewFeedback(slug="comment", text="hm"), target)
    record_tags(project.pk, {"plan": "pro"}, target)
    KnownSpan.objects.create(
        project=project, trace_id="a" * 32, span_id="b" * 16, role="step", content="{}",
        expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip

    assert delete(project) == 0

    for model in (FeedbackAction, WaitingTags, KnownSpan, EndUser):
        assert not model.objects.exists()
    assert Deletion.objects.get().finished_at is not None


@pytest.mark.django_db
@pytest.mark.parametrize("user", ["somebody new", "ada"])
def test_what_comes_while_everything_is_removed_waits_on(cut_off: Project, user: str):
    Deletion.objects.update(selection={})
    target = Target(end_user=user, moment=NOON + timedelta(minutes=1))
    record_feedback(cut_off.pk, NewFeedback(slug="comment", text="hm"), target)
    record_tags(cut_off.pk, {"plan": "pro"}, target)

    finish_deletions()
    send(cut_off, line(1, end_user=user, tags={}, keywords=[]))

    (row,) = stored(cut_off)
    assert [action["slug"] for action in row["feedback"]] == ["comment"]
    assert row["labels"] == {"tag: plan": ["pro"]}


@pytest.mark.django_db
def test_user_with_something_left_stays_with_what_waits():
    project = Project.objects.create(name="acme")
    send(project, line(1), line(2), line(3, end_user="bob"))
    target = Target(end_user="ada", moment=NOON, input="to come")
    record_feedback(project.pk, NewFeedback(slug="comment", text="hm"), target)

    assert delete(project, end_user__external_id="ada", started_at__lt=NOON + timedelta(seconds=2)) == 1

    assert sorted(EndUser.objects.values_list("external_id", flat=True)) == ["ada", "bob"]
    assert FeedbackAction.objects.count() == 1
    assert delete(project, end_user__external_id="ada") == 1
    assert list(EndUser.objects.values_list("external_id", flat=True)) == ["bob"]
    assert not FeedbackAction.objects.exists()


@pytest.mark.django_db
def test_other_projects_are_not_touched(project: Project):
    stranger = Project.objects.create(name="stranger")
    record(stranger)
    before = stored(stranger)

    delete(project)

    assert ids(project) == set()
    assert stored(stranger) == before


N_OLD = 1500


@pytest.mark.django_db(transaction=True)
def test_readers_see_before_or_after_and_writers_go_on():
    project = Project.objects.create(name="acme")
    for start in range(0, N_OLD, 500):
        send(project, *(line(start + number) for number in range(500)))
    is_over = threading.Event()
    failures: list[Exception] = []
    counts: list[tuple[int, int]] = []
    n_written = 0

    def until_over(work: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                while not is_over.is_set():
                    work()
            except (DatabaseError, AssertionError) as error:
                failures.append(error)
            finally:
                connections.close_all()

        return run

    def read() -> None:
        rows = Interaction.objects.for_project(project)
        old, new = rows.filter(end_user__external_id="ada"), rows.filter(end_user__external_id="bob")
        counts.append((old.count(), new.count()))

    def write() -> None:
        nonlocal n_written
        send(project, line(10_000 + n_written, end_user="bob"))
        n_written += 1

    threads = [threading.Thread(target=until_over(work)) for work in (read, read, write)]
    for thread in threads:
        thread.start()
    try:
        assert delete(project, end_user__external_id="ada") == N_OLD
        assert not Interaction.objects.filter(end_user__external_id="ada").exists()
    finally:
        is_over.set()
        for thread in threads:
            thread.join()

    assert failures == []
    olds = [old for old, _ in counts]
    assert set(olds) <= {N_OLD, 0}
    assert n_written > 0
    assert Interaction.objects.for_project(project).count() == n_written


@pytest.mark.django_db(transaction=True)
def test_two_deletions_of_the_same_delete_it_once():
    project = Project.objects.create(name="acme")
    send(project, *(line(number) for number in range(200)))
    counts: list[int] = []
    barrier = threading.Barrier(2)

    def run() -> None:
        try:
            barrier.wait()
            counts.append(delete(project))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(counts) == [0, 200]
    assert not Interaction.objects.exists()
    assert not HiddenInteraction.objects.exists()
    assert not Deletion.objects.filter(finished_at=None).exists()
