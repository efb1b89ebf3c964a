"""Whatever is written in whatever order, the marks are those of a plain model.

The same examples on every run; PROPERTY_EXAMPLES=5000 looks for new ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.db.models import F
from hypothesis import given, settings
from hypothesis import strategies as st

from interactions.models import Dimension, EndUser, Family, Interaction, InteractionLabel, Label, Project
from tests.marks import IDS_A_BUCKET, Place, minute_of, newest_mark, places_marked_after

_examples = os.environ.get("PROPERTY_EXAMPLES")
thoroughly = settings(max_examples=int(_examples or 60), derandomize=_examples is None, deadline=None)

START = datetime(1969, 12, 31, 23, 58, tzinfo=UTC)
N_LABELS = 3


class World:
    """The database, and beside it what a plain model says of each write: the places it marks.

    Every method writes and returns these places. Numbers choose among what there is.
    """

    def __init__(self) -> None:
        self.projects = [Project.objects.create(name=name).pk for name in ("a", "b")]
        dimension = Dimension.objects.create(project_id=self.projects[0], kind="keyword")
        self.labels = [Label.objects.create(dimension=dimension, value=str(n)) for n in range(N_LABELS)]
        # {id: (project, start)}, {(interaction, label)}, {id: project}
        self.interactions: dict[int, tuple[int, datetime]] = {}
        self.labelled: set[tuple[int, int]] = set()
        self.users: dict[int, int] = {}

    def add_interactions(self, project: int, seconds: list[int]) -> set[Place]:
        rows = [
            Interaction(project_id=self.projects[project], started_at=START + timedelta(seconds=after))
            for after in seconds
        ]
        for row in Interaction.objects.bulk_create(rows):
            self.interactions[row.pk] = (row.project_id, row.started_at)
        return {self._place(row.pk) for row in rows}

    def move_interactions(self, project: int, seconds: int) -> set[Place]:
        moved = self._of(project)
        before = {self._place(pk) for pk in moved}
        for row in Interaction.objects.filter(pk__in=moved):
            start = row.started_at + timedelta(seconds=seconds)
            Interaction.objects.filter(pk=row.pk).update(started_at=start)
            self.interactions[row.pk] = (row.project_id, start)
        return before | {self._place(pk) for pk in moved}

    def give_interactions_away(self, project: int) -> set[Place]:
        moved = self._of(project)
        before = {self._place(pk) for pk in moved}
        Interaction.objects.filter(pk__in=moved).update(project_id=self.projects[1 - project])
        for pk in moved:
            self.interactions[pk] = (self.projects[1 - project], self.interactions[pk][1])
        return before | {self._place(pk) for pk in moved}

    def delete_interactions(self, project: int) -> set[Place]:
        gone = self._of(project)
        places = {self._place(pk) for pk in gone}
        Interaction.objects.filter(pk__in=gone).delete()
        for pk in gone:
            del self.interactions[pk]
        self.labelled = {(pk, label) for pk, label in self.labelled if pk in self.interactions}
        return places

    def label_interactions(self, project: int, label: int) -> set[Place]:
        new = [pk for pk in self._of(project) if (pk, label) not in self.labelled]
        chosen = self.labels[label]
        InteractionLabel.objects.bulk_create(
            InteractionLabel(interaction_id=pk, dimension_id=chosen.dimension_id, label=chosen) for pk in new
        )
        self.labelled |= {(pk, label) for pk in new}
        return {self._place(pk) for pk in new}

    def take_label_away(self, label: int) -> set[Place]:
        InteractionLabel.objects.filter(label=self.labels[label]).delete()
        places = {self._place(pk) for pk, other in self.labelled if other == label}
        self.labelled = {pair for pair in self.labelled if pair[1] != label}
        return places

    def rename_label(self, label: int) -> set[Place]:
        chosen = self.labels[label]
        Label.objects.filter(pk=chosen.pk).update(folded=F("value"))
        return {(self.projects[0], Family.LABELS.value, chosen.pk // IDS_A_BUCKET)}

    def add_user(self, project: int, bucket: int) -> set[Place]:
        pk = bucket * IDS_A_BUCKET + len(self.users)
        EndUser.objects.create(pk=pk, project_id=self.projects[project], external_id=str(pk))
        self.users[pk] = self.projects[project]
        return {(self.projects[project], Family.END_USERS.value, bucket)}

    def delete_users(self, project: int) -> set[Place]:
        gone = [pk for pk, owner in self.users.items() if owner == self.projects[project]]
        EndUser.objects.filter(project_id=self.projects[project]).delete()
        for pk in gone:
            del self.users[pk]
        return {(self.projects[project], Family.END_USERS.value, pk // IDS_A_BUCKET) for pk in gone}

    def _of(self, project: int) -> list[int]:
        return [pk for pk, (owner, _) in self.interactions.items() if owner == self.projects[project]]

    def _place(self, interaction: int) -> Place:
        project, start = self.interactions[interaction]
        return project, Family.INTERACTIONS.value, minute_of(start)


projects, labels = st.integers(0, 1), st.integers(0, N_LABELS - 1)
seconds = st.integers(0, 300)
writes = st.one_of(
    st.tuples(st.just(World.add_interactions), projects, st.lists(seconds, min_size=1, max_size=5)),
    st.tuples(st.just(World.move_interactions), projects, seconds),
    st.tuples(st.just(World.give_interactions_away), projects),
    st.tuples(st.just(World.delete_interactions), projects),
    st.tuples(st.just(World.label_interactions), projects, labels),
    st.tuples(st.just(World.take_label_away), labels),
    st.tuples(st.just(World.rename_label), labels),
    st.tuples(st.just(World.add_user), projects, st.integers(100, 102)),
    st.tuples(st.just(World.delete_users), projects),
)


@pytest.mark.django_db
@thoroughly
@given(st.lists(writes, min_size=1, max_size=12))
def test_marks_are_those_of_a_plain_model(sequence: list[tuple[Callable[..., set[Place]], ...]]):
    with transaction.atomic():
        world = World()
        for write, *arguments in sequence:
            before = newest_mark()
            assert write(world, *arguments) == places_marked_after(before)
        transaction.set_rollback(True)
