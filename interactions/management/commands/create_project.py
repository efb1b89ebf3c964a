"""Make a project and a key that opens it."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from interactions.keys import issue_key
from interactions.projects import find_or_create_project

KEY_NAME = "create_project"


class Command(BaseCommand):
    help = (
        "Make the project, unless it exists, and a new API key, which is the last line of the output. "
        "The key is shown this once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="name of the project")

    def handle(self, *, name: str, **options: Any) -> None:
        try:
            with transaction.atomic():
                project = find_or_create_project(name)
                key = issue_key(project, name=KEY_NAME)
        except ValidationError as error:
            raise CommandError(error.messages[0]) from None
        self.stdout.write(f"Project {project.name!r}, id {project.public_id}. Its new key:")
        self.stdout.write(key)
