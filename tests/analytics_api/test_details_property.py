"""Every field of the details is what plain Python makes of random data, and nobody sees a stranger's."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from hypothesis import strategies as st

from interactions.keys import find_key_holder
from interactions.models import Project
from tests import reference_details
from tests.analytics_api.test_aggregates_property import examples, stored
from tests.strategies import Json, World, worlds

EXTERNAL = "/api/external"
N_BATCHES = 2
HISTORIES = (
    None,
    [],
    [["Hi", "Hello"], ["Where?", "There"]],
    [{"input": "Hi", "output": "Hello"}, {"input": "And?"}],
    [["Hi", None], ["alone"], "neither", {"other": 1}],
)

pytestmark = pytest.mark.django_db


@st.composite
def worlds_in_full(draw: st.DrawFn) -> World:
    """A world whose lines say also what no aggregate is about."""
    world = draw(worlds("n_interactions"))
    more: Json = {
        "sentiment": st.sampled_from((None, -1.0, 0.0, 0.25, 1.0)),
        "history": st.sampled_from(HISTORIES),
        "output": st.sampled_from(("answer", "", "\u00e9 e\u0301 😀")),
    }
    lines = [line | draw(st.fixed_dictionaries(more)) for line in world.lines]
    return replace(world, lines=lines)


def get(key: str, path: str) -> tuple[int, Any]:
    response = Client().get(f"{EXTERNAL}/export/interactions/{path}", headers={"X-API-Key": key})
    return response.status_code, json.loads(response.getvalue())


def conversation(key: str, external_id: str) -> tuple[int, Any]:
    response = Client().post(
        f"{EXTERNAL}/get-conversation-detail",
        {"conversation_id": external_id},
        content_type="application/json",
        headers={"X-API-Key": key},
    )
    return response.status_code, json.loads(response.getvalue())


@pytest.mark.parametrize("batch", range(N_BATCHES))
def test_details_are_those_of_the_reference(batch: int):
    @examples(batch, world=worlds_in_full())
    def check(world: World) -> None:
        with stored(world) as key:
            holder = find_key_holder(key)
            project_id = str(Project.objects.get(pk=holder.project_id).public_id)
            # Some of them: a request costs more than the data it shows.
            for line in world.lines[::3]:
                expected = reference_details.detail(world.lines, line)
                assert get(key, f"detail/{line['id']}") == (200, expected)
                expected = reference_details.detail_v2(world.lines, line, project_id)
                assert get(key, f"detail-v2/{line['id']}") == (200, expected)
            ids = {line.get("conversation_id") for line in world.lines} - {None, ""}
            for external_id in ids:
                expected = reference_details.conversation(world.lines, external_id)
                assert conversation(key, external_id) == (200, expected)
            # The stranger's conversations, and what has an id that only the stranger uses.
            of_stranger = {line.get("conversation_id") for line in world.stranger_lines} - {None, ""} - ids
            assert all(conversation(key, external_id)[0] == 404 for external_id in of_stranger)
            for n in range(len(world.lines), len(world.stranger_lines)):
                assert get(key, f"detail/{UUID(int=n, version=4)}")[0] == 404

    check()
