"""One interaction or conversation in full, and never another project's."""

from uuid import uuid4

import pytest
from django.test import Client

from interactions.keys import issue_key
from interactions.models import Project

DETAIL = "/api/external/export/interactions/detail"
CONVERSATION = "/api/external/get-conversation-detail"
FIRST, SECOND, ALONE = (str(uuid4()) for _ in range(3))

pytestmark = pytest.mark.django_db


def send(project: Project, sent_id: str, minute: int, **more) -> None:
    interaction = {
        "id": sent_id, "input": f"in {minute}", "output": f"out {minute}", "end_user": "zoe",
        "time_start": f"2024-03-01T10:0{minute}:00Z", "time_end": f"2024-03-01T10:0{minute}:03Z",
    } | more  # fmt: skip
    response = Client().post(
        "/event-ingestion/api/v1/events/interactions",
        {"interaction": interaction, "anonymize": False},
        content_type="application/json",
        headers={"Authorization": f"Bearer {issue_key(project, name='ingest')}"},
    )
    assert response.status_code == 200, response.content


@pytest.fixture
def owner() -> dict[str, str]:
    """The header of a project with a conversation of two, beside a decoy of the same words."""
    project = Project.objects.create(name="acme")
    talk = {"conversation_id": "talk"}
    send(project, SECOND, 2, **talk, cost=7, tags={"plan": "pro"}, history=[["a", "b"]])
    send(project, FIRST, 1, **talk, cost=5, topic="billing", emotions=["joy"])
    decoy = Project.objects.create(name="decoy")
    send(decoy, ALONE, 3, **talk, cost=90, topic="secret")
    return {"Authorization": f"Bearer {issue_key(project, name='test')}"}


def get(path: str, headers: dict[str, str]):
    return Client().get(path, headers=headers | {"Content-Type": "application/json"})


def test_the_first_shape(owner):
    assert get(f"{DETAIL}/{SECOND}", owner).json() == {
        "interaction_id": SECOND, "input": "in 2", "output": "out 2", "history": [["a"], ["b"]],
        "conversation": [
            {"input": "in 1", "output": "out 1", "timestamp": "2024-03-01T10:01:00Z", "is_chosen": False},
            {"input": "in 2", "output": "out 2", "timestamp": "2024-03-01T10:02:00Z", "is_chosen": True},
        ],
        "actions": [], "topics": [], "frustration_cause": None, "user_id": "zoe", "user_group_profile": None,
        "tags": {"plan": "pro"}, "intent": None, "topic": None, "warning_business": None,
        "warning_model": None,
    }  # fmt: skip


def test_the_second_shape(owner):
    row = get(f"{DETAIL}-v2/{FIRST}", owner).json()
    expected = {
        "id": FIRST, "project_id": str(Project.objects.get(name="acme").public_id), "cost": 5,
        "latency": 3.0, "emotions": ["joy"], "topic": "billing", "verbosity": 5, "user": "zoe",
        "timestamp": "2024-03-01T10:01:00Z", "feedback_type": None,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert [turn["is_chosen"] for turn in row["conversation"]] == [True, False]


def test_a_conversation(owner):
    response = Client().post(
        CONVERSATION, {"conversation_id": "talk"}, content_type="application/json", headers=owner
    )
    answer = response.json()
    assert [turn["id"] for turn in answer.pop("conversation")] == [FIRST, SECOND]
    assert answer == {
        "id": "talk", "session_length": 2, "session_time": 63.0, "start_session": "2024-03-01T10:01:00Z",
        "end_session": "2024-03-01T10:02:03Z", "cost": 12, "tags": {"plan": "pro"}, "emotions": ["joy"],
    }  # fmt: skip


@pytest.mark.parametrize("version", ["", "-v2"])
def test_what_is_not_there_or_another_projects_is_404(owner, version):
    for unknown in (ALONE, str(uuid4())):
        response = get(f"{DETAIL}{version}/{unknown}", owner)
        assert (response.status_code, response.json()) == (404, {"detail": "Not Found"})


def test_an_unknown_conversation_is_404(owner):
    response = Client().post(
        CONVERSATION, {"conversation_id": "none"}, content_type="application/json", headers=owner
    )
    assert response.status_code == 404


def test_a_malformed_id_is_422(owner):
    response = get(f"{DETAIL}/nonsense", owner)
    assert response.status_code == 422
    assert response.json()["detail"] == [
        {"loc": ["path", "interaction_id"], "msg": "expected a UUID", "type": "uuid_parsing"}
    ]


def test_a_key_without_the_scope_is_403(owner):
    key = issue_key(Project.objects.get(name="acme"), name="ingest only", scopes="ingest")
    assert get(f"{DETAIL}/{FIRST}", {"Authorization": f"Bearer {key}"}).status_code == 403
