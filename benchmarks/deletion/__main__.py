"""Pages of a million, and who waits while they are deleted: `python -m benchmarks.deletion --help`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import django

from benchmarks.aggregate.stores import STORES, Folder
from benchmarks.sections import write_section
from config.env import BASE_DIR

PAGE = BASE_DIR / "docs" / "performance.md"
# The report stands between these lines.
FIRST_LINE = "<!-- made by: python -m benchmarks.deletion --write -->"
LAST_LINE = "<!-- end of what deletion made -->"
_PAGES = """A page of 100 of `get-interactions`, milliseconds in the median of 15, the three in turns:

| database | interactions | first page | in the middle | last page |
| --- | --: | --: | --: | --: |"""
_WAITS = """Milliseconds that requests took before the deletion, and while it went on:

| database | request | median | p99 | longest | n meanwhile | median | p99 | longest |
| --- | --- | --: | --: | --: | --: | --: | --: | --: |"""


def main(arguments: Sequence[str]) -> None:
    options = _parse(arguments)
    if options.within:
        _measure(options.folder, options.within)
        return
    # A process each: a process has one database.
    parts = [
        subprocess.run(
            [sys.executable, "-m", "benchmarks.deletion", "--folder", options.folder.path, "--within", store],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout.split("\n\n")
        for store in options.store or STORES
    ]
    pages, summaries, waits = ("\n".join(part.strip() for part in kind) for kind in zip(*parts, strict=True))
    report = f"{_PAGES}\n{pages}\n\n{summaries}\n\n{_WAITS}\n{waits}"
    print(report)
    if options.write:
        write_section(PAGE, FIRST_LINE, LAST_LINE, report)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.deletion",
        description="Read pages of what `benchmarks.aggregate prepare` made in a folder, then delete one "
        "month of three while two clients ask and one records. The folder is of no use afterwards.",
    )
    parser.add_argument("--folder", type=lambda text: Folder(path=Path(text).resolve()), required=True)
    parser.add_argument("--store", action="append", choices=STORES, help="only this one")
    parser.add_argument("--within", choices=STORES, help=argparse.SUPPRESS)
    parser.add_argument("--write", action="store_true", help=f"keep the report in {PAGE.name}")
    return parser.parse_args(arguments)


def _measure(folder: Folder, name: str) -> None:
    if name == "postgresql":
        folder.start_postgresql()
    store = folder.stores[name]
    os.environ.update(store.environment())
    django.setup()
    from .measure import measure

    measured = measure(store)
    print(measured.pages, measured.summary, "\n".join(measured.waits), sep="\n\n")


if __name__ == "__main__":
    main(sys.argv[1:])
