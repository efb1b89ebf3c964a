"""The aggregate endpoint gives what plain Python gives, whatever is stored and whatever is asked.

The same examples on every run, because a suite must not fail by chance. To look for new ones:
PROPERTY_BATCHES=500 pytest tests/analytics_api/test_aggregates_property.py
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from analytics_api.serializers.eligible_users import EligibleUsersRequest
from interactions.eligible_users import replace_eligible_users
from interactions.ingest import NewInteraction, parse_interaction, record_interactions
from interactions.keys import issue_key
from interactions.models import Label, Project
from tests import dataset, reference
from tests.assertions import assert_same_answer
from tests.reference import CustomLabel
from tests.strategies import World, worlds

URL = "/api/external/get-interaction-aggregates"
TOTAL_REQUEST = {"time_range": dataset.TIME_RANGE, "filters": [], "limit": 100, "offset": 0}

# After its first ten examples Hypothesis mostly varies what it made before: many small batches meet
# more than a large one does.
EXAMPLES_PER_BATCH = 10
# Batches take the orderings in turn.
ORDERINGS = list(reference.ORDERINGS)
BATCHES = [
    pytest.param(number, ORDERINGS[number % len(ORDERINGS)])
    for number in range(int(os.environ.get("PROPERTY_BATCHES", len(ORDERINGS))))
]


def examples(
    batch: int, **drawn: st.SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Run the decorated check on a batch of random examples, the same ones for the same number."""

    def decorate(check: Callable[..., None]) -> Callable[[], None]:
        options = settings(
            max_examples=EXAMPLES_PER_BATCH,
            deadline=None,
            # A whole data set is a large example, and slow to make on a busy machine.
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        return seed(batch)(options(given(**drawn)(check)))

    return decorate


def ask(key: str, request: Mapping[str, Any]) -> HttpResponse:
    return Client().post(
        URL, request, content_type="application/json", headers={"Authorization": f"Bearer {key}"}
    )


def answer_of(response: HttpResponse) -> dict[str, Any]:
    assert response.status_code == 200, response.content.decode()
    return response.json()


@contextmanager
def stored(world: World) -> Iterator[str]:
    """Store both projects of a world for a while; gives a key of the first."""
    with transaction.atomic():
        project, stranger = (Project.objects.create(name=str(uuid4())) for _ in range(2))
        store(stranger, world.stranger_lines, world.stranger_custom_labels)
        store(project, world.lines, world.custom_labels)
        store_eligible_users(stranger, world.stranger_eligible_users)
        store_eligible_users(project, world.eligible_users)
        yield issue_key(project, name="tests")
        # The next example starts from nothing.
        transaction.set_rollback(True)


def store(project: Project, lines: Sequence[Mapping[str, Any]], custom_labels: Set[CustomLabel]) -> None:
    record_interactions(project, [new_interaction(line) for line in lines], anonymize=False)
    set_custom_labels(project, custom_labels)


def store_eligible_users(project: Project, users: Sequence[Mapping[str, Any]]) -> None:
    sent = EligibleUsersRequest().run_validation({"users": users})
    replace_eligible_users(project.pk, sent["users"])


def set_custom_labels(project: Project, custom_labels: Set[CustomLabel]) -> None:
    labels = Label.objects.filter(dimension__project=project)
    rows = labels.values_list("id", "dimension__kind", "dimension__key", "value")
    labels.filter(id__in=[pk for pk, *label in rows if tuple(label) in custom_labels]).update(is_custom=True)


def new_interaction(line: Mapping[str, Any]) -> NewInteraction:
    # An import line must have a user and an end; other ways in may know neither.
    stand_ins = {"end_user": "nobody", "time_end": line["time_start"]}
    unknown = {field: None for field in stand_ins if line.get(field) is None}
    item = parse_interaction({**line, **{field: stand_ins[field] for field in unknown}})
    return item.model_copy(update=unknown)


# The reference itself is held to numbers counted by hand.


def test_reference_gives_the_total_counted_by_hand():
    assert reference.answer(dataset.LINES, TOTAL_REQUEST) == [[dataset.TOTAL]]


def test_reference_gives_the_sessions_and_the_previous_week_counted_by_hand():
    variables = [*reference.DEFAULT_VARIABLES, "session_length", "session_time", "stickiness"]
    request = TOTAL_REQUEST | {"variables": variables, "include_previous": True}

    assert reference.answer(dataset.LINES, request) == [[dataset.TOTAL | dataset.SESSIONS | dataset.PREVIOUS]]


def test_reference_gives_the_topics_counted_by_hand():
    request = TOTAL_REQUEST | {"group_by": {"kind": "topic", "include_empty": True}}
    billing, shipping, other = dataset.BY_TOPIC

    assert reference.answer(dataset.LINES, request) == [
        [billing], [shipping], [dataset.WITHOUT_TOPIC, other],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("group_by", "counts"), dataset.COUNTS, ids=[group_by["kind"] for group_by, _ in dataset.COUNTS]
)
def test_reference_gives_the_groups_counted_by_hand(group_by: dict[str, str], counts: dict[str, int]):
    rows = itertools.chain(*reference.answer(dataset.LINES, TOTAL_REQUEST | {"group_by": group_by}))

    assert {row["group_name"]: row["n_interactions"] for row in rows} == counts


# The endpoint is held to the reference.


@pytest.mark.django_db
@pytest.mark.parametrize(("batch", "order_by"), BATCHES)
def test_answer_is_that_of_the_reference(batch: int, order_by: str):
    @examples(batch, world=worlds(order_by))
    def check(world: World) -> None:
        with stored(world) as key:
            for request in world.requests:
                response, now = answer_within_a_day(key, request)
                expected = reference.answer(world.lines, request, **world.settings, now=now)
                assert_same_answer(response.json(), expected, request)

    check()


@pytest.mark.django_db
@pytest.mark.parametrize(("batch", "order_by"), BATCHES)
def test_pages_together_are_the_whole_once(batch: int, order_by: str):
    @examples(batch, world=worlds(order_by), n_pages=st.integers(2, 4))
    def check(world: World, n_pages: int) -> None:
        with stored(world) as key:
            for request in world.requests:
                whole = answer_of(ask(key, request | {"limit": 1000, "offset": 0}))
                page_size = whole["total"] // n_pages + 1
                # The last of these pages lies past the end.
                offsets = range(0, whole["total"] + page_size, page_size)
                pages = [answer_of(ask(key, request | {"limit": page_size, "offset": at})) for at in offsets]

                assert {page["total"] for page in pages} == {len(whole["data"])}
                assert list(itertools.chain(*(page["data"] for page in pages))) == whole["data"]

    check()


def answer_within_a_day(key: str, request: Mapping[str, Any]) -> tuple[HttpResponse, datetime]:
    """A good answer and the moment it was asked for, on the day on which it was given."""
    while True:
        now = datetime.now(UTC)
        response = ask(key, request)
        answer_of(response)
        # Stickiness depends on which days have started: ask again when midnight came between.
        if datetime.now(UTC).date() == now.date():
            return response, now
