"""What is copied is whole, or nothing is: an error on either side of the pipe is an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection

from interactions.columnar.copying import copy_rows, make_tables
from interactions.columnar.families import FAMILIES, KeptTable, bucket_of
from interactions.columnar.instance import instance
from interactions.columnar.layout import Run
from interactions.columnar.publishing import write_file
from interactions.models import Dimension, Family, Interaction, InteractionLabel, Label, Project
from tests.dataset import record

pytestmark = pytest.mark.django_db
FAMILY = FAMILIES[Family.INTERACTIONS]
WORDS = FAMILIES[Family.END_USERS]
ALL_TIME = [(0, 10**10)]


@pytest.fixture
def project() -> Project:
    project = Project.objects.create(name="acme")
    record(project)
    return project


@pytest.fixture
def prefix() -> str:
    return instance().next_name("copied")


def copy(
    project: Project, prefix: str, parts: Sequence[Sequence[Run]] = (ALL_TIME,), without: str | None = None
) -> dict[str, int]:
    """-> how many rows each table has"""
    cursor = instance().cursor()

    def name_of(table: KeptTable) -> str:
        return f"memory.main.{prefix}_{table.name}"

    make_tables(FAMILY, cursor, name_of)
    if without:
        cursor.execute(f"DROP TABLE {without}")
    for runs in parts:
        copy_rows(DEFAULT_DB_ALIAS, FAMILY, project.pk, runs, cursor, name_of)
    counts = {}
    for table in FAMILY.tables:
        (counts[table.name],) = cursor.execute(f"SELECT count(*) FROM {name_of(table)}").fetchone()
    return counts


def test_copies_every_row(project, prefix):
    labels = InteractionLabel.objects.filter(interaction__project=project)
    assert copy(project, prefix) == {
        Interaction._meta.db_table: Interaction.objects.for_project(project).count(),
        InteractionLabel._meta.db_table: labels.count(),
    }
    assert labels.count() > 0


def test_copies_parts_one_after_the_other(project, prefix):
    moments = sorted(Interaction.objects.for_project(project).values_list("started_at", flat=True))
    middle = bucket_of(moments[5])
    parts = [[(0, middle)], [(middle, middle + 1), (middle + 1, 10**10)]]
    assert copy(project, prefix, parts) == {
        Interaction._meta.db_table: Interaction.objects.for_project(project).count(),
        InteractionLabel._meta.db_table: InteractionLabel.objects.filter(
            interaction__project=project
        ).count(),
    }
    copied = instance().cursor().execute(f"FROM memory.main.{prefix}_{Interaction._meta.db_table}")
    started_at = [column[0] for column in copied.description].index("started_at")
    assert [row[started_at].replace(tzinfo=UTC) for row in copied.fetchall()] == moments


def test_says_why_duckdb_stopped_reading(project, prefix):
    name = f"memory.main.{prefix}_{Interaction._meta.db_table}"
    with pytest.raises(
        duckdb.CatalogException, match=f"{prefix}_{Interaction._meta.db_table} does not exist"
    ):
        copy(project, prefix, without=name)


def test_a_database_that_fails_is_not_taken_for_the_end_of_the_rows(project, prefix):
    # Taken back with the test's transaction; PostgreSQL drops no table that is still to be checked.
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {InteractionLabel._meta.db_table}")
    with pytest.raises(DatabaseError, match=InteractionLabel._meta.db_table):
        copy(project, prefix)


def test_copies_labels_with_their_interaction_and_its_bucket(project, prefix):
    copy(project, prefix)
    copied = (
        instance()
        .cursor()
        .execute(
            "SELECT interaction_id, dimension_id, label_id, bucket"
            f" FROM memory.main.{prefix}_{InteractionLabel._meta.db_table}"
        )
    )
    kept = InteractionLabel.objects.filter(interaction__project=project).select_related("interaction")
    assert sorted(copied.fetchall()) == sorted(
        (
            label.interaction_id,
            label.dimension_id,
            label.label_id,
            (label.interaction.started_at - datetime(1, 1, 1, tzinfo=UTC)) // timedelta(minutes=1),
        )
        for label in kept
    )


def test_copies_an_interaction_with_more_labels_than_any_request_can_give_it(project, prefix):
    interaction = Interaction.objects.for_project(project).first()
    dimension = Dimension.objects.create(project=project, kind="tag", key="many")
    first = 10**15
    labels = [
        Label(id=first + number, dimension=dimension, value=f"{number}", folded=f"{number}")
        for number in range(20_000)
    ]
    Label.objects.bulk_create(labels, batch_size=1_000)
    InteractionLabel.objects.bulk_create(
        (InteractionLabel(interaction=interaction, dimension=dimension, label=label) for label in labels),
        batch_size=1_000,
    )
    n_labels = InteractionLabel.objects.filter(interaction__project=project).count()
    assert copy(project, prefix)[InteractionLabel._meta.db_table] == n_labels


def test_a_file_filled_in_parts_has_no_room_that_is_not_used(tmp_path):
    def fill(cursor: duckdb.DuckDBPyConnection, name_of: Callable[[KeptTable], str]) -> None:
        name = name_of(WORDS.tables[0])
        rows = "SELECT hash(number) AS id FROM range(130_000) AS numbers(number)"
        cursor.execute(f"CREATE TABLE {name} AS {rows}")
        for _ in range(3):
            cursor.execute(f"INSERT INTO {name} {rows}")

    file = write_file(tmp_path, WORDS, 520_000, fill)
    with instance().attached([file.path]) as names:
        (n_used, n_free) = (
            instance()
            .cursor()
            .execute(
                "SELECT used_blocks, free_blocks FROM pragma_database_size() WHERE database_name = ?",
                [names[file.path]],
            )
            .fetchone()
        )
    assert file.n_rows == 520_000
    assert n_used * 0.05 > n_free
