"""Who may ask: every way to present a key, and every way to be refused."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from interactions.keys import issue_key
from interactions.models import Project, ProjectAPIKey

PATH = "/api/external/get-interaction-aggregates"
BODY = {"time_range": {"start": "2024-03-01", "end": "2024-04-01"}, "filters": [], "limit": 10, "offset": 0}

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="acme")


def ask(headers: dict[str, str]):
    return Client().post(PATH, BODY, content_type="application/json", headers=headers)


@pytest.mark.parametrize(
    "header",
    [
        ("Authorization", "Bearer {key}"),
        ("Authorization", "bearer {key}"),
        ("Authorization", "Bearer   {key}  "),
        ("Authorization", "Api-Key {key}"),
        ("X-API-Key", "{key}"),
    ],
    ids=" ".join,
)
def test_every_way_to_present_a_key(project, header):
    name, form = header
    assert ask({name: form.format(key=issue_key(project, name="test"))}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic dXNlcjpwYXNz"},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Bearer abcdefgh.12345678901234567890123456789012"},
        {"Authorization": "Bearer abcdefgh.1234567890123456789012345678901\0"},
        {"Authorization": "Bearer " + "a" * 5000},
        {"X-API-Key": "ключ"},
    ],
    ids=[
        "none",
        "empty",
        "no key",
        "blank key",
        "other scheme",
        "malformed",
        "unknown",
        "NUL",
        "huge",
        "not ASCII",
    ],
)
def test_without_a_good_key_it_is_401_with_the_challenge(headers):
    response = ask(headers)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert list(response.json()) == ["detail"]


def test_the_secret_half_must_match(project):
    key = issue_key(project, name="test")
    assert ask({"Authorization": f"Bearer {key[:-1]}{'a' if key[-1] != 'a' else 'b'}"}).status_code == 401


def test_a_revoked_key_is_refused_at_once(project):
    key = issue_key(project, name="test")
    assert ask({"Authorization": f"Bearer {key}"}).status_code == 200
    ProjectAPIKey.objects.update(revoked=True)
    assert ask({"Authorization": f"Bearer {key}"}).status_code == 401


def test_an_expired_key_is_refused_at_once(project):
    key = issue_key(project, name="test", expires_at=timezone.now() + timedelta(hours=1))
    assert ask({"Authorization": f"Bearer {key}"}).status_code == 200
    ProjectAPIKey.objects.update(expiry_date=timezone.now() - timedelta(microseconds=1))
    assert ask({"Authorization": f"Bearer {key}"}).status_code == 401


@pytest.mark.parametrize("scopes", ["ingest", "manage", "ingest manage"])
def test_a_key_without_the_scope_is_403(project, scopes):
    response = ask({"Authorization": f"Bearer {issue_key(project, name='test', scopes=scopes)}"})
    assert response.status_code == 403
    assert response.json() == {"detail": "The API key lacks the scope 'query'."}


def test_a_refused_key_is_not_told_what_is_wrong_with_the_body():
    response = Client().post(
        PATH, b"{", content_type="application/json", headers={"Authorization": "Bearer x"}
    )
    assert response.status_code == 401
