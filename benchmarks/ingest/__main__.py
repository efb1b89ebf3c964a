"""Measures the way in: `python -m benchmarks.ingest --help`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks.overhead.server import DATABASES
from benchmarks.sections import write_section
from config.env import BASE_DIR

from .report import make_report
from .running import measure

PAGE = BASE_DIR / "docs" / "performance.md"
# The report stands between these lines.
FIRST_LINE = "<!-- made by: python -m benchmarks.ingest --write -->"
LAST_LINE = "<!-- end of what ingest made -->"


def main(arguments: Sequence[str]) -> None:
    options = _parse(arguments)
    report = make_report([measure(kind, options.rows) for kind in options.database or DATABASES])
    print(report)
    if options.write:
        write_section(PAGE, FIRST_LINE, LAST_LINE, report)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ingest",
        description="Record interactions in every way, beside loaders that only load.",
    )
    parser.add_argument(
        "--database", action="append", choices=DATABASES, help="only on this one; may be given twice"
    )
    parser.add_argument("--rows", type=int, default=100_000, help="lines to import (default: 100000)")
    parser.add_argument("--write", action="store_true", help=f"keep the report in {PAGE.name}")
    options = parser.parse_args(arguments)
    if options.rows < 1:
        parser.error("--rows: expected 1 or more")
    return options


if __name__ == "__main__":
    main(sys.argv[1:])
