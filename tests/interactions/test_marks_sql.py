"""SQL by hand marks what it changes, as every other way of writing does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from interactions.models import Interaction
from tests.marks import IDS_A_BUCKET, World, observed


@pytest.fixture
def world(tmp_path: Path, db: None) -> World:
    return World(tmp_path)


INSERT_INTERACTION = (
    "INSERT INTO interactions_interaction (public_id, project_id, started_at, has_pii, n_positive_implicit,"
    " n_positive_explicit, n_negative_implicit, n_negative_explicit)"
    " SELECT %s, project_id, %s, has_pii, 0, 0, 0, 0 FROM interactions_interaction WHERE id = %s"
)
INSERT_LABEL = (
    "INSERT INTO interactions_label (dimension_id, value, folded, is_custom) VALUES (%s, 'new', 'new', %s)"
)
INSERT_LABEL_OF_ONE = (
    "INSERT INTO interactions_interactionlabel (interaction_id, dimension_id, label_id) VALUES (%s, %s, %s)"
)

WRITES: dict[str, Callable[[World], object]] = {
    "insert an interaction": lambda w: w.sql(
        INSERT_INTERACTION, "0" * 32, "2024-05-27 23:59:59.999999", w.first.pk
    ),
    "move an interaction": lambda w: w.sql(
        "UPDATE interactions_interaction SET started_at = '0001-01-01 00:01:00' WHERE id = %s", w.second.pk
    ),
    "delete interactions": lambda w: [
        w.sql(f"DELETE FROM interactions_{table}")
        for table in ("interactiontext", "feedbackaction", "interaction", "interactionlabel")
    ],
    "insert a label of one": lambda w: w.sql(
        INSERT_LABEL_OF_ONE, w.second.pk, w.topic.dimension_id, w.topic.pk
    ),
    "labels to another interaction": lambda w: w.sql(
        "UPDATE interactions_interactionlabel SET interaction_id = %s, label_id = %s"
        " WHERE interaction_id = %s AND dimension_id = (SELECT MAX(dimension_id) FROM"
        " interactions_interactionlabel)", w.first.pk, w.topic.pk, w.second.pk,
    ),
    "delete labels of one": lambda w: w.sql(
        "DELETE FROM interactions_interactionlabel WHERE interaction_id = %s", w.first.pk
    ),
    "insert a user": lambda w: w.sql(
        "INSERT INTO interactions_enduser (project_id, external_id) VALUES (%s, 'new')", w.other.pk
    ),
    "update a user": lambda w: w.sql(
        "UPDATE interactions_enduser SET group_profile_id = NULL WHERE id = %s", w.user.pk
    ),
    "users get other ids": lambda w: w.sql(
        "UPDATE interactions_enduser SET id = id + 5000 WHERE id = %s", IDS_A_BUCKET
    ),
    "delete a user": lambda w: w.sql("DELETE FROM interactions_enduser WHERE id = %s", IDS_A_BUCKET),
    "insert a conversation": lambda w: w.sql(
        "INSERT INTO interactions_conversation (project_id, external_id) VALUES (%s, 'new')", w.other.pk
    ),
    "update a conversation": lambda w: w.sql("UPDATE interactions_conversation SET external_id = 'x'"),
    "delete a conversation": lambda w: [
        w.sql("UPDATE interactions_interaction SET conversation_id = NULL"),
        w.sql("DELETE FROM interactions_conversation"),
    ],
    "insert a label": lambda w: w.sql(INSERT_LABEL, w.topic.dimension_id, True),
    "update a label": lambda w: w.sql(
        "UPDATE interactions_label SET folded = 'x' WHERE id = %s", w.topic.pk
    ),
    "delete a label": lambda w: [
        w.sql("UPDATE interactions_interaction SET topic_id = NULL"),
        w.sql("DELETE FROM interactions_label WHERE id = %s", w.topic.pk),
    ],
}  # fmt: skip


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_what_changed_is_marked_and_nothing_else(world: World, write: Callable[[World], object]):
    with observed() as change:
        write(world)

    assert change.changed
    assert change.marked == change.changed


def test_statement_that_finds_no_row_marks_nothing(world: World):
    with observed() as change:
        world.sql("UPDATE interactions_interaction SET cost_microusd = 1 WHERE id = 0")

    assert change.changed == change.marked == set()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has INSERT OR REPLACE")
def test_row_that_sqlite_replaces_is_marked_where_it_was(world: World):
    columns = [field.column for field in Interaction._meta.concrete_fields if field.name != "started_at"]
    names = ", ".join(columns)

    with observed() as change:
        world.sql(
            f"INSERT OR REPLACE INTO interactions_interaction (started_at, {names})"
            f" SELECT '1960-01-01 00:00:00', {names} FROM interactions_interaction WHERE id = %s",
            world.second.pk,
        )

    assert len(change.changed) == 2
    assert change.marked == change.changed
