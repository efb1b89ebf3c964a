"""`manage.py seal`: what changed becomes columnar files, and damage costs speed, never an answer."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from interactions.columnar.cleaning import remove_unused_files
from interactions.columnar.instance import store_folder
from interactions.columnar.sealing import seal_project
from interactions.keys import issue_key
from interactions.models import DirtyMark, Family, Interaction, Project, SealedFile
from tests.dataset import TIME_RANGE, TOTAL, record

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "columnar"])

PATH = "/api/external/get-interaction-aggregates"


@pytest.fixture
def project(settings: Any) -> Project:
    settings.QUERY_ENGINE = "columnar"
    project = Project.objects.create(name="acme")
    record(project)
    return project


def seal(**options: Any) -> str:
    output = StringIO()
    call_command("seal", stdout=output, **options)
    return output.getvalue()


def ask(project: Project) -> tuple[list[dict[str, Any]], str]:
    """-> rows of the total, and the engine that answered"""
    body = {"time_range": TIME_RANGE, "filters": [], "limit": 1, "offset": 0}
    headers = {"Authorization": f"Bearer {issue_key(project, name='test')}"}
    response = Client().post(PATH, body, content_type="application/json", headers=headers)
    assert response.status_code == 200
    return response.json()["data"], response["Server-Timing"].split('query;desc="')[1].split('"')[0]


def paths_of(kind: Family) -> list[Path]:
    names = SealedFile.objects.filter(family=kind, retired_at=None).exclude(name="")
    return [store_folder() / name for name in names.values_list("name", flat=True)]


def test_what_was_recorded_is_sealed_and_answers_from_files(project: Project):
    assert seal().startswith("acme: ")

    assert not DirtyMark.objects.filter(project_id=project.pk).exists()
    project.refresh_from_db()
    assert project.n_sealed == Interaction.objects.for_project(project).count()
    assert ask(project) == ([TOTAL], "columnar")


def test_nothing_new_is_nothing_to_do(project: Project):
    seal()
    files = list(SealedFile.objects.values_list("id", flat=True))

    assert seal() == ""
    assert list(SealedFile.objects.values_list("id", flat=True)) == files


def test_only_the_named_project_is_sealed(project: Project):
    other = Project.objects.create(name="other")
    record(other)

    seal(project="other")

    assert {*SealedFile.objects.values_list("project_id", flat=True)} == {other.pk}


def test_what_is_written_after_sealing_is_in_the_next_answer(project: Project):
    seal()
    Interaction.objects.for_project(project).delete()

    ((row,), engine) = ask(project)

    assert (row["n_interactions"], engine) == (0, "columnar")
    seal()
    assert ask(project)[0][0]["n_interactions"] == 0


def test_what_is_still_open_stays_marked(project: Project):
    seal_project(project, until=datetime(1, 1, 1, tzinfo=UTC))

    assert not SealedFile.objects.filter(family=Family.INTERACTIONS).exists()
    assert ask(project) == ([TOTAL], "columnar")


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(Path.unlink, id="missing"),
        pytest.param(lambda path: path.write_bytes(b""), id="empty"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:5000]), id="cut off"),
        pytest.param(lambda path: path.write_bytes(b"x" * 100_000), id="something else"),
    ],
)
def test_damaged_file_is_answered_by_the_database_and_written_anew(project: Project, damage: Any):
    seal()
    for path in paths_of(Family.INTERACTIONS):
        damage(path)

    assert ask(project) == ([TOTAL], "database")
    # Noted: the next question does not try.
    assert ask(project) == ([TOTAL], "database")

    seal()
    assert ask(project) == ([TOTAL], "columnar")


def test_files_are_removed_when_no_question_can_name_them(project: Project):
    seal()
    (old,) = paths_of(Family.INTERACTIONS)
    Interaction.objects.for_project(project).delete()
    seal()

    assert remove_unused_files() == 0
    assert old.exists()

    SealedFile.objects.exclude(retired_at=None).update(retired_at=timezone.now() - timedelta(days=1))
    make_old(old)
    remove_unused_files()
    assert not old.exists()


def make_old(path: Path) -> None:
    long_ago = (timezone.now() - timedelta(days=1)).timestamp()
    os.utime(path, (long_ago, long_ago))
