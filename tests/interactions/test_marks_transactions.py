"""Marks belong to the transaction that made the change, have ever new ids, and keep nobody waiting."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from interactions.models import DirtyMark, EndUser, Family, Interaction, Project
from tests.marks import minute_of, newest_mark, places_marked_after

NOON = datetime(2024, 5, 27, 12, tzinfo=UTC)

only_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="on SQLite every writer is alone, and nothing is truncated"
)


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(name="shop")


def interaction_at_noon(project: Project) -> Interaction:
    return Interaction.objects.create(project=project, started_at=NOON)


def ids_of_noon(project: Project) -> list[int]:
    marks = DirtyMark.objects.filter(
        project_id=project.pk, family=Family.INTERACTIONS, bucket=minute_of(NOON)
    )
    return sorted(marks.values_list("id", flat=True))


def test_mark_is_rolled_back_with_the_change(project: Project):
    interaction_at_noon(project)
    before = list(DirtyMark.objects.values_list())

    with transaction.atomic():
        interaction_at_noon(project)
        assert list(DirtyMark.objects.values_list()) != before
        transaction.set_rollback(True)

    assert list(DirtyMark.objects.values_list()) == before


def test_every_change_has_an_id_that_none_had_before(project: Project):
    interaction = interaction_at_noon(project)
    ids = [ids_of_noon(project)[-1]]
    for change in (interaction.save, lambda: interaction_at_noon(project), interaction.delete):
        # As a sealer does: the largest id is free again, and must not be given again.
        DirtyMark.objects.all().delete()
        change()
        ids.append(ids_of_noon(project)[-1])

    assert ids == sorted(set(ids))


def test_word_that_is_there_already_does_not_keep_the_mark_of_another_old(project: Project):
    """SQLite hands the OR IGNORE of a statement down to the triggers it fires."""
    EndUser.objects.create(project=project, external_id="ada")
    before = newest_mark()
    users = [EndUser(project=project, external_id=name) for name in ("ada", "bob")]

    EndUser.objects.bulk_create(users, ignore_conflicts=True)

    bucket = EndUser.objects.get(external_id="bob").pk // 1024
    assert places_marked_after(before) == {(project.pk, Family.END_USERS, bucket)}


def test_sqlite_keeps_the_newest_mark_of_a_bucket_and_postgresql_adds_one_a_statement(project: Project):
    for _ in range(3):
        interaction_at_noon(project)
    Interaction.objects.bulk_create([Interaction(project=project, started_at=NOON) for _ in range(100)])

    assert len(ids_of_noon(project)) == {"sqlite": 1, "postgresql": 4}[connection.vendor]


def test_mark_made_by_hand_is_a_mark_like_any_other(project: Project):
    """A file that is found damaged has its buckets marked by the application."""
    interaction_at_noon(project)
    before = newest_mark()

    DirtyMark.objects.create(project_id=project.pk, family=Family.INTERACTIONS, bucket=minute_of(NOON))

    assert places_marked_after(before) == {(project.pk, Family.INTERACTIONS, minute_of(NOON))}


@only_postgresql
@pytest.mark.django_db(transaction=True)
def test_writers_of_one_minute_do_not_wait_for_each_other(project: Project):
    def write_beside() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                # A writer that waits is told so, instead of waiting for this test for ever.
                cursor.execute("SET LOCAL lock_timeout = '5s'")
                interaction_at_noon(project)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread, transaction.atomic():
        interaction_at_noon(project)
        thread.submit(write_beside).result()
        assert len(ids_of_noon(project)) == 2


@only_postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["interaction", "enduser"])
def test_truncate_marks_all_that_goes(project: Project, table: str):
    stored = interaction_at_noon(project)
    user = EndUser.objects.create(project=project, external_id="ada")
    before = newest_mark()

    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE interactions_{table} CASCADE")

    expected = {(project.pk, Family.INTERACTIONS, minute_of(stored.started_at))}
    if table == "enduser":
        # Interactions name users, so they go too.
        expected.add((project.pk, Family.END_USERS, user.pk // 1024))
    assert places_marked_after(before) == expected
