"""The production server, started as the Makefile starts it and asked over HTTP."""

import http.client
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.env import BASE_DIR
from tests.server import START_SECONDS, ask, environment, running_server, start

UNREACHABLE_DATABASE = "postgresql://ann:hunter2@127.0.0.1:1/facts"


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[http.client.HTTPConnection]:
    environ = environment(tmp_path_factory.mktemp("server"))
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0"], cwd=BASE_DIR, env=environ, check=True
    )
    with running_server(environ) as connection:
        yield connection


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_are_answered(connection: http.client.HTTPConnection, path: str):
    status, _, body = ask(connection, "GET", path)

    assert (status, body) == (200, {"status": "ok"})


def test_request_without_a_key_is_refused(connection: http.client.HTTPConnection):
    status, headers, body = ask(connection, "POST", "/api/external/get-interaction-aggregates")

    assert status == 401
    assert headers["www-authenticate"] == "Bearer"
    assert list(body) == ["detail"]


def test_connection_is_kept_between_requests(connection: http.client.HTTPConnection):
    ask(connection, "GET", "/healthz")
    kept = connection.sock

    ask(connection, "GET", "/healthz")

    assert kept is not None
    assert connection.sock is kept


def test_server_lives_without_its_database_and_says_it_is_not_ready(tmp_path: Path):
    with running_server(environment(tmp_path, DATABASE_URL=UNREACHABLE_DATABASE)) as connection:
        assert ask(connection, "GET", "/healthz")[0] == 200
        status, headers, body = ask(connection, "GET", "/readyz")

    assert status == 503
    assert headers["retry-after"] == "5"
    assert body == {"status": "unavailable", "detail": "The database cannot be reached."}


def test_server_leaves_nothing_in_the_home_folder(tmp_path: Path):
    with running_server(environment(tmp_path)) as connection:
        ask(connection, "GET", "/healthz")

        assert {path.name for path in tmp_path.iterdir()} == {"data"}


def test_wrong_variable_stops_the_start_by_name(tmp_path: Path):
    server = start(environment(tmp_path, WEB_THREADS="none"))

    messages = server.communicate(timeout=START_SECONDS)[1]

    assert server.returncode == 1
    assert "WEB_THREADS: expected a whole number from 1 to 256." in messages
