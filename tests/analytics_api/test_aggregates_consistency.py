"""Page, total and two-level metrics are of one moment, whatever is written meanwhile."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from interactions.keys import issue_key
from interactions.models import Project
from tests.dataset import LINES, TIME_RANGE, record

PATH = "/api/external/get-interaction-aggregates"

pytestmark = pytest.mark.django_db(transaction=True)


def in_another_connection(act: Callable[[], None]) -> None:
    """Do it to the end in a thread, which has a connection of its own."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"group_by": {"kind": "topic"}}, id="grouped"),
        pytest.param({"group_by": {"kind": "topic"}, "order_by": {"by": "retention"}}, id="two levels first"),
        pytest.param({"group_by": {"kind": "topic"}, "offset": 50}, id="past the end"),
        pytest.param({}, id="total"),
    ],
)
def test_what_is_written_between_the_queries_is_not_half_seen(changes):
    project = Project.objects.create(name="acme")
    record(project)
    headers = {"Authorization": f"Bearer {issue_key(project, name='test')}"}
    newcomers = [
        {**LINES[2], "id": None, "end_user": f"new {number}", "topic": topic}
        for number in range(20)
        for topic in ("billing", "new topic")
    ]

    def ask() -> dict[str, Any]:
        body = {"time_range": TIME_RANGE, "filters": [], "limit": 100, "offset": 0, **changes}
        return Client().post(PATH, body, content_type="application/json", headers=headers).json()

    before = ask()
    wrote = []

    def write_after_the_first_answer(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if "interactions_interaction" in sql and not wrote:
            wrote.append(sql)
            in_another_connection(lambda: record(project, newcomers))
        return result

    with connection.execute_wrapper(write_after_the_first_answer):
        during = ask()
    assert wrote
    assert during == before
    assert ask() != before
