"""Requests of one shape share their statements, and never their values."""

from typing import Any

import pytest
from django.test import Client

from analytics_api.query.statements import page_statement, rest_statements
from interactions.keys import issue_key
from interactions.models import Project
from tests.dataset import TIME_RANGE, record

PATH = "/api/external/get-interaction-aggregates"

pytestmark = pytest.mark.django_db


def ask(project: Project, **changes: Any) -> dict[str, Any]:
    body = {
        "time_range": TIME_RANGE,
        "filters": [],
        "limit": 2,
        "offset": 0,
        "group_by": {"kind": "topic"},
        **changes,
    }
    headers = {"Authorization": f"Bearer {issue_key(project, name='test')}"}
    response = Client().post(PATH, body, content_type="application/json", headers=headers)
    assert response.status_code == 200
    return response.json()


@pytest.fixture
def project() -> Project:
    project = Project.objects.create(name="acme")
    record(project)
    return project


@pytest.fixture(autouse=True)
def nothing_compiled():
    for statement in (page_statement, rest_statements):
        statement.cache_clear()


VARIATIONS = {
    "range": {"time_range": {"start": "2030-01-01", "end": "2030-02-01"}},
    "page": {"limit": 1, "offset": 1},
    "other words": {"filters": [{"kind": "user", "values": ["bob", "cy"]}]},
}


@pytest.mark.parametrize("changes", VARIATIONS.values(), ids=VARIATIONS)
def test_other_values_are_answered_by_the_same_statement(project, changes):
    first = {"filters": [{"kind": "user", "values": ["ada"]}]} if "filters" in changes else {}
    before = ask(project, **first)
    assert page_statement.cache_info().misses == 1
    alone = ask(project, **changes)
    assert page_statement.cache_info().misses == 1
    assert alone != before

    page_statement.cache_clear()
    rest_statements.cache_clear()
    assert ask(project, **changes) == alone


def test_another_project_sees_its_own(project):
    assert ask(project)["total"] > 0
    assert ask(Project.objects.create(name="decoy"))["total"] == 0
    assert page_statement.cache_info().misses == 1


def test_another_shape_is_another_statement(project):
    ask(project)
    ask(project, filters=[{"kind": "user", "values": ["ada"]}])
    ask(project, filters=[{"kind": "user", "values": ["ada"], "is_exclude": True}])
    ask(project, filters=[{"kind": "user", "values": ["nobody"]}])
    assert page_statement.cache_info().misses == 4
