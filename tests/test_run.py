"""`make test`: the suite on every database, and the line it ends with."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from config.env import BASE_DIR
from tests.__main__ import closing_line, count_results

ONE_OF_EACH = """
import pytest

def test_passes(): pass
def test_fails(): assert False
def test_skips(): pytest.skip()
def test_meets_a_broken_fixture(broken): pass
def test_leaves_a_mess(untidy): pass

@pytest.fixture
def broken(): assert False

@pytest.fixture
def untidy():
    yield
    assert False
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    # Without the environment of this run, which may be that of a worker of pytest-xdist.
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=BASE_DIR, env={}, capture_output=True, text=True
    )


def test_whole_suite_runs_on_both_databases_and_ends_with_one_line():
    # The four tests of the closing line stand for the whole suite.
    result = run("tests", "-n0", __file__, "-k", "test_closing_line")

    assert result.returncode == 0, result.stdout
    assert "database: SQLite" in result.stdout
    assert "database: PostgreSQL" in result.stdout
    assert result.stdout.splitlines()[-1] == "8 passed, 0 failed"


def test_failures_and_errors_on_either_database_are_counted(tmp_path: Path):
    (tmp_path / "test_one_of_each.py").write_text(ONE_OF_EACH)

    result = run("tests", "-n0", "-c", "pyproject.toml", str(tmp_path))

    assert result.returncode == 1
    assert result.stdout.splitlines()[-1] == "2 passed, 6 failed, 2 skipped"


def test_run_that_ended_before_its_report_counts_as_failed(tmp_path: Path):
    path = tmp_path / "missing.xml"

    assert count_results(path, pytest.ExitCode.INTERNAL_ERROR) == Counter(failed=1)


def test_run_that_found_no_tests_counts_as_failed(tmp_path: Path):
    path = tmp_path / "report.xml"
    path.write_text('<testsuites><testsuite tests="0" failures="0" errors="0" skipped="0"/></testsuites>')

    assert count_results(path, pytest.ExitCode.NO_TESTS_COLLECTED) == Counter(failed=1)


@pytest.mark.parametrize(
    ("results", "line"),
    [
        ({}, "0 passed, 0 failed"),
        ({"passed": 12, "failed": 0, "skipped": 0}, "12 passed, 0 failed"),
        ({"passed": 10, "failed": 2}, "10 passed, 2 failed"),
        ({"passed": 9, "failed": 1, "skipped": 3}, "9 passed, 1 failed, 3 skipped"),
    ],
)
def test_closing_line(results: dict[str, int], line: str):
    assert closing_line(Counter(results)) == line
