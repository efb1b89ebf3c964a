"""API keys in the admin: shown once, limited, revoked for good, and their hashes never shown."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote as admin_quote
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from rest_framework_api_key.models import APIKey

from interactions.keys import KeyHolder, find_key_holder, issue_key
from interactions.models import Project, ProjectAPIKey

LIST = "/admin/interactions/projectapikey/"
FUTURE = {"expiry_date_0": "2999-01-01", "expiry_date_1": "00:00:00"}

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def shop() -> Project:
    return Project.objects.create(name="Shop")


def page_of(key: ProjectAPIKey) -> str:
    return f"{LIST}{key.prefix}/change/"


def issue(browser: Client, project: Project, /, **form: Any) -> HttpResponse:
    """Fill in the form of a new key."""
    filled_in = {"project": project.pk, "name": "exporter", "scopes": ["query"], **form}
    return browser.post(f"{LIST}add/", filled_in, follow=True)


def change(browser: Client, key: ProjectAPIKey, **form: Any) -> HttpResponse:
    """Fill in the form of an existing key."""
    return browser.post(page_of(key), {"name": key.name, "scopes": key.scopes.split(), **form}, follow=True)


def stored_key(project: Project, **changes: Any) -> ProjectAPIKey:
    issue_key(project, **({"name": "exporter"} | changes))
    return ProjectAPIKey.objects.latest("created")


def clear_keys(response: HttpResponse) -> list[str]:
    return re.findall(r"[A-Za-z0-9]{8}\.[A-Za-z0-9]{32}", response.content.decode())


# Issuing


def test_issued_key_is_shown_and_opens_its_project(browser: Client, shop: Project):
    response = issue(browser, shop, scopes=["manage", "query"])

    [key] = clear_keys(response)
    assert find_key_holder(key) == KeyHolder(
        n_sealed=0, project_id=shop.pk, prefix=key[:8], name="exporter", scopes=frozenset({"query", "manage"})
    )
    # In the words and the order that every key has.
    assert ProjectAPIKey.objects.get().scopes == "query manage"


def test_key_is_shown_once(browser: Client, shop: Project):
    [key] = clear_keys(issue(browser, shop))

    for address in (LIST, f"{LIST}{key[:8]}/change/", f"{LIST}{key[:8]}/history/", "/admin/"):
        assert clear_keys(browser.get(address)) == []
    assert key[9:] not in str(list(LogEntry.objects.values()))


def test_new_key_is_offered_what_most_clients_need(browser: Client):
    html = browser.get(f"{LIST}add/").content.decode()

    boxes = re.findall(r'<input type="checkbox" name="scopes" value="(\w+)"[^>]*?( checked)?>', html)
    assert boxes == [("query", " checked"), ("ingest", " checked"), ("manage", "")]


def test_key_can_expire(browser: Client, shop: Project):
    issue(browser, shop, **FUTURE)

    assert ProjectAPIKey.objects.get().expiry_date == datetime(2999, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        pytest.param({"project": ""}, "This field is required.", id="no project"),
        pytest.param({"project": "0"}, "Select a valid choice.", id="unknown project"),
        pytest.param({"name": ""}, "This field is required.", id="no name"),
        pytest.param({"name": "a\x07b"}, "A name holds no control characters.", id="control character"),
        pytest.param({"scopes": []}, "This field is required.", id="no scope"),
        pytest.param(
            {"scopes": ["query", "root"]}, "root is not one of the available choices.", id="unknown scope"
        ),
        pytest.param(
            FUTURE | {"expiry_date_0": "2020-01-01"}, "A key expires in the future", id="past expiry"
        ),
    ],
)
def test_key_that_breaks_a_rule_is_not_issued(
    browser: Client, shop: Project, form: dict[str, Any], message: str
):
    response = issue(browser, shop, **form)

    assert message in response.content.decode()
    assert not ProjectAPIKey.objects.exists()


# Changing


def test_name_scopes_and_expiry_can_be_changed(browser: Client, shop: Project):
    key = stored_key(shop)
    before = ProjectAPIKey.objects.values().get()

    change(browser, key, name="importer", scopes=["ingest"], **FUTURE)

    expires_at = datetime(2999, 1, 1, tzinfo=UTC)
    changed = {"name": "importer", "scopes": "ingest", "expiry_date": expires_at}
    assert ProjectAPIKey.objects.values().get() == before | changed


def test_saving_without_a_change_changes_nothing(browser: Client, shop: Project):
    key = stored_key(shop)
    before = ProjectAPIKey.objects.values().get()

    assert change(browser, key).status_code == 200

    assert ProjectAPIKey.objects.values().get() == before


def test_expired_key_can_be_renamed(browser: Client, shop: Project):
    key = stored_key(shop)
    ProjectAPIKey.objects.update(expiry_date=datetime(2020, 1, 1, tzinfo=UTC))

    change(browser, key, name="importer", expiry_date_0="2020-01-01", expiry_date_1="00:00:00")

    assert ProjectAPIKey.objects.get().name == "importer"


def test_key_stays_in_its_project(browser: Client, shop: Project):
    other = Project.objects.create(name="Other")
    key = stored_key(shop)

    assert 'name="project"' not in browser.get(page_of(key)).content.decode()
    change(browser, key, project=other.pk, prefix="changed", hashed_key="changed", id="changed")

    assert ProjectAPIKey.objects.get().project == shop
    assert (ProjectAPIKey.objects.get().pk, ProjectAPIKey.objects.get().prefix) == (key.pk, key.prefix)


def test_revoked_key_opens_nothing_from_then_on(browser: Client, shop: Project):
    clear_key = issue_key(shop, name="exporter")

    change(browser, ProjectAPIKey.objects.get(), revoked="on")

    assert find_key_holder(clear_key) is None


def test_revocation_cannot_be_taken_back(browser: Client, shop: Project):
    key = stored_key(shop)
    ProjectAPIKey.objects.update(revoked=True)
    before = ProjectAPIKey.objects.values().get()

    assert "_save" not in browser.get(page_of(key)).content.decode()
    assert change(browser, key, name="changed").status_code == 403
    assert ProjectAPIKey.objects.values().get() == before


# Hiding


def test_hash_is_shown_nowhere(browser: Client, shop: Project):
    issue(browser, shop)
    key = ProjectAPIKey.objects.get()
    digest = key.hashed_key.rpartition("$")[2]
    responses = [
        change(browser, key, name="importer"),
        change(browser, key, name="exporter", _continue="1"),
        issue(browser, shop, _continue="1"),
        issue(browser, shop, _addanother="1"),
        browser.get(LIST),
        browser.get(f"{LIST}?_popup=1"),
        browser.get(f"{LIST}?q=exporter"),
        browser.get(page_of(key)),
        browser.get(f"{LIST}{key.prefix}/history/"),
        browser.get("/admin/"),
    ]

    for response in responses:
        assert response.status_code == 200
        assert digest not in response.content.decode()
        assert "sha512" not in response.content.decode()
        assert "sha512" not in str(getattr(response, "redirect_chain", ""))
    assert "sha512" not in str(list(LogEntry.objects.values()))


def test_keys_are_reached_by_prefix_alone(browser: Client, shop: Project):
    key = stored_key(shop)

    assert f'<a href="{page_of(key)}">{key.prefix}</a>' in browser.get(LIST).content.decode()
    for name in (key.pk, admin_quote(key.pk), key.hashed_key):
        response = browser.get(f"{LIST}{quote(name, safe='')}/change/")
        assert (response.status_code, response["Location"]) == (302, "/admin/")


def test_what_was_done_to_a_key_is_on_its_history(browser: Client, shop: Project):
    issue(browser, shop)
    key = ProjectAPIKey.objects.get()
    change(browser, key, revoked="on")

    html = browser.get(f"{LIST}{key.prefix}/history/").content.decode()

    assert "Added." in html
    assert "Changed Revoked." in html
    assert f'<a href="{page_of(key)}">' in browser.get("/admin/").content.decode()


def test_the_librarys_own_keys_are_not_offered(browser: Client):
    assert not admin.site.is_registered(APIKey)
    assert "rest_framework_api_key" not in browser.get("/admin/").content.decode()


def test_keys_are_found_by_project_name_and_prefix(browser: Client, shop: Project):
    key = stored_key(shop, name="exporter")
    other = stored_key(Project.objects.create(name="Other"), name="importer")

    def prefixes(**parameters: Any) -> list[str]:
        return [row.prefix for row in browser.get(LIST, parameters).context["cl"].result_list]

    assert prefixes() == [other.prefix, key.prefix]
    assert prefixes(project=shop.pk) == prefixes(q="export") == prefixes(q=key.prefix) == [key.prefix]
    assert prefixes(revoked__exact="1") == []


def test_list_of_keys_asks_as_much_for_fifty_as_for_five(browser: Client, django_assert_num_queries):
    # session, user, projects to filter by, primary keys, keys
    for stop in (5, 50):
        for number in range(ProjectAPIKey.objects.count(), stop):
            stored_key(Project.objects.create(name=f"project {number}"))
        with django_assert_num_queries(5):
            assert len(browser.get(LIST).context["cl"].result_list) == stop
