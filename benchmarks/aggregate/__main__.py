"""Benchmarks the aggregate endpoint: `python -m benchmarks.aggregate --help`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import django

from .stores import ENGINES, STORES, Folder


def main(arguments: Sequence[str]) -> None:
    options = _parse(arguments)
    # The models' names are used throughout, but no database from this process.
    os.environ.update(options.folder.stores["sqlite"].environment())
    django.setup()
    options.run(options)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.aggregate",
        description="Compare the aggregate endpoint with SQL written by hand, over generated interactions.",
    )
    subcommands = parser.add_subparsers(required=True)

    def add(name: str, run, help: str) -> argparse.ArgumentParser:
        subcommand = subcommands.add_parser(name, help=help)
        subcommand.set_defaults(run=run)
        subcommand.add_argument("--folder", type=_folder, required=True)
        return subcommand

    preparing = add("prepare", _prepare, "generate the interactions and load the databases")
    preparing.add_argument("--interactions", type=int, required=True)
    preparing.add_argument("--only", choices=("duckdb", *STORES))
    marking = add("mark", _mark, "mark all that was loaded, for the sealer")
    opening = add("open-hour", _open_hour, "mark the last hour again, as if it were being recorded")
    yardstick = add("yardstick", _yardstick, "ask the yardstick alone")
    yardstick.add_argument("--repetitions", type=int, default=5)
    asking = add("measure", _questions, "ask all competitors all questions, and compare the answers")
    asking.add_argument("--repetitions", type=int, default=5)
    asking.add_argument("--no-http", dest="http", action="store_false", help="only in process")
    crowding = add("crowd", _crowds, "ask with 1, 4 and 16 clients at a time, over HTTP")
    crowding.add_argument("--seconds", type=float, default=20, help="for each number of clients")
    sealing = add("seal", _seal, "seal everything, and keep how long it took")
    for subcommand in (marking, opening, asking, crowding, sealing):
        subcommand.add_argument("--store", action="append", choices=STORES, help="only this one")
    for subcommand in (asking, crowding):
        subcommand.add_argument("--engine", action="append", choices=ENGINES, help="only this one")
    reporting = add("report", _report, "print the tables of what was measured")
    reporting.add_argument(
        "--beside", action="append", default=[], type=_folder, help="a folder of another size"
    )
    reporting.add_argument(
        "--write", action="store_true", help="keep them in docs/performance.md, with a plot"
    )
    add("start", _start, "start the PostgreSQL server, which outlives the command")
    add("stop", _stop, "stop it")
    return parser.parse_args(arguments)


def _folder(text: str) -> Folder:
    return Folder(path=Path(text).resolve())


def _running_stores(options: argparse.Namespace) -> Sequence[str]:
    """The stores asked for, by default all, ready to be used."""
    stores = options.store or STORES
    if "postgresql" in stores:
        options.folder.start_postgresql()
    return stores


def _prepare(options: argparse.Namespace) -> None:
    from .preparing import prepare

    prepare(options.folder, options.interactions, options.only)


def _mark(options: argparse.Namespace) -> None:
    from .marks import mark

    for name in _running_stores(options):
        print(f"{name}: {mark(options.folder, options.folder.stores[name]):,} marks")


def _open_hour(options: argparse.Namespace) -> None:
    from .marks import mark_last_hour

    for name in _running_stores(options):
        print(f"{name}: {mark_last_hour(options.folder, options.folder.stores[name]):,} marks")


def _yardstick(options: argparse.Namespace) -> None:
    from .running import run_yardstick

    run_yardstick(options.folder, options.repetitions)


def _questions(options: argparse.Namespace) -> None:
    from .running import run_questions

    stores, engines = _running_stores(options), options.engine or ENGINES
    run_questions(options.folder, stores, engines, options.repetitions, http=options.http)


def _crowds(options: argparse.Namespace) -> None:
    from .running import run_crowds

    run_crowds(options.folder, _running_stores(options), options.engine or ENGINES, options.seconds)


def _seal(options: argparse.Namespace) -> None:
    from .running import run_sealing

    run_sealing(options.folder, _running_stores(options))


def _report(options: argparse.Namespace) -> None:
    from .report import make_report, write_report

    folders = [options.folder, *options.beside]
    print(make_report(folders))
    if options.write:
        write_report(folders)


def _start(options: argparse.Namespace) -> None:
    options.folder.start_postgresql()
    print(options.folder.postgresql_server.url)


def _stop(options: argparse.Namespace) -> None:
    options.folder.postgresql_server.stop("fast")


if __name__ == "__main__":
    main(sys.argv[1:])
