"""What tests of the admin share: rows to browse, and lists read as a browser gets them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpResponse
from django.test import Client

from interactions.models import Interaction, Project
from tests.dataset import record

NOON = datetime(2024, 5, 27, 12, tzinfo=UTC)


def line_of(**changes: Any) -> dict[str, Any]:
    """An import line of Ada's: a second and a half from NOON on, with these fields instead."""
    line = {
        "id": str(uuid4()),
        "end_user": "ada",
        "input": "Where is it?",
        "output": "Soon.",
        "time_start": NOON,
    }
    line |= changes
    return {"time_end": line["time_start"] + timedelta(seconds=1.5), **line}


def record_one(project: Project, **changes: Any) -> Interaction:
    line = line_of(**changes)
    record(project, [line])
    return Interaction.objects.get(public_id=UUID(line["id"]))


def ask(browser: Client, model: str = "interaction", **parameters: Any) -> HttpResponse:
    """A list, with these parameters in its address."""
    return browser.get(f"/admin/interactions/{model}/", parameters)


def shown(browser: Client, model: str = "interaction", **parameters: Any) -> list[Any]:
    """The rows that a list shows."""
    response = ask(browser, model, **parameters)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)
