"""Make a further key of a project."""

from datetime import datetime
from difflib import get_close_matches
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from interactions.keys import issue_key
from interactions.management.projects import find_project
from interactions.models import DEFAULT_SCOPES, Scope
from interactions.times import parse_utc


class Command(BaseCommand):
    help = "Make an API key, which is the last line of the output. The key is shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, help="name of the project")
        parser.add_argument("--name", default="create_api_key", help="what the key is for, in the admin")
        parser.add_argument(
            "--scopes",
            default=DEFAULT_SCOPES.replace(" ", ","),
            help=f"what the key may do, of {', '.join(Scope.values)}, separated by commas (%(default)s)",
        )
        parser.add_argument("--expires", help="when the key stops working, in ISO 8601 (never)")

    def handle(self, *, project: str, name: str, scopes: str, expires: str | None, **options: Any) -> None:
        owner = find_project(project)
        words = _parse_scopes(scopes)
        expires_at = None if expires is None else _parse_expiry(expires)
        try:
            key = issue_key(owner, name=name, scopes=words, expires_at=expires_at)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        ends = "never expires" if expires_at is None else f"expires {expires_at.isoformat()}"
        self.stdout.write(f"Project {owner.name!r}, scopes {words}, {ends}. The new key:")
        self.stdout.write(key)


def _parse_scopes(text: str) -> str:
    """ "query, ingest" -> "query ingest". Raises CommandError naming the nearest known scope."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        if word not in Scope.values:
            nearest = get_close_matches(word, Scope.values, n=1)
            hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
            raise CommandError(f"--scopes: unknown scope {word!r}.{hint} Known: {', '.join(Scope.values)}.")
    if not words:
        raise CommandError(f"--scopes: give at least one of {', '.join(Scope.values)}.")
    return " ".join(dict.fromkeys(words))


def _parse_expiry(text: str) -> datetime:
    try:
        return parse_utc(text)
    except ValueError as error:
        raise CommandError(f"--expires: {error}, not {text!r}.") from None
