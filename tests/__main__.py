"""The whole suite on every database, with one closing line: `python -m tests [pytest's options]`."""

import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.database import VENDORS


def main(arguments: Sequence[str]) -> int:
    """Run on every database, also after failures. -> 0 when all succeeded, or 1."""
    # Ctrl-C ends pytest, which then clears up; waiting for that, this process does not end first.
    signal.signal(signal.SIGINT, lambda *_: None)
    results: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="results-") as folder:
        for vendor in VENDORS:
            path = Path(folder) / f"{vendor}.xml"
            status = _run(vendor, path, arguments)
            results += count_results(path, status)
            if status == pytest.ExitCode.INTERRUPTED:
                break
    sys.stdout.write(f"{closing_line(results)}\n")
    return int(results["failed"] > 0)


def count_results(path: Path, status: int) -> Counter[str]:
    """Count a run from its JUnit report: {"passed": 3, "failed": 1, "skipped": 0}.

    status: what pytest ended with. Errors count as failed. So does the run itself when no test
        failed and it did not succeed either: it found no tests, say, or ended before its report.
    """
    results: Counter[str] = Counter()
    if path.exists():
        suite = ElementTree.parse(path).getroot().find("testsuite")
        results["failed"] = int(suite.get("failures")) + int(suite.get("errors"))
        results["skipped"] = int(suite.get("skipped"))
        results["passed"] = int(suite.get("tests")) - results["failed"] - results["skipped"]
    if status != pytest.ExitCode.OK and not results["failed"]:
        results["failed"] = 1
    return results


def closing_line(results: Counter[str]) -> str:
    line = f"{results['passed']} passed, {results['failed']} failed"
    return f"{line}, {results['skipped']} skipped" if results["skipped"] else line


def _run(vendor: str, report_path: Path, arguments: Sequence[str]) -> int:
    sys.stdout.write(f"\nThe suite on {vendor}:\n")
    # Before the child writes to the same place.
    sys.stdout.flush()
    # A process a core. More than eight would spend longer on making their databases than they save.
    processes = ("--numprocesses=logical", "--maxprocesses=8")
    options = (f"--database={vendor}", f"--junitxml={report_path}", *processes, *arguments)
    command = [sys.executable, "-m", "pytest", *options]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
