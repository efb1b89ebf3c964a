"""Revoke a key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from interactions.keys import revoke_key


class Command(BaseCommand):
    help = "Revoke an API key for good. The next request with it is refused."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", help="the key, or its part before the dot as the admin shows it")

    def handle(self, *, key: str, **options: Any) -> None:
        prefix = key.partition(".")[0]
        if not revoke_key(prefix):
            # What was given may be a key with a typing error in it, so it is not repeated.
            raise CommandError("No key has this prefix. The admin lists the prefixes of all keys.")
        self.stdout.write(f"Revoked {prefix}.")
