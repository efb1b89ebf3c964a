"""The production server, started as the Makefile starts it and asked over HTTP."""

import http.client
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from config.env import BASE_DIR
from tests.server import START_SECONDS, ask, environment, running_server, start

UNREACHABLE_DATABASE = "postgresql://ann:hunter2@127.0.0.1:1/facts"


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[http.client.HTTPConnection]:
    environ = environment(tmp_path_factory.mktemp("server"))
    manage("migrate", "--verbosity=0", environ=environ)
    with running_server(environ) as connection:
        yield connection


def manage(*arguments: str, environ: dict[str, str]) -> None:
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=BASE_DIR, env=environ, stdout=subprocess.DEVNULL, check=True)


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


@pytest.fixture
def unsealed(tmp_path: Path) -> dict[str, str]:
    """The environment of a server whose data nobody has sealed."""
    environ = environment(tmp_path)
    manage("migrate", "--verbosity=0", environ=environ)
    manage("create_demo_data", "--interactions=100", environ=environ | {"QUERY_ENGINE": "database"})
    assert count_marks(environ)
    return environ


def count_marks(environ: dict[str, str]) -> int:
    return count("dirtymark", environ)


def count(model: str, environ: dict[str, str]) -> int:
    with closing(database(environ)) as connection:
        (n_rows,) = connection.execute(f"SELECT count(*) FROM interactions_{model}").fetchone()
    return n_rows


def database(environ: dict[str, str]) -> sqlite3.Connection:
    return sqlite3.connect(Path(environ["DATA_DIR"]) / "db.sqlite3")


def test_server_seals_what_is_recorded(unsealed: dict[str, str]):
    with running_server(unsealed):
        deadline = time.monotonic() + START_SECONDS
        while count_marks(unsealed) and time.monotonic() < deadline:
            time.sleep(0.1)

    assert count_marks(unsealed) == 0
    assert list(Path(unsealed["DATA_DIR"], "columnar").glob("interactions-*.duckdb"))


def test_server_that_never_seals_removes_what_a_deletion_left(unsealed: dict[str, str]):
    environ = unsealed | {"QUERY_ENGINE": "database"}
    hide_everything(environ)
    with running_server(environ):
        deadline = time.monotonic() + START_SECONDS
        while count("interaction", environ) and time.monotonic() < deadline:
            time.sleep(0.1)

    assert count("interaction", environ) == 0
    assert count_marks(environ)
    assert not list(Path(environ["DATA_DIR"], "columnar").glob("*.duckdb"))


def hide_everything(environ: dict[str, str]) -> None:
    """As a deletion of each project's interactions does that is killed before it removes them."""
    with closing(database(environ)) as connection, connection:
        connection.execute(
            "INSERT INTO interactions_deletion"
            " (id, project_id, requested_by, requested_at, selection, n_interactions, hidden_at)"
            " SELECT id, id, 'a test', '2024-01-01', '{\"filters\": []}', 0, '2024-01-01'"
            " FROM interactions_project"
        )
        connection.execute(
            "INSERT INTO interactions_hiddeninteraction (deletion_id, interaction_id)"
            " SELECT project_id, id FROM interactions_interaction"
        )


def test_sealer_does_not_outlive_a_server_that_was_killed(unsealed: dict[str, str]):
    server = start(unsealed)
    deadline = time.monotonic() + START_SECONDS
    while count_marks(unsealed) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert count_marks(unsealed) == 0

    server.kill()

    # Ends when the last process that could write a message has ended.
    server.communicate(timeout=START_SECONDS)
