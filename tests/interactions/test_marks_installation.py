"""After every migration the triggers are there, and whatever they missed is marked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from interactions.columnar.marks import install_triggers
from interactions.models import (
    Conversation,
    Dimension,
    DirtyMark,
    EndUser,
    Family,
    Interaction,
    InteractionLabel,
    Label,
    Project,
    SealedFile,
)
from tests.marks import minute_of, newest_mark, observed, places_marked_after

NOON = datetime(2024, 5, 27, 12, tzinfo=UTC)
WITHOUT_MARKS, WITH_MARKS = "0001", "0002"

# A migration to come: on SQLite it rebuilds every kept table; afterwards it writes.
REBUILD = """
from django.db import migrations, models

class Migration(migrations.Migration):
    dependencies = [("interactions", "NEWEST")]
    operations = [
        migrations.AlterField("interaction", "input_tokens", models.BigIntegerField(null=True)),
        migrations.AlterField("enduser", "external_id", models.TextField()),
        migrations.AlterField("conversation", "external_id", models.TextField()),
        migrations.AlterField("label", "value", models.TextField()),
        migrations.AlterField("dirtymark", "family", models.IntegerField()),
        migrations.RunSQL(
            "UPDATE interactions_interaction SET started_at = '1960-01-01 00:00:00'", migrations.RunSQL.noop
        ),
    ]
"""

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="shop")


@pytest.fixture
def migrated_back() -> Iterator[None]:
    """Whatever a test migrates to, the next one finds the database as it should be."""
    yield
    call_command("migrate", "interactions", verbosity=0)


@pytest.fixture
def migration_to_come(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put REBUILD after the real migrations, in a package that finds both."""
    package = tmp_path / "migrations_to_come"
    package.mkdir()
    (package / "__init__.py").write_text(
        "import interactions.migrations\n__path__ += interactions.migrations.__path__\n"
    )
    ((_, newest),) = MigrationLoader(None).graph.leaf_nodes("interactions")
    (package / "9999_rebuild.py").write_text(REBUILD.replace("NEWEST", newest))
    monkeypatch.syspath_prepend(tmp_path)
    settings.MIGRATION_MODULES = {"interactions": package.name}
    yield
    call_command("migrate", "interactions", newest, verbosity=0)


def write_to_every_table(project: Project) -> None:
    user = EndUser.objects.create(project=project, external_id="ada")
    conversation = Conversation.objects.create(project=project, external_id="c1")
    keyword = Dimension.objects.create(project=project, kind="keyword")
    label = Label.objects.create(dimension=keyword, value="a")
    interaction = Interaction.objects.create(
        project=project, started_at=NOON, end_user=user, conversation=conversation
    )
    InteractionLabel.objects.bulk_create(
        [InteractionLabel(interaction=interaction, dimension=keyword, label=label)]
    )


def places_of_everything(project: Project) -> set[tuple[int, int, int]]:
    """One row in each table but interactions, of which there may be several."""
    minutes = {minute_of(at) for at in Interaction.objects.values_list("started_at", flat=True)}
    places = {(project.pk, Family.INTERACTIONS.value, minute) for minute in minutes}
    for family, model in (
        (Family.END_USERS, EndUser), (Family.CONVERSATIONS, Conversation), (Family.LABELS, Label)
    ):  # fmt: skip
        places.add((project.pk, family.value, model.objects.get().pk // 1024))
    return places


def sealed_file() -> SealedFile:
    return SealedFile.objects.create(
        project_id=1, family=Family.INTERACTIONS, first_bucket=0, end_bucket=1, name="a",
        n_rows=1, size_bytes=1, format=1, sealed_at=timezone.now(),
    )  # fmt: skip


def test_what_was_there_before_the_marks_is_marked(project: Project, migrated_back: None):
    # Written in today's form; the way back takes the marks with it.
    write_to_every_table(project)
    for minutes in range(3):
        Interaction.objects.create(project=project, started_at=NOON - timedelta(minutes=minutes))
    call_command("migrate", "interactions", WITHOUT_MARKS, verbosity=0)

    call_command("migrate", "interactions", verbosity=0)

    assert places_marked_after(0) == places_of_everything(project)
    assert DirtyMark.objects.count() == len(places_of_everything(project))


def test_rebuilt_tables_have_their_triggers(project: Project, migration_to_come: None):
    write_to_every_table(project)
    file = sealed_file()
    before = newest_mark()

    call_command("migrate", "interactions", verbosity=0)

    places = places_of_everything(project) if connection.vendor == "sqlite" else {
        (project.pk, Family.INTERACTIONS, minute_of(at)) for at in (NOON, datetime(1960, 1, 1))
    }  # fmt: skip
    assert places_marked_after(before) == places
    file.refresh_from_db()
    # What it holds of minutes that lost their rows meanwhile, no mark would contradict.
    assert (file.retired_at is not None) == (connection.vendor == "sqlite")
    with observed() as change:
        write_to_every_table(Project.objects.create(name="other"))
    assert len(change.changed) == 4
    assert change.marked == change.changed


def test_installing_where_all_is_there_asks_once_and_changes_nothing(project: Project):
    write_to_every_table(project)
    file, before = sealed_file(), newest_mark()

    with CaptureQueriesContext(
        connection,
    ) as queries:
        install_triggers(connection.alias)

    # Every flush of the tests and every start of the server does this.
    assert len(queries) == 1
    assert places_marked_after(before) == set()
    file.refresh_from_db()
    assert file.retired_at is None


def test_flush_leaves_the_triggers(project: Project):
    call_command("flush", verbosity=0, interactive=False)

    with observed() as change:
        write_to_every_table(Project.objects.create(name="shop"))

    assert len(change.changed) == 4
    assert change.marked == change.changed


def test_trigger_that_went_missing_is_made_again_and_its_family_marked(project: Project):
    write_to_every_table(project)
    before = newest_mark()
    drop_a_trigger_of("interactions_enduser")

    install_triggers(connection.alias)

    user = EndUser.objects.get()
    assert places_marked_after(before) == {(project.pk, Family.END_USERS, user.pk // 1024)}
    with observed() as change:
        EndUser.objects.create(project=project, external_id="bob")
    assert change.marked == change.changed != set()


def drop_a_trigger_of(table: str) -> None:
    find, drop = {
        "sqlite": (
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s AND tbl_name = %s",
            "DROP TRIGGER {name}",
        ),
        "postgresql": (
            "SELECT tgname FROM pg_trigger WHERE tgname LIKE %s AND tgrelid = %s::regclass",
            "DROP TRIGGER {name} ON {table}",
        ),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(find, ["%insert%", table])
        (name,) = cursor.fetchone()
        cursor.execute(drop.format(name=name, table=table))
