"""Our own batch call: a result for each item, and one answer for a request that is sent twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from interactions.models import IdempotentAnswer, Project
from tests.analytics_api.test_ingestion_forms import FLAT, post, send
from tests.storage import stored

PATH = "v3/events/batch"
ID = "00000000-0000-4000-8000-000000000001"

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="acme")


def test_every_item_has_its_result_in_order(project: Project):
    send(project, "v1/events/interactions", {"interaction": FLAT | {"id": ID}})

    answer = send(
        project,
        PATH,
        {
            "interactions": [
                FLAT | {"input": "new"},
                {"input": "no times"},
                FLAT | {"id": ID, "topic": "shipping"},
                5,
                FLAT | {"id": ID},
            ]
        },
    )

    first, bad, updated, no_object, repeated = answer["results"]
    assert first["status"] == "stored"
    assert bad["status"] == no_object["status"] == "invalid"
    assert "time_start" in bad["detail"]
    assert no_object["detail"] == "expected an object"
    assert updated == repeated == {"status": "updated", "interaction_id": ID}
    assert {row["input"]: row["topic"] for row in stored(project)} == {FLAT["input"]: "shipping", "new": None}


def test_nothing_in_is_nothing_out(project: Project):
    assert send(project, PATH, {"interactions": []}) == {"message": "ok", "results": []}


def test_key_gives_the_first_answer_again(project: Project):
    body = {"interactions": [FLAT, {}]}
    first = send(project, PATH, body, **{"Idempotency-Key": "a"})
    assert [one["status"] for one in first["results"]] == ["stored", "invalid"]

    assert send(project, PATH, body, **{"Idempotency-Key": "a"}) == first
    again = send(project, PATH, body, **{"Idempotency-Key": "b"})
    assert again["results"][0]["status"] == "updated"
    assert len(stored(project)) == 1


def test_key_of_another_body_is_refused(project: Project):
    send(project, PATH, {"interactions": [FLAT]}, **{"Idempotency-Key": "a"})

    response = post(project, PATH, {"interactions": []}, **{"Idempotency-Key": "a"})

    assert response.status_code == 422
    (error,) = response.json()["detail"]
    assert error["loc"] == ["header", "idempotency-key"]


def test_key_of_another_project_is_another_key(project: Project):
    other = Project.objects.create(name="other")
    send(project, PATH, {"interactions": [FLAT]}, **{"Idempotency-Key": "a"})
    send(other, PATH, {"interactions": [FLAT | {"input": "else"}]}, **{"Idempotency-Key": "a"})
    assert [row["input"] for row in stored(other)] == ["else"]


@pytest.mark.parametrize("key", ["", "x" * 256, "\x7f"])
def test_key_that_is_none_is_refused(project: Project, key: str):
    response = post(project, PATH, {"interactions": [FLAT]}, **{"Idempotency-Key": key})
    assert response.status_code == 422
    assert stored(project) == []


def test_answers_are_kept_for_a_day(project: Project):
    send(project, PATH, {"interactions": [FLAT]}, **{"Idempotency-Key": "a"})
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(days=1, seconds=1))

    send(project, PATH, {"interactions": []}, **{"Idempotency-Key": "b"})

    assert [row.key for row in IdempotentAnswer.objects.all()] == ["b"]


@pytest.mark.django_db(transaction=True)
def test_same_request_at_once_is_recorded_once(project: Project):
    def ask(_: int) -> Any:
        try:
            return send(project, PATH, {"interactions": [FLAT]}, **{"Idempotency-Key": "a"})
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(ask, range(4)))

    assert answers == [answers[0]] * 4
    assert answers[0]["results"][0]["status"] == "stored"
    assert len(stored(project)) == 1
