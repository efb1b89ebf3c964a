"""What probes are told: /healthz by the process, /readyz by the database."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from config.health import require_migrations


@pytest.fixture(autouse=True)
def forget_applied_migrations():
    require_migrations.cache_clear()


def ask(path: str, method: str = "GET", **headers: str):
    return Client().generic(method, path, headers=headers)


@pytest.mark.parametrize("path", ["/healthz", "/healthz/"])
def test_healthz_answers_without_a_database(path: str):
    # No django_db mark: any use of the database would fail the test.
    response = ask(path)

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/readyz", "/readyz/"])
def test_readyz_answers_when_the_database_does(path: str):
    response = ask(path)

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("host", ["10.0.0.7", "10.0.0.7:8000", "unknown.example.com", "not a host"])
def test_probes_are_answered_whatever_their_host_header(host: str):
    assert ask("/healthz", host=host).status_code == 200
    # Everything else still names the allowed hosts.
    assert ask("/admin/", host=host).status_code == 400


def test_probes_over_plain_http_are_not_redirected(settings):
    settings.SECURE_SSL_REDIRECT = True

    assert ask("/healthz").status_code == 200
    assert ask("/admin/").status_code == 301


def test_head_is_get_without_the_body():
    response = ask("/healthz", "HEAD")

    assert response.status_code == 200
    assert response["Content-Length"] == "16"
    assert response.content == b""


def test_post_is_refused():
    response = ask("/healthz", "POST")

    assert response.status_code == 405
    assert response.json() == {"detail": "Method Not Allowed"}
    assert response["Allow"] == "GET, HEAD"


@pytest.mark.django_db
def test_once_ready_a_probe_costs_one_query(django_assert_num_queries):
    ask("/readyz")

    with django_assert_num_queries(1):
        ask("/readyz")


@pytest.mark.django_db(transaction=True)
def test_readyz_refuses_while_migrations_are_missing():
    call_command("migrate", "interactions", "zero", verbosity=0)
    try:
        response = ask("/readyz")
    finally:
        call_command("migrate", verbosity=0)

    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert response["Cache-Control"] == "no-store"
    body = response.json()
    assert body["status"] == "unavailable"
    assert body["detail"].startswith("Migrations are not applied (")
    # Once they are applied, without a restart.
    assert ask("/readyz").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_readyz_refuses_when_the_database_fails():
    ask("/readyz")
    with connection.schema_editor() as editor:
        editor.execute("ALTER TABLE django_migrations RENAME TO django_migrations_moved")
    try:
        response = ask("/readyz")
    finally:
        with connection.schema_editor() as editor:
            editor.execute("ALTER TABLE django_migrations_moved RENAME TO django_migrations")

    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert response.json() == {"status": "unavailable", "detail": "The database cannot be reached."}
