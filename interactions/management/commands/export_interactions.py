"""Export a project's interactions to a file or standard output."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from interactions.exporting import export_lines
from interactions.management.projects import find_project
from interactions.models import Project

FORMATS: dict[str, Callable[[Project], Iterator[bytes]]] = {"ndjson": export_lines}


class Command(BaseCommand):
    help = "Export a project's interactions. An NDJSON export is a valid import."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, help="name of the project")
        parser.add_argument("--format", choices=sorted(FORMATS), default="ndjson")
        parser.add_argument("--output", required=True, help="path of the file, or - for standard output")

    def handle(self, *, project: str, format: str, output: str, **options: Any) -> None:
        chunks = FORMATS[format](find_project(project))
        n_interactions = 0
        try:
            with _opened(output) as file:
                for chunk in tqdm(chunks, unit=" interactions", disable=not sys.stderr.isatty()):
                    file.write(chunk)
                    n_interactions += 1
        except OSError as error:
            raise CommandError(f"{output}: {error.strerror}") from None
        self.stderr.write(f"{n_interactions} interactions exported")


@contextmanager
def _opened(output: str) -> Iterator[BinaryIO]:
    """The output; a file appears under its name only when it is complete."""
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(output)
    if path.exists() and not path.is_file():
        # A device or a pipe: a file renamed to /dev/null would take its place.
        with path.open("wb") as file:
            yield file
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with draft.open("wb") as file:
            yield file
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
