"""What a deletion hides is gone at once, whoever asks or sends it again, and is removed in the end."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import DatabaseError, connection, connections
from django.test import Client
from django.utils import timezone

from interactions.admin.display import page_address
from interactions.exporting import export_lines
from interactions.ingest import parse_interaction, record_interactions
from interactions.ingest.deleting import GivenUp, delete_interactions, finish_deletions
from interactions.ingest.events import record_feedback, record_tags
from interactions.ingest.linking import Target
from interactions.ingest.new_interaction import NewFeedback
from interactions.models import (
    Conversation,
    Deletion,
    EndUser,
    FeedbackAction,
    HiddenInteraction,
    IdempotentAnswer,
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


class Found(list[int]):
    """Keys a search found, with which something happens before each portion of them is written down."""

    def __init__(self, keys: list[int], happen: Callable[[], Any]):
        super().__init__(keys)
        self.happen = happen

    def __getitem__(self, place: Any) -> Any:
        self.happen()
        return super().__getitem__(place)


def delete(project: Project, meanwhile: Callable[[], Any] = lambda: None, **condition: Any) -> int:
    """meanwhile: what happens between the search and the moment that hides."""
    find = keys_of(project, **condition)
    return delete_interactions(
        project.pk,
        lambda: Found(find(), meanwhile),
        requested_by="a test",
        selection={"filters": list(condition)} if condition else {},
    )


LONG_AGO = timedelta(hours=2)


def leave(project: Project, keys: list[int], *, is_hiding: bool) -> Deletion:
    """What is left of a deletion whose process ended after it hid, or while it was still preparing."""
    moment = timezone.now() - LONG_AGO
    deletion = Deletion.objects.create(
        project=project, requested_by="a test", requested_at=moment, selection={"filters": ["all"]},
        n_interactions=len(keys), hidden_at=moment if is_hiding else None,
    )  # fmt: skip
    HiddenInteraction.objects.bulk_create(
        HiddenInteraction(interaction_id=pk, deletion=deletion) for pk in keys
    )
    return deletion


@pytest.fixture
def cut_off(project: Project) -> Project:
    """A project in which a deletion of all there was ended between hiding and removing."""
    leave(project, keys_of(project)(), is_hiding=True)
    return project


@pytest.fixture
def prepared(project: Project) -> Project:
    """A project in which a deletion of all there is ended before it hid anything."""
    leave(project, keys_of(project)(), is_hiding=False)
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
    Deletion.objects.update(hidden_at=timezone.now())

    finish_deletions()

    assert HiddenInteraction.objects.count() == len(LINES)


@pytest.mark.django_db
def test_what_is_only_prepared_is_not_hidden(prepared: Project, client: Client):
    client.force_login(User.objects.create_superuser("root"))

    assert len(ids(prepared)) == len(LINES)
    assert len(list(export_lines(prepared))) == len(LINES)
    for row in (Interaction.objects.first(), FeedbackAction.objects.first()):
        assert client.get(page_address(row)).status_code == 200


@pytest.mark.django_db
def test_what_was_prepared_in_vain_never_hides_and_leaves_a_line(prepared: Project, client: Client):
    before = stored(prepared)

    finish_deletions()

    assert stored(prepared) == before
    assert not HiddenInteraction.objects.exists()
    line = Deletion.objects.get()
    assert (line.n_interactions, line.hidden_at) == (0, None)
    assert line.finished_at is not None
    client.force_login(User.objects.create_superuser("root"))
    assert "no interaction was deleted" in client.get(page_address(line)).content.decode()


@pytest.mark.django_db
def test_a_deletion_that_is_being_prepared_is_left_to_itself(prepared: Project):
    Deletion.objects.update(requested_at=timezone.now())

    finish_deletions()

    assert HiddenInteraction.objects.count() == len(LINES)
    assert Deletion.objects.get().finished_at is None


@pytest.mark.django_db
def test_what_was_prepared_in_vain_is_not_in_the_way_of_the_next(prepared: Project):
    assert delete(prepared) == len(LINES)

    assert not Interaction.objects.exists()
    finish_deletions()
    assert not HiddenInteraction.objects.exists()
    assert list(Deletion.objects.order_by("id").values_list("n_interactions", flat=True)) == [0, len(LINES)]


@pytest.mark.django_db
def test_what_was_prepared_in_vain_is_the_same_when_it_is_sent_again():
    project = Project.objects.create(name="acme")
    first = send(project, line(1), line(2))
    leave(project, keys_of(project)(), is_hiding=False)

    again = send(project, line(1), line(2, tags={"new": "yes"}))

    assert again.ids == first.ids
    assert again.outcomes == ["unchanged", "updated"]
    finish_deletions()
    assert ids(project) == set(first.ids)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.django_db
def test_a_deletion_that_ends_before_it_hides_deletes_nothing():
    project = Project.objects.create(name="acme")
    send(project, line(1), line(2, end_user="bob"))
    target = Target(end_user="ada", moment=NOON, input="to come")
    record_feedback(project.pk, NewFeedback(slug="comment", text="hm"), target)
    before = stored(project)

    def end() -> None:
        raise Killed

    with pytest.raises(Killed):
        delete(project, end)

    assert stored(project) == before
    assert FeedbackAction.objects.count() == 1
    assert delete(project) == 2


@pytest.mark.django_db
def test_a_deletion_that_was_given_up_does_not_hide(project: Project):
    def give_up() -> None:
        Deletion.objects.update(requested_at=timezone.now() - LONG_AGO)
        finish_deletions()

    with pytest.raises(GivenUp):
        delete(project, give_up)

    assert len(ids(project)) == len(LINES)
    # Also the keys that were written after that.
    finish_deletions()
    assert not HiddenInteraction.objects.exists()


@pytest.mark.django_db
def test_what_was_found_goes_even_if_it_is_changed_before_it_is_hidden():
    project = Project.objects.create(name="acme")
    send(project, line(1, intent="to buy"))

    outcomes = []

    def change() -> None:
        outcomes.extend(send(project, line(1, intent="to sell")).outcomes)

    assert delete(project, change, intent__value="to buy") == 1

    assert outcomes == ["updated"]
    assert not Interaction.objects.exists()


@pytest.mark.django_db
def test_what_is_recorded_after_the_search_stays():
    project = Project.objects.create(name="acme")
    send(project, line(1), line(2, end_user="bob"))

    assert delete(project, lambda: send(project, line(3))) == 2

    assert [row["input"] for row in stored(project)] == ["in 3"]
    assert [user.external_id for user in EndUser.objects.all()] == ["ada"]


@pytest.mark.django_db
def test_what_another_deletion_takes_meanwhile_is_deleted_once():
    project = Project.objects.create(name="acme")
    send(project, line(1), line(2), line(3))
    counts = []

    def delete_one() -> None:
        counts.append(delete(project, started_at=NOON + timedelta(seconds=2)))
        send(project, line(2))

    counts.append(delete(project, delete_one))

    assert counts == [1, 2]
    assert sorted(Deletion.objects.values_list("n_interactions", flat=True)) == [1, 2]
    # Sent again after it was gone.
    assert [row["input"] for row in stored(project)] == ["in 2"]


@pytest.mark.django_db
def test_what_two_deletions_hide_is_counted_once_and_new_when_it_is_sent_again():
    project = Project.objects.create(name="acme")
    send(project, *(line(number) for number in range(5)))
    keys = keys_of(project)()
    deletions = [leave(project, some, is_hiding=True) for some in (keys[:3], keys[1:4])]
    assert len(ids(project)) == 1

    assert send(project, line(3), line(4)).outcomes == ["stored", "unchanged"]
    finish_deletions()

    assert [row["input"] for row in stored(project)] == ["in 3", "in 4"]
    assert not HiddenInteraction.objects.exists()
    for deletion, n_deleted in zip(deletions, (3, 1), strict=True):
        deletion.refresh_from_db()
        assert deletion.n_interactions == n_deleted
        assert deletion.finished_at is not None


@pytest.mark.django_db
@pytest.mark.parametrize("known_by", ["id", "content"])
def test_what_is_sent_again_meanwhile_is_new_and_stays(known_by: str):
    project = Project.objects.create(name="acme")
    sent_id = "a" * 8 + "-1111-4111-8111-" + "b" * 12
    sent = line(1, id=sent_id) if known_by == "id" else line(1)
    send(project, sent, line(2))
    leave(project, keys_of(project)(), is_hiding=True)

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
def test_of_everything_all_that_waits_goes_however_much_it_is():
    project, stranger = (Project.objects.create(name=name) for name in ("acme", "stranger"))
    kinds = (FeedbackAction, WaitingTags, KnownSpan, IdempotentAnswer)
    for owner, n_waiting in ((project, 2600), (stranger, 1)):
        let_wait(owner, n_waiting)
    n_left: list[int] = []

    def note(execute: Callable, sql: str, *arguments: Any) -> Any:
        if sql.startswith("UPDATE") and "hidden_at" in sql:
            n_left.extend(model.objects.filter(project=project).count() for model in kinds)
        return execute(sql, *arguments)

    with connection.execute_wrapper(note):
        assert delete(project) == 0

    # Most of it before the moment of hiding, for which others wait.
    assert n_left == [1000] * len(kinds)
    for model in (*kinds, EndUser):
        assert [row.project for row in model.objects.all()] == [stranger]


def let_wait(project: Project, n_waiting: int) -> None:
    """So many users with a comment and tags that wait, and as many spans and answers."""
    numbers = range(n_waiting)
    users = EndUser.objects.bulk_create(
        EndUser(project=project, external_id=str(number)) for number in numbers
    )
    FeedbackAction.objects.bulk_create(
        FeedbackAction(project=project, end_user=user, slug="comment", occurred_at=NOON) for user in users
    )
    WaitingTags.objects.bulk_create(
        WaitingTags(project=project, end_user=user, moment=NOON, is_start=True, tags={}) for user in users
    )
    KnownSpan.objects.bulk_create(
        KnownSpan(project=project, trace_id="a" * 32, span_id=f"{number:016x}", role="step", expires_at=NOON)
        for number in numbers
    )
    IdempotentAnswer.objects.bulk_create(
        IdempotentAnswer(project=project, key=str(number), digest=b"", answer="{}", created_at=NOON)
        for number in numbers
    )


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
def test_however_many_are_found_nobody_waits_until_they_are_written_down():
    project = Project.objects.create(name="acme")
    send(project, line(1))
    # Of interactions that are gone: they are looked for in vain, and not counted.
    keys = [*keys_of(project)(), *range(10**9, 10**9 + 60_000)]
    written: list[int] = []

    def write() -> None:
        assert not connection.in_atomic_block
        assert len(ids(project)) == 1 + len(written)
        send(project, line(100 + len(written)))
        written.append(HiddenInteraction.objects.count())

    n_deleted = delete_interactions(
        project.pk, lambda: Found(keys, write), requested_by="a test", selection={"filters": ["all"]}
    )

    assert n_deleted == 1
    assert written[0] == 0
    assert len(written) > 2
    assert all(few < more for few, more in pairwise(written))
    assert len(ids(project)) == len(written)
    assert not HiddenInteraction.objects.exists()


@pytest.fixture
def migrated_back() -> Iterator[None]:
    """Whatever a test migrates to, the next one finds the database as it should be."""
    yield
    call_command("migrate", "interactions", verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_what_is_hidden_stays_so_from_one_version_to_another(migrated_back: None):
    project = Project.objects.create(name="acme")
    send(project, line(1), line(2), line(3))
    keys = keys_of(project)()
    # Two that name the same, of which a table before had one.
    for _ in range(2):
        leave(project, keys[:1], is_hiding=True)
    leave(project, keys[1:], is_hiding=False)

    call_command("migrate", "interactions", "0007", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT interaction_id FROM interactions_hiddeninteraction")
        assert cursor.fetchall() == [(keys[0],)]
    call_command("migrate", "interactions", verbosity=0)

    assert keys_of(project)() == keys[1:]
    finish_deletions()
    assert [row["input"] for row in stored(project)] == ["in 2", "in 3"]


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
