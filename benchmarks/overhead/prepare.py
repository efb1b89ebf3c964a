"""Fills the database that the environment names, and prints a key to it.

A program of its own (`python -m benchmarks.overhead.prepare`), because the settings are read once
a process and every database needs others.
"""

import sys

import django
from django.core.management import call_command
from django.db import connection

from .dataset import make_lines


def main() -> None:
    django.setup()
    # Models cannot be imported any earlier.
    from interactions.ingest import parse_interaction, record_interactions
    from interactions.keys import issue_key
    from interactions.projects import find_or_create_project

    call_command("migrate", verbosity=0)
    project = find_or_create_project("overhead")
    record_interactions(project, [parse_interaction(line) for line in make_lines()])
    with connection.cursor() as cursor:
        # PostgreSQL does so a minute later by itself, and the plans would change during the run.
        cursor.execute("ANALYZE")
    sys.stdout.write(issue_key(project, name="overhead"))


if __name__ == "__main__":
    main()
