"""The production server as a process, for tests that ask it over HTTP."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from config.env import BASE_DIR

# Far longer than a start or stop takes on a slow machine.
START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """All variables of a server that keeps everything in `folder` and has a port of its own."""
    return {"DATA_DIR": str(folder / "data"), "HOME": str(folder), "PORT": str(free_port()), **changes}


def start(environ: dict[str, str], *, log: IO[str] | int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Start the server as the Makefile does; it need not answer yet. log: where its messages go."""
    return subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"],
        cwd=BASE_DIR,
        env=environ,
        stderr=log,
        text=True,
    )


@contextmanager
def running_server(
    environ: dict[str, str], *, log: IO[str] | int = subprocess.PIPE
) -> Iterator[http.client.HTTPConnection]:
    """A started server, as a connection to it; afterwards it has stopped without an error."""
    server = start(environ, log=log)
    connection = http.client.HTTPConnection("127.0.0.1", int(environ["PORT"]), timeout=START_SECONDS)
    try:
        _wait_until_listening(connection, server)
        yield connection
    finally:
        connection.close()
        server.send_signal(signal.SIGTERM)
        messages = server.communicate(timeout=START_SECONDS)[1]
    assert server.returncode == 0, messages


def _wait_until_listening(connection: http.client.HTTPConnection, server: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            return connection.connect()
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise AssertionError("The server does not listen.")


def ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: str | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, http.client.HTTPMessage, Any]:
    """-> status, headers (names in any case), decoded body"""
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    return response.status, response.headers, json.load(response)
