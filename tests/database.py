"""The pytest plugin that gives the suite its database: `pytest --database postgresql`.

Loaded with `-p` (pyproject.toml), because the settings are read before any conftest.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Generator

import psycopg
import pytest

from config.env import BASE_DIR, VARIABLES

VENDORS = ("sqlite", "postgresql")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=VENDORS,
        help="database of the tests, started and deleted by the run; "
        "without it DATABASE_URL names a server, or else it is sqlite",
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """Prepare the environment before pytest-django, in the same hook, reads the settings."""
    # The workers of pytest-xdist inherit the environment of the process that started them.
    if "PYTEST_XDIST_WORKER" not in os.environ:
        _prepare_environment(early_config)
    return (yield)


def pytest_report_header() -> str:
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        return f"database: SQLite {sqlite3.sqlite_version}"
    with psycopg.connect(url) as connection:
        return f"database: PostgreSQL {connection.info.parameter_status('server_version')}"


def asked_vendor(config: pytest.Config) -> str:
    """The database this run was asked to use: one of VENDORS."""
    given = "postgresql" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "sqlite"
    return config.getoption("database") or given


def _prepare_environment(config: pytest.Config) -> None:
    """Replace what the shell exported with what the tests rely on."""
    database_url = os.environ.get("DATABASE_URL")
    for variable in VARIABLES:
        os.environ.pop(variable.name, None)
    data_dir = tempfile.TemporaryDirectory(prefix="tests-")
    config.add_cleanup(data_dir.cleanup)
    os.environ["DATA_DIR"] = data_dir.name
    os.environ["SECRET_KEY"] = "the tests' own key, long enough to be taken for a real one"
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    vendor = config.known_args_namespace.database
    if vendor == "postgresql":
        os.environ["DATABASE_URL"] = _start_postgresql(config)
    elif vendor is None and database_url:
        os.environ["DATABASE_URL"] = database_url


def _start_postgresql(config: pytest.Config) -> str:
    """Start a server that ends with this process, however it ends; return its URL."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.postgresql"],
        cwd=BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C is for pytest, which still needs the server to clear up.
        start_new_session=True,
    )
    config.add_cleanup(lambda: server.communicate())
    url = server.stdout.readline().strip()
    if not url:
        raise pytest.UsageError("The PostgreSQL server for the tests did not start; the reason is above.")
    return url
