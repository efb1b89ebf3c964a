"""`manage.py demo`: the text it prints is true, and the next start finds everything again."""

import http.client
import json
import re
import shlex
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from django.core.management import CommandError, call_command

from config.env import BASE_DIR
from interactions.models import Project
from tests.server import START_SECONDS, ask, environment, free_port

LAST_LINE = "The server is running."


@contextmanager
def running_demo(environ: dict[str, str]) -> Iterator[str]:
    """A started demo, as what it printed; afterwards Ctrl-C has ended it without an error."""
    demo = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--interactions", "200"],
        cwd=BASE_DIR,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield "".join(_lines_up_to_the_last(demo))
    finally:
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=START_SECONDS)
    assert demo.returncode == 0


def _lines_up_to_the_last(demo: subprocess.Popen[str]) -> Iterator[str]:
    for line in demo.stdout:
        yield line
        if line.startswith(LAST_LINE):
            return


def send_shown_request(text: str) -> object:
    """Send what the curl command in `text` would send; -> the decoded answer."""
    command = shlex.split(re.search(r"^curl .*\n(?: +-.*\n)+", text, re.MULTILINE)[0])
    url = urlsplit(command[2])
    headers = dict(command[place + 1].split(": ") for place, word in enumerate(command) if word == "-H")
    body = command[command.index("-d") + 1]
    connection = http.client.HTTPConnection(url.netloc, timeout=START_SECONDS)
    status, _, answer = ask(connection, "POST", url.path, body, headers)
    connection.close()
    assert status == 200
    return answer


def log_in(text: str) -> str:
    """Log in to the admin as `text` says; -> where the browser is sent."""
    url, user, password = re.search(r"(http\S+/admin/) +\(user (\S+), password (\S+)\)", text).groups()
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=START_SECONDS)
    connection.request("GET", "/admin/login/")
    response = connection.getresponse()
    token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', response.read().decode())[1]
    form = {"csrfmiddlewaretoken": token, "username": user, "password": password, "next": "/admin/"}
    headers = {
        "Cookie": response.headers["Set-Cookie"].partition(";")[0],
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection.request("POST", "/admin/login/", urlencode(form), headers)
    location = connection.getresponse().headers["Location"]
    connection.close()
    return location


def test_demo_shows_a_request_with_its_answer_and_starts_again_as_it_was(tmp_path: Path):
    environ = environment(tmp_path)
    with running_demo(environ) as text:
        shown = json.loads(re.search(r"^\{\n.*^\}\n", text, re.MULTILINE | re.DOTALL)[0])
        answer = send_shown_request(text)
        assert log_in(text) == "/admin/"

    assert shown == answer
    assert len(shown["data"]) == 3
    assert shown["data"][0]["n_interactions"] > 0
    for secret in ("demo_admin_password", "demo_api_key", "secret_key"):
        assert stat.S_IMODE((tmp_path / "data" / secret).stat().st_mode) == 0o600
    with running_demo(environ) as again:
        assert send_shown_request(again) == answer
        assert log_in(again) == "/admin/"
    # Only the words about making the data differ.
    assert text.partition("\n\n")[2] == again.partition("\n\n")[2]


def test_demo_refuses_a_port_that_is_taken(monkeypatch: pytest.MonkeyPatch):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))

        with pytest.raises(CommandError) as refusal:
            call_command("demo")

    assert str(refusal.value) == (
        f"Port {port} is not free (Address already in use). Choose another: make demo PORT={port + 1}"
    )


@pytest.mark.django_db
def test_demo_refuses_a_database_that_holds_anything_else(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORT", str(free_port()))
    Project.objects.create(name="Production")

    with pytest.raises(CommandError) as refusal:
        call_command("demo")

    assert str(refusal.value) == (
        "This database holds the project 'Production'. The demo needs one of its own: make demo"
    )
    assert [project.name for project in Project.objects.all()] == ["Production"]
