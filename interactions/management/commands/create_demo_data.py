"""Make two projects with made-up interactions, to try the server with."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from interactions.columnar.sealing import seal_recorded
from interactions.demo import create_demo_data
from interactions.models import Project

DEFAULT_INTERACTIONS = 10_000
# One transaction a project: more would keep other writers waiting for many minutes.
MAX_INTERACTIONS = 1_000_000


class Command(BaseCommand):
    help = (
        "Make a web shop assistant and a coding assistant with 90 days of lifelike interactions up to now, "
        "and list their eligible users. A project that already holds interactions is left as it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--interactions",
            type=int,
            default=DEFAULT_INTERACTIONS,
            help=f"how many, from 1 to {MAX_INTERACTIONS:,}; a few less, because the rest of today is "
            "left out (default: %(default)s)",
        )
        parser.add_argument(
            "--seed",
            type=int,
            default=1,
            help="another number makes other data; the same one makes the same on the same day "
            "(default: %(default)s)",
        )

    def handle(self, *, interactions: int, seed: int, **options: Any) -> None:
        if not 1 <= interactions <= MAX_INTERACTIONS:
            raise CommandError(
                f"--interactions: {interactions} is not a whole number from 1 to {MAX_INTERACTIONS:,}."
            )
        # None: a progress bar on a terminal only.
        with tqdm(total=interactions, unit=" interactions", disable=None, leave=False) as bar:
            projects = create_demo_data(
                count=interactions, seed=seed, now=timezone.now(), on_progress=bar.update
            )
        seal_recorded(
            Project.objects.filter(name__in=[project.name for project in projects if project.is_new])
        )
        for project in projects:
            if project.is_new:
                self.stdout.write(f"{project.name}: {project.n_interactions:,} interactions made.")
            else:
                self.stdout.write(
                    f"{project.name}: left as it is, with {project.n_interactions:,} interactions."
                )
