"""Queries that are compiled once and run with other values."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.models import BigIntegerField, Count, DateTimeField, F, Max, TextField
from django.test.utils import CaptureQueriesContext

from interactions import dialect
from interactions.models import EndUser, Interaction, Label, Project
from interactions.prepared import BoundQuery, ListPlaceholder, Placeholder, PreparedQuery
from tests.dataset import record

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = Project.objects.create(name="acme")
    record(project)
    return project


def users_by_name(project: Project) -> PreparedQuery:
    users = EndUser.objects.filter(project=project, external_id__gte=Placeholder("first", TextField()))
    return PreparedQuery.of(users.order_by("external_id").values(name=F("external_id")))


def names(rows: list) -> list[str]:
    return [row["name"] for row in rows]


def test_the_same_query_answers_for_other_values(project):
    query = users_by_name(project)
    everybody = sorted(project.end_users.values_list("external_id", flat=True))
    assert names(query.rows({"first": ""})) == everybody
    assert names(query.rows({"first": everybody[1]})) == everybody[1:]


def test_a_page_is_cut_by_the_database(project):
    everybody = sorted(project.end_users.values_list("external_id", flat=True))
    page = BoundQuery(query=users_by_name(project), values={"first": ""})
    with CaptureQueriesContext(connection) as queries:
        assert names(page[1:3]) == everybody[1:3]
    assert len(queries) == 1
    assert "LIMIT 2 OFFSET 1" in queries[0]["sql"]
    assert page[len(everybody) : len(everybody) + 5] == []


def test_chunks_are_the_same_rows(project):
    query = users_by_name(project)
    assert list(query.chunks({"first": ""})) == query.rows({"first": ""})


@pytest.mark.parametrize("n_wanted", [0, 1, 3])
def test_a_list_is_one_argument(project, n_wanted):
    labels = Label.objects.filter(dialect.OneOf(F("id"), ListPlaceholder("ids", BigIntegerField())))
    query = PreparedQuery.of(labels.values(pk=F("id")))
    wanted = list(Label.objects.order_by("id").values_list("id", flat=True))[:n_wanted]
    assert sorted(row["pk"] for row in query.rows({"ids": wanted})) == wanted


def test_values_come_back_as_python_has_them(project):
    newest = Interaction.objects.for_project(Placeholder("project", BigIntegerField()))
    newest = newest.filter(started_at__lt=Placeholder("end", DateTimeField())).values("has_pii")
    query = PreparedQuery.of(newest.annotate(newest=Max("started_at"), n=Count("pk")).order_by("has_pii"))
    end = datetime(9000, 1, 1, tzinfo=UTC)
    expected = list(
        Interaction.objects.for_project(project)
        .values("has_pii")
        .annotate(newest=Max("started_at"), n=Count("pk"))
        .order_by("has_pii")
    )
    rows = query.rows({"project": project.pk, "end": end})
    assert rows == expected
    assert rows[0]["newest"].tzinfo is UTC
    assert query.rows({"project": 0, "end": end}) == []
