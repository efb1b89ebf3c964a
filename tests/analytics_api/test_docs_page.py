"""The pages of the API: complete, and without a foreign or inline script."""

import json
import re
import shlex
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from csp.constants import SELF
from django.test import Client

from analytics_api.catalog import DIMENSIONS, FILTERS, METRICS, ORDERINGS
from analytics_api.errors import ERROR_TYPES
from analytics_api.openapi import document
from analytics_api.openapi.operation import Operation
from analytics_api.openapi.operations import OPERATIONS
from analytics_api.templatetags.backticks import backticks
from interactions.ingest.new_interaction import ImportLine
from interactions.keys import issue_key
from interactions.models import FeedbackSlug, Project
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
    for path in {place.partition("#")[0] for place in places} - {""}:
        # Static files are streamed, and stay open until the response is closed.
        with closing(Client().get(path)) as response:
            assert response.status_code == 200
    ids = set(page.values("id"))
    for place in places:
        _, _, fragment = place.partition("#")
        assert not fragment or place in LINKS_TO_OPERATIONS.values() or fragment in ids


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
