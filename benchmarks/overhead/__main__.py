"""Measures the overhead of the aggregate request: `python -m benchmarks.overhead --help`."""

import argparse
import sys
from collections.abc import Sequence

from benchmarks.sections import write_section
from config.env import BASE_DIR

from .measure import BLOCK_SIZE, Measurement, measure
from .questions import FOUNDING
from .report import make_report, ratio_to_bare
from .server import DATABASES, serve

# How many times the bare view's median the founding request's may take.
MAX_RATIO = 4.0
README = BASE_DIR / "benchmarks" / "README.md"
# The report stands between these lines.
FIRST_LINE = "<!-- made by: python -m benchmarks.overhead --write -->"
LAST_LINE = "<!-- end of what was made -->"


def main(arguments: Sequence[str]) -> int:
    """-> 0, or 1 when the bound was to be checked and is exceeded."""
    options = _parse(arguments)
    measurements = [_measure(name, options.rounds) for name in options.database or DATABASES]
    report = make_report(measurements)
    print(report)
    if options.write:
        write_section(README, FIRST_LINE, LAST_LINE, report)
    return int(options.check and not _is_within_bound(measurements))


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.overhead",
        description="Compare aggregate requests with a view that only answers, over HTTP.",
    )
    parser.add_argument(
        "--database", action="append", choices=DATABASES, help="only on this one; may be given twice"
    )
    parser.add_argument(
        "--rounds", type=int, default=200, help=f"blocks of {BLOCK_SIZE} requests of each kind (default: 200)"
    )
    parser.add_argument("--write", action="store_true", help="keep the report in benchmarks/README.md")
    parser.add_argument(
        "--check",
        action="store_true",
        help=f"fail when the founding request takes over {MAX_RATIO} times as long",
    )
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds: expected 1 or more")
    return options


def _measure(database_name: str, n_rounds: int) -> Measurement:
    with DATABASES[database_name]() as database, serve(database) as server:
        return measure(server, database.name, n_rounds)


def _is_within_bound(measurements: Sequence[Measurement]) -> bool:
    is_within = True
    for measurement in measurements:
        ratio = ratio_to_bare(measurement, FOUNDING).value
        if ratio > MAX_RATIO:
            is_within = False
            print(f"{measurement.database}: {ratio:.2f} times the bare view; at most {MAX_RATIO} is allowed.")
    return is_within


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
