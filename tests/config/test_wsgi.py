"""What the WSGI entry point adds to Django."""

import json
from io import BytesIO

import pytest
from django.db import connection
from django.db.backends.signals import connection_created

from config import wsgi
from tests.processes import run_python


@pytest.fixture(autouse=True)
def _only_here():
    """The tests of commands rely on connections without a bound."""
    yield
    connection_created.disconnect(wsgi.limit_statements)


def echo(environ, start_response):
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    return [json.dumps([len(body), body.decode()]).encode()]


def test_a_body_in_chunks_arrives_whole():
    environ = {"wsgi.input_terminated": True, "wsgi.input": BytesIO(b"{}")}
    assert wsgi.with_chunked_bodies(echo)(environ, None) == [b'[2, "{}"]']


def test_a_body_in_chunks_is_read_no_further_than_it_takes_to_refuse_it(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 3
    environ = {"wsgi.input_terminated": True, "wsgi.input": BytesIO(b"0123456789")}
    assert wsgi.with_chunked_bodies(echo)(environ, None) == [b'[4, "0123"]']


@pytest.mark.django_db(transaction=True)
def test_statements_of_the_server_are_bounded(settings):
    if connection.vendor == "sqlite":
        wsgi.limit_statements(connection)  # Accepted, and without effect.
        return
    settings.STATEMENT_TIMEOUT_MS = 1234
    connection_created.connect(wsgi.limit_statements)
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("1234ms",)
    connection.close()


def test_views_are_loaded_before_the_first_request():
    # This process has loaded them long since.
    program = "import sys, config.wsgi; sys.exit('analytics_api.views.ingestion' not in sys.modules)"
    assert run_python("-c", program).returncode == 0
