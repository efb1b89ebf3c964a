"""`manage.py seal`: write what changed as columns, so that questions about it are fast."""

from __future__ import annotations

import logging
import select
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import close_old_connections
from django.utils import timezone

from interactions.columnar.cleaning import remove_unused_files
from interactions.columnar.sealing import (
    SealingErrors,
    SealReport,
    newest_mark,
    projects_with_marks,
    seal_project,
    sealer_lock,
)
from interactions.columnar.verifying import verify_project
from interactions.ingest.deleting import finish_deletions
from interactions.management.projects import find_project
from interactions.models import Project

logger = logging.getLogger(__name__)

# How long --watch rests between two looks, and how old an interaction is before it is sealed: what is
# younger shares its minute with others to come.
WATCH_SECONDS = 10
OPEN_FOR = timedelta(minutes=2)
# For so many looks it lets changes go on before it seals: what an import records in several looks
# would become as many small files for every stretch of time.
MAX_WAITS = 6


class Command(BaseCommand):
    help = (
        "Write interactions that were recorded or changed into columnar files, which answer questions about "
        "many interactions faster. Questions are exact without it, too."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", metavar="NAME", help="only this project")
        how = parser.add_mutually_exclusive_group()
        how.add_argument(
            "--watch",
            action="store_true",
            help="go on, seal what has settled every few seconds, and finish deletions that were cut off; "
            "only that with QUERY_ENGINE=database",
        )
        how.add_argument(
            "--verify",
            action="store_true",
            help="first compare all that is sealed with the database, and write anew what differs",
        )
        parser.add_argument(
            "--while-stdin-open",
            action="store_true",
            help="with --watch: end when standard input closes, as it does when the process that "
            "started this one ends",
        )

    def handle(
        self, *, project: str | None, watch: bool, verify: bool, while_stdin_open: bool, **options: Any
    ) -> None:
        chosen = find_project(project) if project else None
        if watch:
            self._watch(chosen, _rests(while_stdin_open))
            return
        try:
            with sealer_lock():
                if verify:
                    for each in [chosen] if chosen else Project.objects.order_by("pk"):
                        self._verify(each)
                self._seal([chosen] if chosen else projects_with_marks())
        except SealingErrors as error:
            raise CommandError(
                f"Stopped: {error}. What was sealed holds, and the database answers for the rest."
            ) from error

    def _watch(self, chosen: Project | None, looks: Iterator[None]) -> None:
        newest, n_waits = None, MAX_WAITS
        for _ in looks:
            # As between requests: a database that was restarted is connected to anew.
            close_old_connections()
            try:
                finish_deletions()
                if settings.QUERY_ENGINE == "database":
                    # Nobody asks the columns.
                    continue
                seen, newest = newest, newest_mark()
                if newest != seen and n_waits < MAX_WAITS:
                    n_waits += 1
                    continue
            except SealingErrors as error:
                logger.warning("Nothing is sealed or removed for now: %s", error)
                continue
            n_waits = 0
            self._watch_once(chosen)

    def _watch_once(self, chosen: Project | None) -> None:
        try:
            # Not held while resting, so that others can seal what they recorded.
            with sealer_lock():
                until = timezone.now() - OPEN_FOR
                self._seal([chosen] if chosen else projects_with_marks(), until=until)
        except SealingErrors as error:
            logger.warning("Nothing is sealed for now: %s", error)

    def _verify(self, project: Project) -> None:
        report = verify_project(project)
        self.stdout.write(
            f"{project.name}: {report.n_rows:,} rows compared; "
            f"buckets that differed: {report.n_different:,}; damaged files: {report.n_damaged:,}."
        )

    def _seal(self, projects: list[Project], **how: Any) -> None:
        for project in projects:
            self._tell(project, seal_project(project, **how))
        remove_unused_files()

    def _tell(self, project: Project, report: SealReport) -> None:
        if report.n_sealed:
            self.stdout.write(f"{project.name}: {report.n_rows:,} rows sealed in {report.n_sealed} files.")
            self.stdout.flush()


def _rests(while_stdin_open: bool) -> Iterator[None]:
    """Something to do now and after every rest; ends with standard input when asked to."""
    while True:
        yield
        if not while_stdin_open:
            time.sleep(WATCH_SECONDS)
        elif select.select([sys.stdin], [], [], WATCH_SECONDS)[0] and not sys.stdin.buffer.read1():
            return
