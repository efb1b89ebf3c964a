"""How many queries a request costs, whatever it asks and however much there is.

One for the key, at most one to resolve words, one for page and total, at most one for all
two-level metrics together, one for names; and one more for the total of a page past the end, or
for the eligible users that penetration divides by.
"""

from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analytics_api.catalog import DIMENSIONS, METRICS
from interactions.keys import issue_key
from interactions.models import Project
from tests.dataset import TIME_RANGE, record

PATH = "/api/external/get-interaction-aggregates"

pytestmark = pytest.mark.django_db

ALL = [name for name in METRICS if name != "penetration"]
WORDS = [
    {"kind": "topic", "values": ["billing"], "is_exclude": True},
    {"kind": "keyword", "values": ["invoice", "refund", "parcel"]},
    {"kind": "tag", "tag": "plan", "values": ["pro", "free"]},
    {"kind": "user", "values": ["ada", "bob", "cy"]},
    {"kind": "conversation_id", "values": ["c3", "c4", "c6"]},
    {"kind": "cohort", "values": ["enterprise", "self-serve"]},
]


@pytest.fixture
def headers() -> dict[str, str]:
    project = Project.objects.create(name="acme")
    record(project)
    return {"Authorization": f"Bearer {issue_key(project, name='test')}"}


@contextmanager
def at_most(count: int):
    with CaptureQueriesContext(connection) as queries:
        yield
    statements = [query["sql"] for query in queries]
    assert len(statements) <= count, "\n".join(statements)


def ask(headers: dict[str, str], **changes: Any):
    body = {"time_range": TIME_RANGE, "filters": [], "limit": 100, "offset": 0, **changes}
    response = Client().post(PATH, body, content_type="application/json", headers=headers)
    assert response.status_code == 200
    return response.json()


def test_a_total_of_one_level_costs_the_key_and_the_total(headers):
    with at_most(2):
        ask(headers, variables=["n_interactions", "cost"])


def test_a_total_of_everything_costs_one_more(headers):
    with at_most(3):
        ask(headers, variables=ALL, include_previous=True)


def test_eligible_users_cost_one_more_for_all_groups(headers):
    for number in range(2):
        with at_most(5 + number):
            ask(headers, group_by={"kind": "user"}, variables=[*ALL, *["penetration"][:number]])


def test_groups_without_words_cost_no_look_at_words(headers):
    with at_most(4):
        ask(headers, group_by={"kind": "topic"}, variables=ALL)


def test_words_of_every_kind_are_resolved_in_one(headers):
    with at_most(4):
        ask(headers, filters=WORDS, variables=ALL)


@pytest.mark.parametrize("kind", [entry.kind for name, entry in DIMENSIONS.items() if name == entry.kind])
@pytest.mark.parametrize("order_by", ["n_interactions", "retention", "trend", "group_name"])
def test_any_group_by_costs_five(headers, kind, order_by):
    group_by = {"kind": kind, **({"tag": "plan"} if kind == "tag" else {})}
    with at_most(5):
        ask(
            headers,
            group_by=group_by,
            variables=ALL,
            order_by={"by": order_by, "direction": "asc"},
            include_previous=True,
            filters=WORDS[:1],
        )


def test_more_groups_and_filters_cost_no_more(headers):
    with at_most(5):
        answer = ask(
            headers,
            group_by={"kind": "user", "include_empty": True},
            additional_group_bys=[
                {"kind": "conversation_id"},
                {"kind": "keyword"},
                {"kind": "tag", "tag": "plan"},
                {"kind": "cohort"},
                {"kind": "day"},
                {"kind": "user_feedback"},
            ],
            filters=WORDS[4:],
            variables=ALL,
        )
    assert answer["total"] > 1


def test_a_page_past_the_end_asks_once_more_for_the_total(headers):
    with at_most(4):
        assert ask(headers, group_by={"kind": "topic"}, variables=ALL, offset=50)["total"] == 3


def test_a_refused_request_costs_the_key_alone(headers):
    with at_most(1):
        Client().post(PATH, {}, content_type="application/json", headers=headers)


def test_a_malformed_key_costs_nothing():
    with at_most(0):
        Client().post(PATH, {}, content_type="application/json", headers={"Authorization": "Bearer x"})


@pytest.mark.parametrize("by", ["retention", "group_name"])
def test_without_a_counting_variable_the_groups_are_still_rows(headers, by):
    with CaptureQueriesContext(connection) as queries:
        answer = ask(headers, group_by={"kind": "month"}, variables=["retention"], order_by={"by": by})
    assert answer["total"] == 2
    # The database groups, whatever is asked: no query gives a row an interaction.
    scans = [query["sql"] for query in queries if "started_at" in query["sql"]]
    assert scans
    assert all("GROUP BY" in sql for sql in scans)
