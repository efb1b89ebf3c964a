"""Prepares the database that the environment names for a server, and prints a key to it.

A program of its own (`python -m benchmarks.ingest.prepare`), because the settings are read once a process.
"""

import sys

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    # Models cannot be imported any earlier.
    from interactions.keys import issue_key
    from interactions.projects import find_or_create_project

    call_command("migrate", verbosity=0)
    sys.stdout.write(issue_key(find_or_create_project("ingest"), name="ingest"))


if __name__ == "__main__":
    main()
