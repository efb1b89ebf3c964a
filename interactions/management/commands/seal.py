"""`manage.py seal`: write what changed as columns, so that questions about it are fast."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from interactions.columnar.cleaning import remove_unused_files
from interactions.columnar.sealing import SealReport, projects_with_marks, seal_project, sealer_lock
from interactions.management.projects import find_project
from interactions.models import Project

# How long --watch rests between two looks, and how old an interaction is before it is sealed: what is
# younger shares its minute with others to come.
WATCH_SECONDS = 10
OPEN_FOR = timedelta(minutes=2)


class Command(BaseCommand):
    help = (
        "Write interactions that were recorded or changed into columnar files, which answer questions about "
        "many interactions faster. Questions are exact without it, too."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", metavar="NAME", help="only this project")
        parser.add_argument(
            "--watch", action="store_true", help="go on, and seal what has settled every few seconds"
        )

    def handle(self, *, project: str | None, watch: bool, **options: Any) -> None:
        chosen = find_project(project) if project else None
        with sealer_lock():
            while True:
                until = timezone.now() - OPEN_FOR if watch else None
                for each in [chosen] if chosen else projects_with_marks():
                    self._tell(each, seal_project(each, until=until))
                remove_unused_files()
                if not watch:
                    return
                time.sleep(WATCH_SECONDS)

    def _tell(self, project: Project, report: SealReport) -> None:
        if report.n_sealed:
            self.stdout.write(f"{project.name}: {report.n_rows:,} rows sealed in {report.n_sealed} files.")
            self.stdout.flush()
