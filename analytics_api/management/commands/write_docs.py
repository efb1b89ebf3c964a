"""Write the made parts of the documents, or check that they are fresh."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics_api.documents import DOCUMENTS, write_sections
from config.env import BASE_DIR


class Command(BaseCommand):
    help = "Write the tables of the documents that are made from the catalog and the settings."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail when a table is stale")

    def handle(self, *, check: bool, **options: Any) -> None:
        for path, sections in DOCUMENTS.items():
            text = path.read_text()
            fresh = write_sections(text, sections)
            name = path.relative_to(BASE_DIR)
            if text == fresh:
                self.stdout.write(f"{name} is fresh.")
            elif check:
                raise CommandError(f"{name} is stale; write it with manage.py write_docs.")
            else:
                path.write_text(fresh)
                self.stdout.write(f"{name} is written.")
