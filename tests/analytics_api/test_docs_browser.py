"""The pages of the API as a real browser shows and uses them."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from interactions.keys import issue_key
from interactions.models import Interaction, Project
from interactions.times import parse_utc
from tests.analytics_api.test_docs_page import LINK_TO_OPERATION, LINKS_TO_OPERATIONS, REFERENCE, TRY_IT
from tests.chromium import PROGRAM, Page, running_chromium
from tests.dataset import record

in_a_browser = pytest.mark.skipif(
    PROGRAM is None, reason="Chromium is not installed: apt-get install chromium"
)


@pytest.fixture
def page() -> Iterator[Page]:
    with running_chromium() as page:
        yield page


@in_a_browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [420, 1280])
def test_reference_is_shown_without_complaints(live_server: LiveServer, page: Page, width: int, dark: bool):
    page.show(width=width, dark=dark)
    page.open(f"{live_server.url}{REFERENCE}")

    assert page.complaints == []
    # Only code is wider than the window, and scrolls in its own box.
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", background))) < 200) == dark


def execute(page: Page, project: Project) -> Any:
    """Ask what the page shows with a key of the project. -> the answer"""
    page.click(".authorize")
    page.type("#auth-bearer-value", issue_key(project, name="test"))
    page.click(".auth-container button[type=submit]")
    page.click(".btn-done")
    page.click(".execute")
    return json.loads(
        page.wait_for(
            "document.querySelector('.live-responses-table .response-col_description code')?.innerText"
        )
    )


@in_a_browser
@pytest.mark.django_db(transaction=True)
def test_question_is_asked_from_the_browser(live_server: LiveServer, page: Page):
    project = Project.objects.create(name="acme")
    record(project)
    page.open(f"{live_server.url}{LINK_TO_OPERATION}")

    assert execute(page, project)["data"][0]["group_name"] == "total"
    assert page.complaints == []


@in_a_browser
@pytest.mark.django_db(transaction=True)
def test_interaction_is_recorded_from_the_browser(live_server: LiveServer, page: Page):
    project = Project.objects.create(name="acme")
    # Its path is relative to another server than that of the questions.
    page.open(f"{live_server.url}{LINKS_TO_OPERATIONS['recordInteraction']}")

    recorded = execute(page, project)

    assert recorded["interaction_id"] == str(Interaction.objects.for_project(project).get().public_id)
    assert page.complaints == []


@in_a_browser
@pytest.mark.django_db(transaction=True)
def test_examples_to_try_ask_about_the_last_days(live_server: LiveServer, page: Page):
    page.open(f"{live_server.url}{LINK_TO_OPERATION}")

    body = json.loads(page.wait_for("document.querySelector('.body-param__text')?.value"))

    start, end = (parse_utc(body["time_range"][name]) for name in ("start", "end"))
    assert end - start == timedelta(days=30)
    assert timedelta(0) < end - timezone.now() <= timedelta(days=1)


@in_a_browser
@pytest.mark.django_db(transaction=True)
def test_policy_keeps_inline_scripts_from_running(live_server: LiveServer, page: Page):
    page.open(f"{live_server.url}{TRY_IT}")

    page.evaluate("document.body.setAttribute('onclick', 'document.title = 1')")
    page.evaluate("document.body.click()")

    page.wait_for("document.title !== '1'")
    assert "Content Security Policy" in " ".join(page.complaints)
