"""The documents do what they say: requests are sent as written, tables are fresh, links lead somewhere."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from analytics_api.documents import DOCUMENTS, MissingSection, write_sections
from config.env import BASE_DIR
from interactions.importing import import_file
from interactions.keys import issue_key
from interactions.models import Project

PAGES = sorted(
    [*BASE_DIR.glob("*.md"), *(BASE_DIR / "docs").rglob("*.md"), *(BASE_DIR / "benchmarks").rglob("*.md")]
)
EXAMPLES = BASE_DIR / "docs" / "examples" / "interactions.ndjson"
README_ADDRESS = "http://127.0.0.1:8000"
# A request to copy, and the answer below it.
REQUEST_AND_ANSWER = re.compile(r"```sh\n(curl [^`]*)```\n\n```json\n([^`]*)```")


def requests_of(page: Path) -> list[tuple[str, str]]:
    return REQUEST_AND_ANSWER.findall(page.read_text())


@pytest.mark.parametrize("name", ["README.md", "docs/api.md"])
@pytest.mark.django_db(transaction=True)
def test_requests_are_answered_as_written(name, live_server):
    project = Project.objects.create(name="examples")
    import_file(project, str(EXAMPLES))
    environment = {**os.environ, "KEY": issue_key(project, name="docs", scopes="query ingest manage")}
    environment["OLD_KEY"] = issue_key(project, name="old")
    found = requests_of(BASE_DIR / name)
    assert found
    for request, answer in found:
        command = request.replace(README_ADDRESS, live_server.url)
        printed = subprocess.run(
            ["bash", "-c", command], capture_output=True, check=True, env=environment, text=True
        ).stdout
        assert as_written(json.loads(printed), json.loads(answer)) == json.loads(answer), request


def as_written(printed: Any, written: Any) -> Any:
    """What is printed, but for texts that are never the same twice, which are written as three dots."""
    if isinstance(printed, dict) and isinstance(written, dict):
        return {name: as_written(value, written.get(name)) for name, value in printed.items()}
    return written if written == "..." and isinstance(printed, str) else printed


def test_made_tables_are_fresh(capsys):
    call_command("write_docs", check=True)


def test_a_document_without_a_place_for_its_table_is_refused():
    with pytest.raises(MissingSection):
        write_sections("no marks", DOCUMENTS[BASE_DIR / "README.md"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(BASE_DIR)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target
