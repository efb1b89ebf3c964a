"""What tests of dirty marks share: rows to write to, and which buckets a write changed and marked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.db.models import Max
from django.test import Client
from django.urls import reverse

from interactions.models import (
    Conversation,
    DirtyMark,
    EndUser,
    Family,
    Interaction,
    InteractionLabel,
    Label,
    Project,
)
from tests.dataset import record

MINUTES_A_DAY = 24 * 60
IDS_A_BUCKET = 1024
NOON = datetime(2024, 5, 27, 12, tzinfo=UTC)

# (project, family, bucket)
Place = tuple[int, int, int]


def minute_of(moment: datetime) -> int:
    """Minutes since the year 1, by the calendar."""
    return (moment.toordinal() - 1) * MINUTES_A_DAY + moment.hour * 60 + moment.minute


def newest_mark() -> int:
    return DirtyMark.objects.aggregate(newest=Max("id"))["newest"] or 0


def places_marked_after(mark: int) -> set[Place]:
    return set(DirtyMark.objects.filter(id__gt=mark).values_list("project_id", "family", "bucket"))


@dataclass
class Change:
    """changed: places of rows that were added, removed, moved or altered. marked: those with new marks."""

    changed: set[Place] = field(default_factory=set)
    marked: set[Place] = field(default_factory=set)


@contextmanager
def observed() -> Iterator[Change]:
    """Compare what is stored before and after; read the answer when it has ended."""
    change, before, mark = Change(), _rows(), newest_mark()
    yield change
    change.changed = {place for _, place, _ in before ^ _rows()}
    change.marked = places_marked_after(mark)


def _rows() -> set[tuple[str, Place, Any]]:
    """Every row that columns are made of, with its place."""
    interactions = {
        row["id"]: (row["project_id"], Family.INTERACTIONS.value, minute_of(row["started_at"]))
        for row in Interaction.objects.values()
    }
    rows = {
        ("interaction", interactions[row["id"]], tuple(row.items())) for row in Interaction.objects.values()
    }
    rows |= {
        ("label of one", interactions[row[0]], row)
        for row in InteractionLabel.objects.values_list("interaction_id", "dimension_id", "label_id")
    }
    for family, model, project in (
        (Family.END_USERS, EndUser, "project_id"),
        (Family.CONVERSATIONS, Conversation, "project_id"),
        (Family.LABELS, Label, "dimension__project_id"),
    ):
        rows |= {
            (family.label, (row[0], family.value, row[1] // IDS_A_BUCKET), row)
            for row in model.objects.values_list(project, "id", *(f.attname for f in model._meta.fields))
        }
    return rows


class World:
    """Two projects; in the first, two interactions of different minutes, the second in the past."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = Project.objects.create(name="shop")
        self.other = Project.objects.create(name="other shop")
        self.line = {
            "id": str(UUID(int=1, version=4)),
            "end_user": "ada",
            "end_user_group_profile": "enterprise",
            "conversation_id": "c1",
            "time_start": "2024-05-27T12:00:00Z",
            "time_end": "2024-05-27T12:10:00Z",
            "input": "Hi",
            "output": "Hello",
            "topic": "greeting",
            "keywords": ["hello", "morning"],
            "feedback_actions": [{"slug": "thumbs_up"}],
        }
        later = {"id": str(UUID(int=2, version=4)), "time_start": "1969-12-31T23:59:59.5Z"}
        later |= {"time_end": "1970-01-01T00:00:00Z", "input": "Bye"}
        self.send(self.line, self.line | later)
        self.first, self.second = Interaction.objects.order_by("id")
        self.user = EndUser.objects.get(external_id="ada")
        self.conversation = Conversation.objects.get()
        self.topic = Label.objects.get(value="greeting")
        # Rows of one family in more than one bucket.
        EndUser.objects.create(id=IDS_A_BUCKET, project=self.project, external_id="far")

    def send(self, *lines: dict[str, Any]) -> None:
        record(self.project, lines)

    def resend(self, **changes: Any) -> None:
        self.send(self.line | changes)

    def import_file(self) -> None:
        path = self.folder / "lines.ndjson"
        lines = [self.line | {"id": str(uuid4()), "input": str(n), "end_user": f"u{n}"} for n in range(3)]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        call_command("import_interactions", str(path), project="shop", stdout=StringIO())

    def edit_label_in_admin(self) -> None:
        browser = Client()
        browser.force_login(User.objects.create_superuser("root"))
        browser.post(reverse("admin:interactions_label_change", args=[self.topic.pk]), {"is_custom": "on"})

    def new_interaction(self, **changes: Any) -> Interaction:
        return Interaction(**{"project": self.project, "started_at": NOON + timedelta(minutes=5)} | changes)

    def labelled(self, interaction: Interaction) -> InteractionLabel:
        return InteractionLabel(
            interaction=interaction, dimension_id=self.topic.dimension_id, label_id=self.topic.pk
        )

    def delete_project(self) -> None:
        """In the order that protected rows allow."""
        self.project.interactions.all().delete()
        EndUser.objects.filter(project=self.project).delete()
        self.project.delete()

    def sql(self, statement: str, *values: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
