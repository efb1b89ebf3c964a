"""What probes ask: whether the process lives, and whether it can serve."""

import logging
from collections.abc import Callable
from functools import cache

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

logger = logging.getLogger(__name__)

# How long a probe may wait before it asks again; a restarted database takes about as long.
RETRY_AFTER_SECONDS = 5


class NotReady(Exception):
    """Requests cannot be served now. The sentence is shown to anyone, so it holds no addresses."""


def answer_probes(get_response: Callable[[HttpRequest], HttpResponse]):
    """The middleware that answers probes; it comes before all others.

    Probes ask by the address of the machine and over plain HTTP. Answering them first, ALLOWED_HOSTS
    need not name addresses that come and go, and no probe is redirected. Nothing in the answers
    is made from the request, so a forged Host header gains nothing.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info.removesuffix("/"))
        if probe is None:
            return get_response(request)
        if request.method not in ("GET", "HEAD"):
            return JsonResponse({"detail": "Method Not Allowed"}, status=405, headers={"Allow": "GET, HEAD"})
        response = probe(request)
        response["Cache-Control"] = "no-store"
        response["Content-Length"] = len(response.content)
        if request.method == "HEAD":
            response.content = b""
        return response

    return middleware


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Asks no database: restarting the process would not mend that."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers and its tables are up to date; 503 with the reason otherwise."""
    try:
        _ask_database()
    except NotReady as error:
        return JsonResponse(
            {"status": "unavailable", "detail": str(error)},
            status=503,
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )
    return JsonResponse({"status": "ok"})


PROBES = {"/healthz": healthz, "/readyz": readyz}


def _ask_database() -> None:
    try:
        require_migrations()
        with connection.cursor() as cursor:
            # A table rather than a bare SELECT 1, for which SQLite does not open its file.
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
    except Error as error:
        logger.warning("The database did not answer a probe: %s", error)
        raise NotReady("The database cannot be reached.") from None


@cache
def require_migrations() -> None:
    """Raise NotReady while migrations are missing.

    Comparing takes long, so it is done until it succeeds once (an exception is not cached):
    migrations are not taken back under a running server.
    """
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise NotReady(f"Migrations are not applied ({len(missing)}): run manage.py migrate.")
