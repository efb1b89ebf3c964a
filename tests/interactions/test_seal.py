"""`manage.py seal`: what changed becomes columnar files, and damage costs speed, never an answer."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F, QuerySet
from django.test import Client
from django.utils import timezone

from interactions.columnar.cleaning import remove_unused_files
from interactions.columnar.instance import store_folder
from interactions.columnar.sealing import seal_project
from interactions.keys import issue_key
from interactions.models import (
    Conversation,
    DirtyMark,
    EndUser,
    Family,
    Interaction,
    InteractionLabel,
    Label,
    Project,
    SealedFile,
)
from tests import processes
from tests.dataset import TIME_RANGE, TOTAL, record

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "columnar"])

PATH = "/api/external/get-interaction-aggregates"
ALL_TIME = {"start": "2024-01-01", "end": "2025-01-01"}
NO_DIFFERENCE = "buckets that differed: 0; damaged files: 0."


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


def ask(project: Project, **changes: Any) -> tuple[list[dict[str, Any]], str]:
    """-> rows, by default of the total, and the engine that answered"""
    body = {"time_range": TIME_RANGE, "filters": [], "limit": 100, "offset": 0, **changes}
    headers = {"Authorization": f"Bearer {issue_key(project, name='test')}"}
    response = Client().post(PATH, body, content_type="application/json", headers=headers)
    assert response.status_code == 200
    return response.json()["data"], response["Server-Timing"].split('query;desc="')[1].split('"')[0]


def assert_engines_agree(project: Project, settings: Any) -> None:
    """By labels of both kinds, and by day; the database's answers are held to the reference elsewhere."""
    for kind in ("topic", "keyword", "user_feedback", "day"):
        question = {"group_by": {"kind": kind, "include_empty": kind == "topic"}, "time_range": ALL_TIME}
        answers = {}
        for engine in ("columnar", "database"):
            settings.QUERY_ENGINE = engine
            answers[engine], used = ask(project, **question)
            assert used == engine
        assert answers["columnar"] == answers["database"]
    settings.QUERY_ENGINE = "columnar"


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


def test_verifying_finds_nothing_to_mend_where_all_is_well(project: Project):
    seal()
    n_rows = Interaction.objects.for_project(project).count()
    n_words = sum(
        model.objects.filter(**{path: project}).count()
        for model, path in ((EndUser, "project"), (Conversation, "project"), (Label, "dimension__project"))
    )

    assert seal(verify=True) == (f"acme: {n_rows + n_words:,} rows compared; {NO_DIFFERENCE}\n")


# What no trigger saw: the marks are taken away as a restored backup or a lost file would have it.
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda rows: rows.update(cost_microusd=F("cost_microusd") + 1), id="altered"),
        pytest.param(lambda rows: rows.update(started_at=F("started_at") - timedelta(days=1)), id="moved"),
        pytest.param(lambda rows: rows.delete(), id="removed"),
        pytest.param(
            lambda rows: InteractionLabel.objects.filter(interaction__in=rows).delete(), id="unlabelled"
        ),
    ],
)
def test_verifying_mends_what_differs(project: Project, settings: Any, change: Callable[[QuerySet], object]):
    seal()
    change(Interaction.objects.for_project(project).filter(cost_microusd__isnull=False))
    DirtyMark.objects.all().delete()

    said = seal(verify=True)

    assert NO_DIFFERENCE not in said
    assert " sealed in " in said
    assert NO_DIFFERENCE in seal(verify=True)
    assert_engines_agree(project, settings)


def test_verifying_finds_rows_of_which_there_is_no_file(project: Project, settings: Any):
    seal()
    SealedFile.objects.filter(family=Family.INTERACTIONS).delete()

    seal(verify=True)

    assert_engines_agree(project, settings)


def test_verifying_mends_a_damaged_file(project: Project):
    seal()
    (path,) = paths_of(Family.INTERACTIONS)
    path.write_bytes(path.read_bytes()[:5000])

    assert "; damaged files: 1.\n" in seal(verify=True)
    assert ask(project) == ([TOTAL], "columnar")


# The kernel refuses to write more, as on a disk that is full.
SEAL_ON_A_FULL_DISK = """
import resource, runpy, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
sys.argv = ["manage.py", "seal"]
runpy.run_path("manage.py", run_name="__main__")
"""


def test_full_disk_harms_nothing(project: Project):
    marks = set(DirtyMark.objects.values_list("id", flat=True))

    failed = processes.run_python("-c", SEAL_ON_A_FULL_DISK)

    assert failed.returncode == 1
    assert failed.stderr.decode().startswith("CommandError: Stopped: ")
    assert set(DirtyMark.objects.values_list("id", flat=True)) == marks
    assert not SealedFile.objects.exists()
    assert ask(project) == ([TOTAL], "columnar")
    seal()
    assert not DirtyMark.objects.filter(project_id=project.pk).exists()
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


def test_what_killed_processes_left_behind_is_removed_after_a_day(project: Project):
    left = [store_folder() / name for name in ("sealing-abc", "spill-4194305")]
    kept = [store_folder() / "merging-abc", store_folder() / f"spill-{os.getpid()}"]
    for folder in left + kept:
        folder.mkdir()
        (folder / "rows.csv").touch()
    for folder in [*left, kept[1]]:
        make_old(folder)

    remove_unused_files()

    assert [folder.exists() for folder in left + kept] == [False, False, True, True]
    for folder in kept:
        shutil.rmtree(folder)


def make_old(path: Path) -> None:
    long_ago = (timezone.now() - timedelta(days=2)).timestamp()
    os.utime(path, (long_ago, long_ago))
