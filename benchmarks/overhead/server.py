"""The production server on a database of its own; both are gone afterwards."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection

import psycopg

from config.env import BASE_DIR, VARIABLES

HOST = "127.0.0.1"
N_WORKERS = 2
# Starting takes about two seconds; a busy machine may need several times as long.
START_SECONDS = 60


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
    """Record the interactions and start gunicorn as in production, but for its port and workers."""
    with tempfile.TemporaryDirectory(prefix="overhead-") as data_dir:
        port = _free_port()
        environment = _environment(
            DJANGO_SETTINGS_MODULE="benchmarks.overhead.settings",
            DATA_DIR=data_dir,
            DATABASE_URL=database.url,
            PORT=str(port),
            WEB_WORKERS=str(N_WORKERS),
            LOG_LEVEL="WARNING",
        )
        prepared = subprocess.run(
            [sys.executable, "-m", "benchmarks.overhead.prepare"],
            cwd=BASE_DIR,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"],
            cwd=BASE_DIR,
            env=environment,
        )
        try:
            _wait_until_ready(process, port)
            yield Server(port=port, key=prepared.stdout)
        finally:
            process.terminate()
            process.wait()


def _environment(**own: str) -> dict[str, str]:
    """The shell's environment, without what it exported for another server."""
    declared = {variable.name for variable in VARIABLES}
    return {name: value for name, value in os.environ.items() if name not in declared} | own


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        return listener.getsockname()[1]


def _wait_until_ready(process: subprocess.Popen, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        connection = HTTPConnection(HOST, port, timeout=START_SECONDS)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except ConnectionError:
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    raise SystemExit("The server did not start; the reason is above.")
