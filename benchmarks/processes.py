"""The production server and management commands, as processes with an environment of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection

from config.env import BASE_DIR, VARIABLES

HOST = "127.0.0.1"
N_WORKERS = 2
# Starting takes about two seconds; a busy machine may need several times as long.
START_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class WebServer:
    """A server that answers on HOST. process_id: of gunicorn's master, the parent of its workers."""

    port: int
    process_id: int


def environment_with(**own: str) -> dict[str, str]:
    """The shell's environment, without what it exported for another server."""
    declared = {variable.name for variable in VARIABLES}
    return {name: value for name, value in os.environ.items() if name not in declared} | own


def run_module(module: str, *arguments: str, environment: Mapping[str, str]) -> str:
    """Run `python -m module` from the project's folder -> what it printed."""
    finished = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return finished.stdout


@contextmanager
def serve_web(environment: Mapping[str, str]) -> Iterator[WebServer]:
    """gunicorn as in production, but for its port and workers."""
    port = _free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"],
        cwd=BASE_DIR,
        env={**environment, "PORT": str(port), "WEB_WORKERS": str(N_WORKERS), "LOG_LEVEL": "WARNING"},
    )
    try:
        _wait_until_ready(process, port)
        yield WebServer(port=port, process_id=process.pid)
    finally:
        process.terminate()
        process.wait()


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
