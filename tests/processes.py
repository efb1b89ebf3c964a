"""The commands as processes of their own, on the database of the tests.

What they see must be committed: `@pytest.mark.django_db(transaction=True)`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.db import connection

from config.env import BASE_DIR

# A process counts what its parent held when it forked, so a small one stands between.
_MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end."""
    return run_python("manage.py", *arguments, stdin=stdin)


def run_python(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run Python, in the project's folder, to its end."""
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, input=stdin, capture_output=True, cwd=BASE_DIR, env=_environment(), check=False
    )


def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start a command; options are those of Popen."""
    return subprocess.Popen(_command(arguments), cwd=BASE_DIR, env=_environment(), **options)


def peak_memory_mb(*arguments: str) -> float:
    """Run a command that must succeed, and tell the most memory it held at any moment."""
    told = subprocess.run(
        [sys.executable, "-c", _MEASURE, *_command(arguments)],
        stdout=subprocess.PIPE,
        cwd=BASE_DIR,
        env=_environment(),
        check=True,
    )
    return int(told.stdout) / (1024 * 1024 if sys.platform == "darwin" else 1024)


def database_url() -> str:
    """The address of the database of the tests."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    options = {name: given[name.upper()] for name in ("user", "password", "host", "port")}
    return f"postgresql:///{given['NAME']}?{urlencode(options)}"


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "manage.py", *arguments]


def _environment() -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": database_url()}
