"""The suite runs on the database it was asked for, set up as in production."""

import subprocess
import sys

import psycopg
import pytest
from django.db import connection

from config.env import BASE_DIR
from tests.database import asked_vendor

# How each database shows a setting, and what production sets. WAL is out of reach of a database
# in memory, so a file is proved too.
EXPECTED = {
    "sqlite": (
        "PRAGMA {}",
        {"journal_mode": "wal", "synchronous": 1, "cache_size": -65536, "foreign_keys": 1},
    ),
    "postgresql": ("SHOW {}", {"jit": "off", "timezone": "UTC"}),
}


@pytest.mark.django_db
def test_tests_run_on_the_database_that_was_asked_for(pytestconfig: pytest.Config):
    assert connection.vendor == asked_vendor(pytestconfig)


@pytest.mark.django_db
def test_database_is_set_up_as_in_production():
    show, expected = EXPECTED[connection.vendor]
    with connection.cursor() as cursor:
        found = {name: cursor.execute(show.format(name)).fetchone()[0] for name in expected}

    assert found == expected


def test_postgresql_server_ends_with_its_parent():
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.postgresql"],
        cwd=BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    url = server.stdout.readline().strip()
    psycopg.connect(url).close()

    server.communicate()

    assert server.returncode == 0
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
