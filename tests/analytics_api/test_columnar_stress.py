"""Files and database agree at every instant, whoever writes, deletes, seals or is killed meanwhile."""

from __future__ import annotations

import random
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from analytics_api.pagination import GroupPagination
from analytics_api.query import engine
from analytics_api.query.plan import build_plan
from analytics_api.query.rows import group_rows, read_total, shape_page, shape_total
from analytics_api.serializers.aggregates import AggregateRequest
from interactions.columnar.sealing import seal_project
from interactions.columnar.verifying import VerifyReport, verify_project
from interactions.ingest import parse_interaction, record_interactions
from interactions.models import Interaction, Project, SealedFile
from tests import processes

N_KILLS = 8
MAX_QUESTIONS_A_LIFE = 6
N_WRITERS = 3
N_IDS_A_WRITER = 300
BATCH = 25
FIRST_DAY, N_DAYS = datetime(2024, 5, 27, tzinfo=UTC), 5
RANGE = {"start": "2024-05-27", "end": "2024-06-01"}

# As `seal --watch`, without the rests, so that a kill finds it at work; in every second life in parts,
# as if there were millions of rows.
SEALER = """
import random

from interactions.columnar import layout, sealing
from interactions.columnar.cleaning import remove_unused_files
from interactions.columnar.sealing import seal_project, sealer_lock
from interactions.models import Project

if random.random() < 0.5:
    layout.MAX_READ_ROWS, sealing._COUNTED_TOGETHER = 40, 5
print("ready", flush=True)
while True:
    with sealer_lock():
        for project in Project.objects.all():
            seal_project(project)
        remove_unused_files()
"""

_KEYWORDS = {"kind": "keyword", "values": ["k1", "k2"]}
QUESTIONS: Sequence[Mapping[str, Any]] = (
    {},
    {"variables": ["retention", "n_users", "session_length", "session_time"]},
    {"group_by": {"kind": "day"}, "order_by": {"by": "group_name", "direction": "asc"}},
    {
        "group_by": {"kind": "topic", "include_empty": True},
        "variables": ["n_interactions", "n_users", "cost"],
    },
    {"group_by": {"kind": "keyword"}, "additional_group_bys": [{"kind": "topic"}]},
    {"group_by": {"kind": "user"}, "filters": [_KEYWORDS]},
    {"group_by": {"kind": "conversation_id"}, "filters": [{**_KEYWORDS, "is_exclude": True}]},
)

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "columnar"])


class Writer:
    """Records, changes, moves and deletes interactions of its own until it is told to stop.

    days: what it was told is stored: the day of each of its interactions that exists.
    """

    def __init__(self, project: Project, number: int):
        self.days: dict[UUID, str] = {}
        self._project = project
        self._random = random.Random(number)
        self._ids = [UUID(int=number * 1_000_000 + place, version=4) for place in range(N_IDS_A_WRITER)]

    def work_until(self, stopping: threading.Event) -> None:
        try:
            while not stopping.is_set():
                self._record_some() if self._random.random() < 0.7 else self._delete_some()
        finally:
            connection.close()

    def _record_some(self) -> None:
        choose = self._random
        lines = {}
        for id in choose.sample(self._ids, BATCH):
            # In one hour a day: were more minutes changed than are worth it, the database would answer.
            start = FIRST_DAY + timedelta(
                days=choose.randrange(N_DAYS), milliseconds=choose.randrange(3_600_000)
            )
            lines[id] = {
                "id": str(id),
                "end_user": f"user {choose.randrange(20)}",
                "conversation_id": f"conversation {choose.randrange(60)}",
                "time_start": start.isoformat(),
                "time_end": (start + timedelta(seconds=choose.randrange(1, 9))).isoformat(),
                "input": "question",
                "output": "answer",
                "topic": choose.choice([None, "billing", "shipping"]),
                "keywords": choose.sample(["k1", "k2", "k3"], choose.randrange(3)),
                "cost": choose.randrange(100) / 1_000_000,
            }
        record_interactions(self._project, [parse_interaction(line) for line in lines.values()])
        self.days |= {id: line["time_start"][:10] for id, line in lines.items()}

    def _delete_some(self) -> None:
        ids = self._random.sample(sorted(self.days), min(len(self.days), BATCH))
        Interaction.objects.for_project(self._project).filter(public_id__in=ids).delete()
        for id in ids:
            del self.days[id]


@contextmanager
def writing(project: Project) -> Iterator[Sequence[Writer]]:
    """Writers at work; at the end they have stopped, and an error of one is raised."""
    stopping = threading.Event()
    writers = [Writer(project, number) for number in range(1, N_WRITERS + 1)]
    with ThreadPoolExecutor(N_WRITERS) as threads:
        running = [threads.submit(writer.work_until, stopping) for writer in writers]
        try:
            yield writers
        finally:
            stopping.set()
    for each in running:
        each.result()


@contextmanager
def sealer_to_be_killed() -> Iterator[None]:
    with processes.start("shell", "--no-imports", "-c", SEALER, stdout=subprocess.PIPE) as sealer:
        try:
            assert sealer.stdout.readline() == b"ready\n"
            yield
            assert sealer.poll() is None
        finally:
            sealer.kill()


def both_answers(project: Project, question: Mapping[str, Any]) -> tuple[Any, Any]:
    """What the files and the database answer, of the same instant."""
    body = {"time_range": RANGE, "filters": [], "limit": 50, "offset": 0, **question}
    asked = AggregateRequest().run_validation(body)
    plan = build_plan(project.pk, asked, now=timezone.now())

    def answer(using: str) -> Any:
        if not plan.shape.groups:
            return shape_total(plan, read_total(plan, using))
        pages = GroupPagination(asked["limit"], asked["offset"])
        rows = shape_page(plan, pages.paginate_queryset(group_rows(plan, using), request=None), using)
        return rows, pages.count

    answers, used = engine.run(plan, 0, lambda using: (answer(using), answer("default")))
    assert used == "columnar"
    return answers


def test_every_answer_is_the_databases_at_that_instant(settings: Any):
    settings.QUERY_ENGINE = "columnar"
    project = Project.objects.create(name="busy")
    choose = random.Random(1)
    n_rows_seen = []

    with writing(project) as writers:
        for _ in range(N_KILLS):
            with sealer_to_be_killed():
                for _ in range(choose.randint(1, MAX_QUESTIONS_A_LIFE)):
                    from_files, from_database = both_answers(project, choose.choice(QUESTIONS))
                    assert from_files == from_database
                total, _ = both_answers(project, {})
                n_rows_seen.append(total["n_interactions"])

    # There was something to disagree about: rows came and went, and some were in files.
    assert len(set(n_rows_seen)) > 1
    assert SealedFile.objects.filter(n_rows__gt=0).exists()
    seal_project(project)
    assert verify_project(project) == VerifyReport(n_rows=n_words_and_interactions(project))
    (rows, n_groups), _ = both_answers(project, QUESTIONS[2])
    days = Counter(day for writer in writers for day in writer.days.values())
    assert {row["group_name"]: row["n_interactions"] for row in rows} == days
    assert n_groups == len(days)


def n_words_and_interactions(project: Project) -> int:
    related = (project.interactions, project.end_users, project.conversations)
    labels = sum(dimension.labels.count() for dimension in project.dimensions.all())
    return sum(rows.count() for rows in related) + labels
