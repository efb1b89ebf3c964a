"""The commands that make projects and keys and revoke keys."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from interactions.keys import KeyHolder, find_key_holder, issue_key
from interactions.models import Project, ProjectAPIKey

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Project:
    return Project.objects.create(name="Shop")


def run(*arguments: str) -> list[str]:
    """Run a command; -> the lines of its standard output."""
    output = StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue().splitlines()


def test_create_project_ends_with_a_key_that_opens_it():
    *_, key = run("create_project", "Web shop")

    project = Project.objects.get()
    assert project.name == "Web shop"
    assert find_key_holder(key) == KeyHolder(
        n_sealed=0,
        project_id=project.pk,
        prefix=key[:8],
        name="create_project",
        scopes=frozenset({"query", "ingest"}),
    )


def test_create_project_again_keeps_the_project_and_its_keys():
    *_, first = run("create_project", "Web shop")
    *_, second = run("create_project", "Web shop")

    assert Project.objects.count() == 1
    assert first != second
    assert find_key_holder(first).project_id == find_key_holder(second).project_id


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "The name of a project has 1 to 200 characters; this one has 0."),
        ("n" * 201, "The name of a project has 1 to 200 characters; this one has 201."),
        (" Shop", "The name of a project neither starts nor ends with a space."),
        ("Sh\x00op", "A name holds no control characters."),
        ("Sh\nop", "A name holds no control characters."),
        ("Sh\udcffop", "A name holds no control characters."),
    ],
    ids=["empty", "too long", "leading space", "nul", "line break", "not UTF-8"],
)
def test_create_project_refuses_a_wrong_name(name: str, message: str):
    with pytest.raises(CommandError) as refusal:
        run("create_project", name)

    assert str(refusal.value) == message
    assert not Project.objects.exists()


@pytest.mark.parametrize("name", ["x", "n" * 200, "Café ☕ 店", "👩\u200d💻"])
def test_create_project_takes_any_printable_name(name: str):
    run("create_project", name)

    assert Project.objects.get().name == name


def test_create_api_key_ends_with_a_key_of_the_project(shop: Project):
    *_, key = run("create_api_key", "--project", "Shop")

    assert find_key_holder(key) == KeyHolder(
        n_sealed=0,
        project_id=shop.pk,
        prefix=key[:8],
        name="create_api_key",
        scopes=frozenset({"query", "ingest"}),
    )


def test_create_api_key_takes_name_scopes_and_expiry(shop: Project):
    options = ["--name", "nightly export", "--scopes", "query, manage,query", "--expires", "2999-01-01"]

    *_, key = run("create_api_key", "--project", "Shop", *options)

    row = ProjectAPIKey.objects.get()
    assert find_key_holder(key).scopes == frozenset({"query", "manage"})
    assert (row.name, row.scopes) == ("nightly export", "query manage")
    assert row.expiry_date == datetime(2999, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--project", "Shpo"], "Unknown project 'Shpo'. Known: 'Shop'."),
        (
            ["--scopes", "query,mange"],
            "--scopes: unknown scope 'mange'. Did you mean 'manage'? Known: query, ingest, manage.",
        ),
        (["--scopes", "x"], "--scopes: unknown scope 'x'. Known: query, ingest, manage."),
        (["--scopes", " , "], "--scopes: give at least one of query, ingest, manage."),
        (
            ["--expires", "tomorrow"],
            "--expires: expected a date-time such as 2024-05-30T14:00:00Z, with any offset, or a date,"
            " not 'tomorrow'.",
        ),
        (["--expires", "2020-01-01"], "2020-01-01T00:00:00+00:00 is past; a key expires in the future."),
    ],
    ids=["project", "near scope", "far scope", "no scope", "no date", "past date"],
)
def test_create_api_key_refuses_and_says_what_it_takes(shop: Project, options: list[str], message: str):
    with pytest.raises(CommandError) as refusal:
        run("create_api_key", "--project", "Shop", *options)

    assert str(refusal.value) == message
    assert not ProjectAPIKey.objects.exists()


@pytest.mark.parametrize("given", ["whole key", "prefix"])
def test_revoke_api_key_takes_effect_at_once_and_again(shop: Project, given: str):
    key, kept = issue_key(shop, name="one"), issue_key(shop, name="other")
    argument = key if given == "whole key" else key[:8]

    assert run("revoke_api_key", argument) == [f"Revoked {key[:8]}."]
    assert run("revoke_api_key", argument) == [f"Revoked {key[:8]}."]

    assert find_key_holder(key) is None
    assert find_key_holder(kept) is not None


def test_revoke_api_key_refuses_an_unknown_key_without_repeating_it(shop: Project):
    issue_key(shop, name="one")

    with pytest.raises(CommandError) as refusal:
        run("revoke_api_key", "unknown1.notasecret")

    assert str(refusal.value) == "No key has this prefix. The admin lists the prefixes of all keys."
