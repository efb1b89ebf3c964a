"""The columnar engine gives what plain Python gives, whatever is sealed when, and written afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import strategies as st

from interactions.columnar.sealing import seal_project
from interactions.ingest import record_interactions
from interactions.keys import issue_key
from interactions.models import Interaction, Project
from tests import reference
from tests.analytics_api.test_aggregates_property import (
    BATCHES,
    answer_within_a_day,
    examples,
    new_interaction,
    set_custom_labels,
    store,
    store_eligible_users,
)
from tests.assertions import assert_same_answer
from tests.strategies import World, worlds

pytestmark = pytest.mark.django_db(databases=["default", "columnar"])


@pytest.fixture(autouse=True)
def _columnar(settings: Any) -> None:
    settings.QUERY_ENGINE = "columnar"


@contextmanager
def stored_in_pieces(world: World, n_early: int, seals: Sequence[int | None]) -> Iterator[str]:
    """Store a world with seals between its parts; gives a key.

    What is sealed and gone again by the end comes first; then early interactions and late ones.
    seals: after each of the three parts, seal what starts before the so manieth interaction; -1 seals
        everything, None nothing.
    """
    starts = sorted(new_interaction(line).time_start for line in world.lines)

    def seal(project: Project, number: int | None) -> None:
        if number == -1:
            seal_project(project)
        elif number is not None and number < len(starts):
            seal_project(project, until=starts[number])

    with transaction.atomic():
        project, stranger = (Project.objects.create(name=str(uuid4())) for _ in range(2))
        store(stranger, world.stranger_lines, world.stranger_custom_labels)
        # By a user of its own: what is said of a user stays when the interactions go.
        store(project, [line | {"end_user": "gone"} for line in world.stranger_lines], set())
        seal(project, seals[0])
        Interaction.objects.for_project(project).delete()
        for lines, number in zip((world.lines[:n_early], world.lines[n_early:]), seals[1:], strict=True):
            record_interactions(project, [new_interaction(line) for line in lines], anonymize=False)
            seal(project, number)
        seal_project(stranger)
        set_custom_labels(project, world.custom_labels)
        store_eligible_users(project, world.eligible_users)
        store_eligible_users(stranger, world.stranger_eligible_users)
        yield issue_key(project, name="tests")
        transaction.set_rollback(True)


@pytest.mark.parametrize(("batch", "order_by"), BATCHES)
def test_answer_is_that_of_the_reference(batch: int, order_by: str):
    seal = st.sampled_from([None, -1, -1, *range(6)])

    @examples(batch, world=worlds(order_by), n_early=st.integers(0, 12), seals=st.tuples(seal, seal, seal))
    def check(world: World, n_early: int, seals: tuple[int | None, ...]) -> None:
        with stored_in_pieces(world, n_early, seals) as key:
            for request in world.requests:
                response, now = answer_within_a_day(key, request)
                expected = reference.answer(world.lines, request, **world.settings, now=now)
                assert_same_answer(response.json(), expected, request)
                reads_texts = any(asked["kind"] in reference.TEXT_KINDS for asked in request["filters"])
                engine = "database" if reads_texts else "columnar"
                assert f'query;desc="{engine}"' in response["Server-Timing"]

    check()
