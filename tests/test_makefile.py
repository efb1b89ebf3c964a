"""The Makefile's own behaviour: what the targets run is tested where it lives."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from config.env import BASE_DIR


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh checkout, as far as the Makefile looks, in a folder with a space in its name."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(BASE_DIR / name, folder)
    return folder


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Without the variables of the make that runs the tests.
    environ = {"PATH": os.environ["PATH"]}
    return subprocess.run(["make", *arguments], cwd=checkout, env=environ, capture_output=True, text=True)


def test_make_alone_lists_every_target(checkout: Path):
    result = make(checkout)

    phony = re.search(r"^\.PHONY: (.*)$", (checkout / "Makefile").read_text(), re.MULTILINE)[1].split()
    assert [line.split()[:2] for line in result.stdout.splitlines()] == [["make", name] for name in phony]


@pytest.mark.parametrize("target", ["demo", "serve", "test", "check"])
def test_old_python_is_refused_before_anything_is_made(checkout: Path, target: str):
    old_python = checkout / "old python"
    # Answers as Python 3.10 would to the question whether it is too old.
    old_python.write_text("#!/bin/sh\nexit 1\n")
    old_python.chmod(0o755)

    result = make(checkout, target, f"PYTHON={old_python}")

    assert result.returncode != 0
    assert f"Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 {target}" in result.stderr
    assert not (checkout / ".venv").exists()


def test_clean_keeps_the_data_of_the_production_server(checkout: Path):
    names = ["data/db.sqlite3", "data/demo/db.sqlite3", ".venv/pyvenv.cfg", "config/__pycache__/a.pyc"]
    for name in [*names, "tests/clients/node_modules/.package-lock.json"]:
        path = checkout / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    assert make(checkout, "clean").returncode == 0

    left = {str(path.relative_to(checkout)) for path in checkout.rglob("*") if path.is_file()}
    assert left == {"Makefile", "requirements.txt", "requirements-dev.txt", "data/db.sqlite3"}
