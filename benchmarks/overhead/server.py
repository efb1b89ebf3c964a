"""The production server on a database of its own; both are gone afterwards."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import psycopg

from benchmarks.processes import environment_with, run_module, serve_web
from config.env import BASE_DIR


@dataclass(frozen=True, kw_only=True)
class Database:
    """A new, empty database. url: as DATABASE_URL takes it; "" for the file in DATA_DIR."""

    name: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that answers on HOST, and a key to its interactions."""

    port: int
    key: str


@contextmanager
def sqlite() -> Iterator[Database]:
    yield Database(name=f"SQLite {sqlite3.sqlite_version}", url="")


@contextmanager
def postgresql() -> Iterator[Database]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.postgresql"],
        cwd=BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C is for us: the web server must be stopped first.
        start_new_session=True,
    )
    try:
        url = process.stdout.readline().strip()
        if not url:
            raise SystemExit("PostgreSQL did not start; the reason is above.")
        with psycopg.connect(url) as connection:
            version = connection.info.parameter_status("server_version")
        yield Database(name=f"PostgreSQL {version}", url=url)
    finally:
        # It stops when its standard input ends.
        process.communicate()


DATABASES: Mapping[str, Callable[[], AbstractContextManager[Database]]] = {
    "sqlite": sqlite,
    "postgresql": postgresql,
}


@contextmanager
def serve(database: Database) -> Iterator[Server]:
    """Record the interactions and start gunicorn."""
    with tempfile.TemporaryDirectory(prefix="overhead-") as data_dir:
        environment = environment_with(
            DJANGO_SETTINGS_MODULE="benchmarks.overhead.settings",
            DATA_DIR=data_dir,
            DATABASE_URL=database.url,
        )
        key = run_module("benchmarks.overhead.prepare", environment=environment)
        with serve_web(environment) as server:
            yield Server(port=server.port, key=key)
