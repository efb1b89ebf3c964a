"""Projects and keys over HTTP, for those who may manage."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from interactions.keys import find_key_holder, issue_key
from interactions.models import Project
from tests.assertions import assert_detail

CREATE = "projects/create"
DELETE_KEY = "projects/delete-api-key"

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="acme")


@pytest.fixture
def manager(project: Project) -> str:
    return issue_key(project, name="manager", scopes="manage")


def ask(key: str, path: str, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {key}"}
    return Client().post(f"/api/external/{path}", body, content_type="application/json", headers=headers)


def test_made_project_is_opened_by_its_key(manager: str):
    response = ask(manager, CREATE, name="other", created_by="ann")

    assert response.status_code == 200
    made = Project.objects.get(name="other")
    assert response.json()["project_id"] == str(made.public_id)
    holder = find_key_holder(response.json()["api_key"])
    assert (holder.project_id, holder.scopes) == (made.pk, {"query", "ingest"})
    assert made.api_keys.get().name == "ann"


@pytest.mark.parametrize(
    ("body", "loc", "type"),
    [
        ({"created_by": "ann"}, "name", "missing"),
        ({"name": "other"}, "created_by", "missing"),
        ({"name": "acme", "created_by": "ann"}, "name", "value_error"),
        ({"name": "", "created_by": "ann"}, "name", "value_error"),
        ({"name": "a\nb", "created_by": "ann"}, "name", "value_error"),
        ({"name": "x" * 201, "created_by": "ann"}, "name", "value_error"),
        ({"name": "other", "created_by": "a\tb"}, "created_by", "value_error"),
        ({"name": "other", "created_by": "x" * 51}, "created_by", "value_error"),
        ({"name": 5, "created_by": "ann"}, "name", "string_type"),
    ],
)
def test_project_that_cannot_be_made_is_refused(manager: str, body: dict[str, Any], loc: str, type: str):
    response = ask(manager, CREATE, **body)

    assert response.status_code == 422
    (error,) = response.json()["detail"]
    assert (error["loc"], error["type"]) == (["body", loc], type)
    assert Project.objects.count() == 1


def test_revoked_key_opens_nothing(project: Project, manager: str):
    key = issue_key(project, name="dashboard")

    assert ask(manager, DELETE_KEY, api_key=key).json() == {"message": "The key is revoked."}

    assert find_key_holder(key) is None
    assert_detail(ask(manager, DELETE_KEY, api_key=key), 404, "Not Found")


@pytest.mark.parametrize("key", ["", "no key", "abcdefgh." + "x" * 32])
def test_unknown_key_is_not_found(manager: str, key: str):
    assert_detail(ask(manager, DELETE_KEY, api_key=key), 404, "Not Found")


def test_key_of_another_project_is_not_found(manager: str):
    key = issue_key(Project.objects.create(name="stranger"), name="theirs")

    assert_detail(ask(manager, DELETE_KEY, api_key=key), 404, "Not Found")
    assert find_key_holder(key) is not None


@pytest.mark.parametrize("path", [CREATE, DELETE_KEY])
def test_scope_is_needed(project: Project, path: str):
    key = issue_key(project, name="dashboard")
    assert_detail(ask(key, path), 403, "The API key lacks the scope 'manage'.")


def test_there_are_no_variants(project: Project):
    key = issue_key(project, name="sdk")
    for flags in ({}, {"feature_flags": ["dark"]}, {"feature_flags": None}):
        assert ask(key, "variants", user="ada", **flags).json() == {"variants": []}
    assert ask(key, "variants").status_code == 422
