"""The pages of the API: complete, without a foreign or inline script, and working in a real browser."""

import json
import re
import shlex
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from csp.constants import SELF
from django.test import Client
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from analytics_api.catalog import DIMENSIONS, FILTERS, METRICS, ORDERINGS
from analytics_api.errors import ERROR_TYPES
from analytics_api.openapi import document
from analytics_api.openapi.operation import Operation
from analytics_api.openapi.operations import OPERATIONS
from analytics_api.templatetags.backticks import backticks
from interactions.ingest.new_interaction import ImportLine
from interactions.keys import issue_key
from interactions.models import FeedbackSlug, Interaction, Project
from interactions.times import parse_utc
from tests.chromium import PROGRAM, Page, running_chromium
from tests.dataset import record
from tests.server import ask, environment, running_server

REFERENCE = "/api/docs"
TRY_IT = "/api/docs/try"
PATH = "/get-interaction-aggregates"
OPERATION = document()["paths"][PATH]["post"]
LINKS_TO_OPERATIONS = {
    operation["operationId"]: f"{TRY_IT}#/{operation['tags'][0]}/{operation['operationId']}"
    for item in document()["paths"].values()
    for operation in item.values()
}
LINK_TO_OPERATION = LINKS_TO_OPERATIONS[OPERATION["operationId"]]

in_a_browser = pytest.mark.skipif(
    PROGRAM is None, reason="Chromium is not installed: apt-get install chromium"
)


class Reader(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag in ("th", "td"):
            self.text += "\n"

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, attribute: str) -> list[str]:
        return [attributes[attribute] for _, attributes in self.tags if attribute in attributes]


def read(address: str) -> Reader:
    response = Client().get(address)
    assert response.status_code == 200
    return Reader(response.content.decode())


# Without the mark that would let these touch the database.
@pytest.mark.parametrize("address", [REFERENCE, f"{REFERENCE}/", TRY_IT, f"{TRY_IT}/"])
def test_pages_are_for_anyone_and_need_no_database(address: str):
    response = Client().get(address)

    assert response.status_code == 200
    assert response["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("address", [REFERENCE, TRY_IT])
def test_pages_are_only_read(address: str):
    assert Client().post(address).status_code == 405


@pytest.mark.parametrize(
    "names",
    [
        FILTERS,
        DIMENSIONS,
        METRICS,
        ORDERINGS,
        ERROR_TYPES,
        document()["components"]["schemas"]["Numbers"]["properties"],
        ImportLine.model_fields,
        FeedbackSlug.values,
    ],
    ids=[
        "filters",
        "group-bys",
        "variables",
        "orderings",
        "error types",
        "numbers",
        "recorded fields",
        "feedback",
    ],
)
def test_reference_names_everything_there_is(names: Any):
    words = set(re.findall(r"\w+", read(REFERENCE).text))

    assert set(names) <= words


@pytest.mark.parametrize(
    "entries", [FILTERS, DIMENSIONS, METRICS, ORDERINGS], ids=lambda entries: next(iter(entries))
)
def test_reference_says_what_everything_means(entries: dict[str, Any]):
    text = read(REFERENCE).text
    missing = [entry.help for entry in entries.values() if entry.help.replace("`", "") not in text]

    assert missing == []


def test_reference_describes_every_field_and_parameter():
    text = read(REFERENCE).text
    parameters = [one for entry in (*FILTERS.values(), *DIMENSIONS.values()) for one in entry.parameters]
    fields = document()["components"]["schemas"]["AggregateRequest"]["properties"].values()

    for help in [*(one.help for one in parameters), *(field["description"] for field in fields)]:
        assert help.replace("`", "") in text


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.id)
def test_reference_shows_every_endpoint(operation: Operation):
    page = read(REFERENCE)

    assert operation.id in page.values("id")
    assert f"{TRY_IT}#/{operation.tag}/{operation.id}" in page.values("href")
    for words in (operation.summary, *(example.title for example in operation.examples)):
        assert words in page.text


def test_reference_shows_the_examples():
    text = read(REFERENCE).text

    for example in OPERATION["requestBody"]["content"]["application/json"]["examples"].values():
        assert example["summary"] in text
        assert json.dumps(example["value"], indent=2) in text


@pytest.mark.django_db
def test_first_question_is_ready_to_copy():
    key = issue_key(Project.objects.create(name="acme"), name="test")
    page = read(REFERENCE).text
    start = page.index("curl ")
    _, url, *options = shlex.split(page[start : page.index("}'", start) + 2].replace("\\\n", ""))
    headers = [value for option, value in zip(options[::2], options[1::2], strict=True) if option == "-H"]
    body = options[options.index("-d") + 1]

    response = Client().post(
        urlsplit(url).path,
        body,
        content_type="application/json",
        headers=dict(header.replace("YOUR_KEY", key).split(": ") for header in headers),
    )

    assert url.startswith("http://testserver/")
    assert response.status_code == 200
    assert response.json()["total"] == 1


# Closing a response closes connections that earlier tests left.
@pytest.mark.django_db
@pytest.mark.parametrize("address", [REFERENCE, TRY_IT])
def test_links_lead_somewhere(address: str):
    page = read(address)
    places = page.values("href") + page.values("src")

    assert places
    for place in places:
        path, _, fragment = place.partition("#")
        # Static files are streamed, and stay open until the response is closed.
        with closing(Client().get(path or address)) as response:
            assert response.status_code == 200
        assert not fragment or place in LINKS_TO_OPERATIONS.values() or fragment in page.values("id")


@pytest.mark.parametrize("address", [REFERENCE, TRY_IT])
def test_nothing_is_inline_or_foreign(address: str, settings: Any):
    response = Client().get(address)
    page = Reader(response.content.decode())
    policy = dict(directive.split(" ", 1) for directive in response["Content-Security-Policy"].split("; "))

    assert policy == {
        name: " ".join(sources) for name, sources in settings.CONTENT_SECURITY_POLICY["DIRECTIVES"].items()
    }
    assert policy["default-src"] == SELF
    assert all(place.startswith(("/", "#")) for place in page.values("href") + page.values("src"))
    assert all("src" in attributes for tag, attributes in page.tags if tag == "script")
    assert page.values("style") == []


def test_reference_needs_no_script():
    assert "script" not in [tag for tag, _ in read(REFERENCE).tags]


def test_key_is_not_asked_for_in_the_clear(tmp_path: Path):
    with running_server(environment(tmp_path, HTTPS="on")) as server:
        server.request("GET", TRY_IT)
        redirect = server.getresponse()
        redirect.read()
        api_status, _, _ = ask(server, "POST", f"/api/external{PATH}")

    assert redirect.status == 301
    assert redirect.headers["Location"] == f"https://{server.host}:{server.port}{TRY_IT}"
    # It has no page to type a key into, and a redirected POST would lose its body.
    assert api_status == 401


def test_texts_are_escaped():
    assert backticks("`<b>` & <b>") == "<code>&lt;b&gt;</code> &amp; &lt;b&gt;"


# In a browser


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
