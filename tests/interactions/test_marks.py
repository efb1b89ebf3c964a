"""Every way of writing leaves new marks for exactly the buckets it changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command

from interactions.columnar.families import bucket_of
from interactions.ingest.writing import delete_rows
from interactions.models import (
    Conversation,
    EndUser,
    Family,
    Interaction,
    InteractionLabel,
    Label,
    Project,
)
from tests.marks import IDS_A_BUCKET, World, minute_of, newest_mark, observed, places_marked_after


@pytest.fixture
def world(tmp_path: Path, db: None, settings: Any) -> World:
    # Imports would seal what they mark.
    settings.QUERY_ENGINE = "database"
    return World(tmp_path)


LONG_AGO = datetime(1960, 1, 1, tzinfo=UTC)

Write = Callable[[World], object]

WRITES: dict[str, Write] = {
    # Our own ways
    "record a new one": lambda w: w.resend(id=str(uuid4()), input="new", end_user="bob", topic="new"),
    "record a new one in a minute that has one": lambda w: w.resend(id=str(uuid4()), input="new"),
    "resend that changes": lambda w: w.resend(topic="goodbye"),
    "resend that changes labels alone": lambda w: w.resend(keywords=["evening"]),
    "resend with feedback": lambda w: w.resend(feedback_actions=[{"slug": "edit"}]),
    "resend that moves it in time": lambda w: w.resend(time_start="2024-05-27T12:07:00Z"),
    "resend with another profile": lambda w: w.resend(end_user_group_profile="self-serve"),
    "import": World.import_file,
    "demo data": lambda w: call_command("create_demo_data", interactions=20, stdout=StringIO()),
    "label edited in the admin": World.edit_label_in_admin,
    "delete_rows": lambda w: delete_rows("default", [w.first.pk, w.second.pk]),
    "project deleted": World.delete_project,
    # The ORM
    "save a new one": lambda w: w.new_interaction().save(),
    "bulk_create": lambda w: Interaction.objects.bulk_create([w.new_interaction() for _ in range(3)]),
    "bulk_create that updates": lambda w: Interaction.objects.bulk_create(
        [w.new_interaction(id=w.first.pk, public_id=w.first.public_id)],
        update_conflicts=True, update_fields=["started_at"], unique_fields=["id"],
    ),
    "bulk_create that ignores": lambda w: EndUser.objects.bulk_create(
        [EndUser(project=w.project, external_id=name) for name in ("ada", "new")], ignore_conflicts=True
    ),
    "labels by bulk_create": lambda w: InteractionLabel.objects.bulk_create(
        [w.labelled(w.first), w.labelled(w.second)]
    ),
    "bulk_update": lambda w: Interaction.objects.bulk_update(
        [Interaction(id=pk, cost_microusd=7) for pk in (w.first.pk, w.second.pk)], ["cost_microusd"]
    ),
    "update that moves": lambda w: Interaction.objects.update(started_at=LONG_AGO),
    "update to another project": lambda w: Interaction.objects.update(project=w.other),
    "user to another project": lambda w: EndUser.objects.filter(id=IDS_A_BUCKET).update(project=w.other),
    "conversation renamed": lambda w: Conversation.objects.update(external_id="c2"),
    "label renamed": lambda w: Label.objects.filter(pk=w.topic.pk).update(value="x", folded="x"),
    "delete of the ORM": lambda w: w.first.delete(),
    "labels deleted": lambda w: InteractionLabel.objects.filter(interaction=w.second).delete(),
}  # fmt: skip

NO_CHANGES: dict[str, Write] = {
    "resend that changes nothing": lambda w: w.resend(),
    "project renamed": lambda w: Project.objects.filter(pk=w.project.pk).update(name="x"),
    "nothing to delete": lambda w: Interaction.objects.filter(id=0).delete(),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_what_changed_is_marked_and_nothing_else(world: World, write: Write):
    with observed() as change:
        write(world)

    assert change.changed
    assert change.marked == change.changed


@pytest.mark.parametrize("write", NO_CHANGES.values(), ids=NO_CHANGES.keys())
def test_what_changes_nothing_marks_nothing(world: World, write: Write):
    with observed() as change:
        write(world)

    assert change.changed == change.marked == set()


MOMENTS = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1, 1, 1, 0, 1, tzinfo=UTC),
    datetime(999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1900, 2, 28, 23, 59, 59, 500_000, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
]


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_minute_is_right_in_every_year(world: World, moment: datetime):
    before = newest_mark()

    world.new_interaction(started_at=moment).save()

    assert places_marked_after(before) == {(world.project.pk, Family.INTERACTIONS, minute_of(moment))}
    assert bucket_of(moment) == minute_of(moment)
