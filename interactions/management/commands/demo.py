"""Start a server with made-up data and show how to ask it: what `make demo` runs."""

import http.client
import json
import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from datetime import time as midnight
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from config.env import BASE_DIR, read_environment
from interactions.demo import PLANS
from interactions.keys import find_key_holder, issue_key
from interactions.management.commands.create_demo_data import DEFAULT_INTERACTIONS
from interactions.models import Interaction, Project

HOST = "127.0.0.1"
ADMIN = "admin"
ENDPOINT = "/api/external/get-interaction-aggregates"
# Far longer than a start takes on a slow machine.
START_SECONDS = 60


class Command(BaseCommand):
    help = (
        "Starts a server with made-up data, an administrator and an API key, and shows a first question. "
        "Everything is kept in DATA_DIR, so the next start is the same. Ctrl-C stops it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--interactions",
            type=int,
            default=DEFAULT_INTERACTIONS,
            help="how many to make up, the first time (default: %(default)s)",
        )

    def handle(self, *, interactions: int, **options: Any) -> None:
        port = read_environment()["PORT"]
        refuse_taken_port(port)
        call_command("migrate", verbosity=0)
        refuse_other_projects()
        call_command("create_demo_data", interactions=interactions, stdout=self.stdout)
        project = Project.objects.get(name=PLANS[0].name)
        password = keep_admin_password(settings.DATA_DIR / "demo_admin_password")
        key = keep_key(project, settings.DATA_DIR / "demo_api_key")
        question = make_question(project)
        connection.close()
        with running_server(port) as server:
            answer = ask(port, key, question)
            self.stdout.write(
                describe(port=port, password=password, key=key, question=question, answer=answer)
            )
            self.stdout.flush()
            server.wait()
            raise CommandError("The server ended; the reason is above.")


def refuse_taken_port(port: int) -> None:
    with socket.socket() as listener:
        # As the server does it: a connection of the last run that is still closing is no obstacle.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} is not free ({error.strerror}). Choose another: make demo PORT={port + 1}"
            ) from None


def refuse_other_projects() -> None:
    """Keep the demo's administrator and key out of a database that holds anything else."""
    other = Project.objects.exclude(name__in=[plan.name for plan in PLANS]).first()
    if other is not None:
        raise CommandError(
            f"This database holds the project {other.name!r}. The demo needs one of its own: make demo"
        )


def keep_admin_password(path: Path) -> str:
    """The administrator's password, made on the first start and kept in `path`."""
    user, _ = get_user_model().objects.get_or_create(
        username=ADMIN, defaults={"is_staff": True, "is_superuser": True}
    )
    if path.exists():
        password = path.read_text()
        if user.check_password(password):
            return password
    password = secrets.token_urlsafe(12)
    user.set_password(password)
    user.save()
    _write_for_owner_alone(path, password)
    return password


def keep_key(project: Project, path: Path) -> str:
    """A valid key of the project, issued on the first start and kept in `path`."""
    if path.exists():
        key = path.read_text()
        holder = find_key_holder(key)
        if holder is not None and holder.project_id == project.pk:
            return key
    key = issue_key(project, name="demo")
    _write_for_owner_alone(path, key)
    return key


def _write_for_owner_alone(path: Path, secret: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret)


def make_question(project: Project) -> dict[str, Any]:
    """The request to show: the busiest topics of the newest 30 days there are."""
    newest = Interaction.objects.for_project(project).latest("started_at").started_at
    end = datetime.combine(newest.date() + timedelta(days=1), midnight(), UTC)
    start = end - timedelta(days=30)
    return {
        "time_range": {"start": f"{start:%Y-%m-%dT%H:%M:%SZ}", "end": f"{end:%Y-%m-%dT%H:%M:%SZ}"},
        "filters": [],
        "group_by": {"kind": "topic"},
        "variables": ["n_interactions", "n_users", "cost", "latency_seconds"],
        "limit": 3,
        "offset": 0,
    }


@contextmanager
def running_server(port: int) -> Iterator[subprocess.Popen]:
    """The production server, once it answers. Ends with the block, which Ctrl-C and SIGTERM leave."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"],
        cwd=BASE_DIR,
        # In this terminal, only what is wrong is worth a line.
        env={**os.environ, "DATA_DIR": str(settings.DATA_DIR), "LOG_LEVEL": "WARNING"},
        # Ctrl-C reaches this process alone, which then stops the server in order.
        start_new_session=True,
    )
    try:
        _wait_until_it_answers(server, port)
        yield server
    except KeyboardInterrupt:
        pass
    finally:
        server.terminate()
        server.wait()


def _wait_until_it_answers(server: subprocess.Popen, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if _request(port, "GET", "/readyz")[0] == http.HTTPStatus.OK:
                return
        except ConnectionRefusedError:
            pass
        time.sleep(0.05)
    raise CommandError("The server did not start; the reason is above.")


def ask(port: int, key: str, question: dict[str, Any]) -> Any:
    """Send the question over HTTP. -> the decoded answer"""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    status, body = _request(port, "POST", ENDPOINT, json.dumps(question), headers)
    if status != http.HTTPStatus.OK:
        raise CommandError(f"The server answered {status}: {body.decode()}")
    return json.loads(body)


def _request(
    port: int, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    # Not urllib.request, which would send this to the proxy that the environment names.
    client = http.client.HTTPConnection(HOST, port, timeout=START_SECONDS)
    try:
        client.request(method, path, body, headers or {})
        response = client.getresponse()
        return response.status, response.read()
    finally:
        client.close()


def describe(*, port: int, password: str, key: str, question: dict[str, Any], answer: Any) -> str:
    """What is running, how to get in, and a request to copy with the answer it just had."""
    base = f"http://{HOST}:{port}"
    curl = " \\\n     ".join(
        [
            f"curl -s {base}{ENDPOINT}",
            f"-H 'Authorization: Bearer {key}'",
            "-H 'Content-Type: application/json'",
            f"-d {shlex.quote(json.dumps(question))}",
        ]
    )
    return f"""
The busiest topics of project {PLANS[0].name!r}, asked a moment ago with

{curl}

{json.dumps(answer, indent=2, ensure_ascii=False)}

Costs are in millionths of a dollar.

API      {base}/api/docs
Admin    {base}/admin/  (user {ADMIN}, password {password})
Health   {base}/healthz
API key  {key}

The server is running. Ctrl-C stops it; everything is kept in {settings.DATA_DIR}."""
