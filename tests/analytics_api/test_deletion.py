"""Deleting by filter: what is named is gone from everywhere, the rest is as it was."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from interactions.columnar.sealing import seal_project
from interactions.keys import issue_key
from interactions.models import Conversation, Deletion, EndUser, HiddenInteraction, Project
from tests import reference
from tests.analytics_api.test_aggregates_property import examples, stored
from tests.dataset import LINES, TIME_RANGE, record
from tests.storage import every_row
from tests.storage import stored as stored_rows
from tests.strategies import World, worlds

PATH = "/api/external/projects/delete-interactions"

pytestmark = pytest.mark.django_db(databases=["default", "columnar"])


def delete(key: str, body: Any) -> Any:
    return Client().post(
        PATH, body, content_type="application/json", headers={"Authorization": f"Bearer {key}"}
    )


def ask(key: str, path: str, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {key}"}
    response = Client().post(f"/api/external/{path}", body, content_type="application/json", headers=headers)
    assert response.status_code == 200, response.content
    return response.json()


@pytest.fixture
def project() -> Project:
    project = Project.objects.create(name="acme")
    record(project)
    return project


@pytest.fixture
def manager(project: Project) -> str:
    return issue_key(project, name="ann", scopes="manage query ingest")


@pytest.fixture
def stranger() -> Project:
    """A project with the same words."""
    project = Project.objects.create(name="stranger")
    record(project)
    return project


@pytest.mark.parametrize(("batch", "engine"), [(0, "database"), (1, "columnar")])
def test_what_the_reference_keeps_is_left(batch: int, engine: str, settings: Any):
    settings.QUERY_ENGINE = engine

    @examples(batch, world=worlds("n_interactions"))
    def check(world: World) -> None:
        with stored(world):
            (project,) = (p for p in Project.objects.all() if p.api_keys.exists())
            others = [p for p in Project.objects.all() if p != project]
            seal_project(project)
            key = issue_key(project, name="manager", scopes="manage query")
            before = {row["id"]: row for row in stored_rows(project)}
            of_others = [stored_rows(p) for p in others]
            left = reference.read_interactions(world.lines)
            for number, request in enumerate(world.requests):
                named = {name: request[name] for name in ("time_range", "filters")}
                if number % 2:
                    del named["time_range"]
                if not any(named.values()):
                    continue
                kept = [one for one in left if not _is_named(one, named)]

                response = delete(key, named)

                n_deleted = len(left) - len(kept)
                assert response.json()["message"].split()[0] == str(n_deleted)
                left = kept
                rows = stored_rows(project)
                assert Counter((row["started_at"], row["end_user"]) for row in rows) == Counter(
                    (one.start, one.end_user) for one in left
                )
                assert all(row == before[row["id"]] for row in rows)
                asked = {"time_range": request["time_range"], "filters": [], "limit": 1, "offset": 0}
                start, end = (reference.parse_moment(asked["time_range"][at]) for at in ("start", "end"))
                (total,) = ask(key, "get-interaction-aggregates", **asked)["data"]
                assert total["n_interactions"] == sum(start <= one.start < end for one in left)
            # Who is known by nothing that is left is forgotten.
            users = EndUser.objects.filter(project=project).values_list("external_id", flat=True)
            assert set(users) == {one.end_user for one in left if one.end_user}
            assert [stored_rows(p) for p in others] == of_others

    check()


def _is_named(one: reference.Interaction, named: dict[str, Any]) -> bool:
    if time_range := named.get("time_range"):
        start, end = (reference.parse_moment(time_range[at]) for at in ("start", "end"))
        if not start <= one.start < end:
            return False
    return reference.is_kept(one, named["filters"])


@pytest.mark.parametrize("body", [{}, {"filters": []}, {"filters": None, "time_range": None}])
def test_of_nothing_everything_goes(project: Project, stranger: Project, manager: str, body: dict[str, Any]):
    post_feedback(manager, end_user="somebody", input="never arrived")
    untouched = stored_rows(stranger)

    assert delete(manager, body).json() == {"message": f"{len(LINES)} interactions are deleted."}

    rows = every_row()
    of_project = {
        name: [row for row in rows[name] if row]
        for name in ("Interaction", "InteractionText", "InteractionLabel", "FeedbackAction", "WaitingTags")
    }
    stranger_ids = set(stranger.interactions.values_list("id", flat=True))
    assert {row[0] for row in of_project["InteractionText"]} == stranger_ids
    assert {row[0] for row in of_project["Interaction"]} == stranger_ids
    assert of_project["WaitingTags"] == []
    assert rows["HiddenInteraction"] == []
    assert not project.feedback_actions.exists()
    assert not EndUser.objects.filter(project=project).exists()
    assert not Conversation.objects.filter(project=project).exists()
    assert stored_rows(stranger) == untouched


def post_feedback(key: str, **metadata: Any) -> None:
    body = {
        "action": {"slug": "comment", "text": "hm"},
        "metadata": {"timestamp": "2024-06-01T00:00:00Z"} | metadata,
    }
    response = Client().post(
        "/event-ingestion/api/v1/events/feedback",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )
    assert response.status_code == 200, response.content


def test_what_is_deleted_is_gone_from_every_endpoint(project: Project, manager: str):
    everything = {"time_range": TIME_RANGE, "filters": []}
    rows = ask(manager, "get-interactions", **everything, limit=1000)["data"]
    user = rows[0]["end_user"]
    theirs = [row["id"] for row in rows if row["end_user"] == user]
    assert 0 < len(theirs) < len(rows)

    delete(manager, {"filters": [{"kind": "user", "values": [user]}]})

    left = ask(manager, "get-interactions", **everything, limit=1000)["data"]
    assert [row["id"] for row in left] == [row["id"] for row in rows if row["end_user"] != user]
    groups = ask(
        manager, "get-interaction-aggregates", **everything, group_by={"kind": "user"}, limit=1000, offset=0
    )
    assert user not in {group["group_name"] for group in groups["data"]}
    for row_id in theirs:
        path = f"/api/external/export/interactions/detail/{row_id}"
        assert Client().get(path, headers={"Authorization": f"Bearer {manager}"}).status_code == 404


def test_columns_answer_until_something_is_hidden(project: Project, manager: str, settings: Any):
    settings.QUERY_ENGINE = "columnar"
    seal_project(project)
    listed = ask(manager, "get-interactions", **EVERYTHING)
    deletion = Deletion.objects.create(
        project=project, requested_by="ann", requested_at=timezone.now(), selection={}, n_interactions=1
    )
    hidden = project.interactions.get(public_id=listed["data"][0]["id"])
    HiddenInteraction.objects.create(deletion=deletion, interaction_id=hidden.pk)

    assert count_by(manager) == (listed["total"], "columnar")

    Deletion.objects.update(hidden_at=timezone.now())
    assert count_by(manager) == (listed["total"] - 1, "database")


AGGREGATES = "get-interaction-aggregates"
EVERYTHING = {"time_range": TIME_RANGE, "filters": [], "limit": 1, "offset": 0}


def count_by(key: str) -> tuple[int, str]:
    """-> how many interactions there are, and the engine that counted them"""
    response = Client().post(
        f"/api/external/{AGGREGATES}",
        EVERYTHING,
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    )
    engine = response["Server-Timing"].split('query;desc="')[1].split('"')[0]
    return response.json()["data"][0]["n_interactions"], engine


def test_a_request_that_comes_again_after_everything_went_is_recorded_again(project: Project, manager: str):
    record_batch(manager)

    delete(manager, {})
    (result,) = record_batch(manager)

    assert result["status"] == "stored"
    assert [row["id"] for row in stored_rows(project)] == [UUID(result["interaction_id"])]


def record_batch(key: str) -> list[dict[str, Any]]:
    """One interaction, always by the same request. -> the results"""
    moment = "2024-05-01T12:00:00Z"
    one = {"input": "in", "output": "out", "time_start": moment, "time_end": moment, "end_user": "ada"}
    response = Client().post(
        "/event-ingestion/api/v3/events/batch",
        {"interactions": [one]},
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}", "Idempotency-Key": "a"},
    )
    assert response.status_code == 200, response.content
    return response.json()["results"]


def test_the_audit_says_who_when_how_many_and_which(project: Project, manager: str, client: Client):
    selection = {"filters": [{"kind": "topic", "values": ["billing"]}], "time_range": TIME_RANGE}
    n_deleted = int(delete(manager, selection).json()["message"].split()[0])

    line = Deletion.objects.get()
    assert (line.project, line.selection, line.n_interactions) == (project, selection, n_deleted)
    assert line.requested_by == f"ann ({manager[:8]})"
    assert line.requested_at <= line.hidden_at <= line.finished_at
    client.force_login(User.objects.create_superuser("root"))
    page = client.get("/admin/interactions/deletion/").content.decode()
    assert line.requested_by in page
    assert "billing" in client.get(f"/admin/interactions/deletion/{line.pk}/change/").content.decode()
    assert client.get("/admin/interactions/deletion/add/").status_code == 403
    assert client.post(f"/admin/interactions/deletion/{line.pk}/delete/").status_code == 403


def filtered(**one: Any) -> dict[str, Any]:
    return {"filters": [one]}


@pytest.mark.parametrize(
    ("body", "loc", "type"),
    [
        (None, ["body"], "missing"),
        ([], ["body"], "value_error"),
        ({"filter": []}, ["body", "filter"], "extra_forbidden"),
        ({"limit": 1}, ["body", "limit"], "extra_forbidden"),
        (filtered(kind="topics", values=[]), ["body", "filters", 0, "kind"], "union_tag_invalid"),
        (filtered(kind="topic"), ["body", "filters", 0, "values"], "missing"),
        ({"time_range": {"start": "2024-01-01"}}, ["body", "time_range", "end"], "missing"),
        ({"time_range": {"start": "2024-01-02", "end": "2024-01-01"}}, ["body", "time_range"], "value_error"),
        (filtered(kind="user", values=["a\x00"]), ["body", "filters", 0, "values", 0], "value_error"),
    ],
)  # fmt: skip
def test_what_is_not_understood_deletes_nothing(
    project: Project, manager: str, body: Any, loc: Any, type: str
):
    before = every_row()

    response = delete(manager, body) if body is not None else delete(manager, "")

    assert response.status_code == 422
    (error,) = response.json()["detail"]
    assert (error["loc"], error["type"]) == (loc, type)
    assert every_row() == before


def test_other_keys_may_not(project: Project):
    key = issue_key(project, name="dashboard")
    assert delete(key, {}).status_code == 403
    assert delete("no key", {}).status_code == 401
    assert project.interactions.count() == len(LINES)
