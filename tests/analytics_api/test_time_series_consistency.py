"""All of a time series is of one moment, whatever is written meanwhile."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from interactions.eligible_users import NewEligibleUser, add_eligible_users
from interactions.keys import issue_key
from interactions.models import Project
from tests.analytics_api.test_aggregates_consistency import in_another_connection
from tests.dataset import LINES, TIME_RANGE, record

PATH = "/api/external/get-interaction-time-series"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("grouping", [{}, {"group_by": {"kind": "topic"}}], ids=["total", "by group"])
def test_what_is_written_between_the_queries_is_not_half_seen(grouping: dict[str, Any]):
    project = Project.objects.create(name="acme")
    record(project)
    headers = {"Authorization": f"Bearer {issue_key(project, name='test')}"}
    newcomers = [
        LINES[number] | {"id": None, "end_user": f"new {copy}", "topic": topic}
        for number in (0, 2, 6)
        for copy in range(10)
        for topic in ("billing", "new topic")
    ]

    def ask() -> dict[str, Any]:
        body = {"time_range": TIME_RANGE, "filters": [], **grouping}
        body["variables"] = ["n_interactions", "n_users", "retention", "penetration"]
        response = Client().post(PATH, body, content_type="application/json", headers=headers)
        return response.json()["datasets"]

    def write() -> None:
        record(project, newcomers)
        add_eligible_users(project.pk, [eligible("ada"), eligible("bob")])

    add_eligible_users(project.pk, [eligible("ada")])
    before = ask()
    wrote = []

    def write_after_the_first_answer(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if "interactions_interaction" in sql and not wrote:
            wrote.append(sql)
            in_another_connection(write)
        return result

    with connection.execute_wrapper(write_after_the_first_answer):
        during = ask()
    assert wrote
    assert during == before
    assert ask() != before


def eligible(user: str) -> NewEligibleUser:
    return NewEligibleUser(external_id=user, tags={}, active_from=date(2024, 1, 1), active_to=None)
