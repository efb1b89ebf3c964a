"""Import interactions from a file of one JSON object a line."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from interactions.columnar.sealing import seal_recorded
from interactions.importing import STANDARD_INPUT, BadLines, ImportReport, UnreadableFile, import_file
from interactions.ingest import Outcome
from interactions.management.projects import find_project


class Command(BaseCommand):
    help = "Import interactions from NDJSON. The same file twice changes nothing."
    # They load every address of the server, which is of no use here and takes 20 MB.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="path of the file, gzip or plain; - for standard input")
        parser.add_argument("--project", required=True, help="name of the project")
        parser.add_argument(
            "--no-anonymize", action="store_true", help="store texts as they are, PII included"
        )
        parser.add_argument(
            "--skip-bad",
            action="store_true",
            help="keep the good lines and write the bad ones to FILE.bad; otherwise one stops it all",
        )

    def handle(self, *, file: str, project: str, no_anonymize: bool, skip_bad: bool, **options: Any) -> None:
        bad_lines_path = _bad_lines_path(file) if skip_bad else None
        into = find_project(project)
        try:
            report = import_file(
                into,
                file,
                anonymize=not no_anonymize,
                bad_lines_path=bad_lines_path,
                show_progress=sys.stderr.isatty(),
            )
        except BadLines as error:
            raise CommandError(
                f"{_describe_bad(error.report)}\nNothing was imported; --skip-bad keeps the rest."
            ) from None
        except UnreadableFile as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{error.filename or file}: {error.strerror}") from None
        seal_recorded([into])
        counts = ", ".join(f"{report.outcomes[outcome]} {outcome.value}" for outcome in Outcome)
        self.stdout.write(f"{report.outcomes.total()} interactions: {counts}")
        if report.n_bad:
            self.stderr.write(f"{_describe_bad(report)}\nThe bad lines are in {bad_lines_path}.")


def _bad_lines_path(file: str) -> Path:
    return Path("stdin.bad" if file == STANDARD_INPUT else f"{file}.bad")


def _describe_bad(report: ImportReport) -> str:
    more = report.n_bad - len(report.first_bad)
    return "\n".join(report.first_bad + ([f"and {more} more bad lines"] if more else []))
