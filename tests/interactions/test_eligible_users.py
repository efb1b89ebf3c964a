"""The list of eligible users under several writers at once, and when a write fails half way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from interactions.eligible_users import (
    NewEligibleUser,
    add_eligible_users,
    list_eligible_users,
    remove_eligible_users,
    replace_eligible_users,
)
from interactions.models import EligibleUser, Project
from tests.dataset import record

N_WRITERS = 6

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="shop")


def user(name: str, **tags: str) -> NewEligibleUser:
    return NewEligibleUser(external_id=name, tags=tags, active_from=date(2024, 5, 1), active_to=None)


def users(writer: int) -> list[NewEligibleUser]:
    """Mostly the same for all writers, each in an order of its own, and some of this one's."""
    names = [f"user {number * (2 * writer + 1) % 64}" for number in range(64)]
    return [user(name, writer=str(writer)) for name in [*names, f"only {writer}"]]


def at_once(write: Callable[[int], None]) -> None:
    """Let every writer start at the same moment, on a connection of its own; an error is raised here."""
    barrier = threading.Barrier(N_WRITERS)

    def run(writer: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait()
            write(writer)
        finally:
            connection.close()

    with ThreadPoolExecutor(N_WRITERS) as threads:
        list(threads.map(run, range(N_WRITERS)))


def by_name(listed: Sequence[NewEligibleUser]) -> dict[str, NewEligibleUser]:
    return {one.external_id: one for one in listed}


def test_of_replacements_at_once_one_is_left_whole(project: Project):
    def write(writer: int) -> None:
        for _ in range(3):
            replace_eligible_users(project.pk, users(writer))

    at_once(write)

    left = by_name(list_eligible_users(project.pk))
    assert left in [by_name(users(writer)) for writer in range(N_WRITERS)]


def test_additions_at_once_lose_nobody(project: Project):
    at_once(lambda writer: add_eligible_users(project.pk, users(writer)))

    left = list_eligible_users(project.pk)
    assert {one.external_id for one in left} == {
        one.external_id for w in range(N_WRITERS) for one in users(w)
    }
    # Who was in every list is as one of them has it, and all of them as the same.
    assert len({one.tags["writer"] for one in left if one.external_id.startswith("user")}) == 1


def test_removals_at_once_count_each_user_once(project: Project):
    add_eligible_users(project.pk, users(0))
    counts: list[int] = []

    at_once(lambda _: counts.append(remove_eligible_users(project.pk, [u.external_id for u in users(0)])))

    assert sorted(counts) == [0] * (N_WRITERS - 1) + [65]


def test_interactions_are_recorded_while_the_list_is_held(project: Project):
    """On SQLite there is one writer at a time, whatever they write."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer")
    with ThreadPoolExecutor(1) as threads, transaction.atomic():
        replace_eligible_users(project.pk, users(0))
        # In vain, if it had to wait for the end of this transaction.
        threads.submit(_record, project).result(timeout=30)


def _record(project: Project) -> None:
    try:
        record(project)
    finally:
        connection.close()


@pytest.mark.parametrize("write", [add_eligible_users, replace_eligible_users])
def test_failed_write_leaves_everything_as_it_was(project: Project, write: Callable[..., None]):
    add_eligible_users(project.pk, [user("ada"), user("bob")])
    before = list(EligibleUser.objects.order_by("pk").values())

    with pytest.raises(IntegrityError):
        write(project.pk, [user("ada", plan="pro"), user("cy"), user("cy")])

    assert list(EligibleUser.objects.order_by("pk").values()) == before


def test_list_goes_with_its_project(project: Project):
    other = Project.objects.create(name="other")
    for one in (project, other):
        add_eligible_users(one.pk, [user("ada")])

    project.delete()

    assert EligibleUser.objects.get().project == other
