"""One server for all tests of a client."""

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from pytest_django.plugin import DjangoDbBlocker

from tests.clients.installation import Installation, installation


@pytest.fixture(scope="module")
def server(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """A server on the database of the tests, which is empty again afterwards."""
    with django_db_blocker.unblock():
        try:
            with installation(tmp_path_factory.mktemp("server")) as server:
                yield server
        finally:
            call_command("flush", interactive=False, verbosity=0)
