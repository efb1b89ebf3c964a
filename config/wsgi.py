"""The WSGI entry point: `gunicorn config.wsgi`."""

import os
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.db.backends.signals import connection_created
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def with_chunked_bodies(application: WSGIApplication) -> WSGIApplication:
    """Give bodies that came in chunks the length Django looks for; it would take them for empty.

    One that is too long is cut just behind the limit, and refused for its length.
    """
    from django.conf import settings

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH"):
            body = environ["wsgi.input"].read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
            environ["CONTENT_LENGTH"] = str(len(body))
            environ["wsgi.input"] = BytesIO(body)
        return application(environ, start_response)

    return answer


def limit_statements(connection: Any, **signal: Any) -> None:
    """Bound what a request may ask of the database. Commands, which may take long, have no bound."""
    from django.conf import settings

    from interactions import dialect

    dialect.set_statement_timeout(connection, settings.STATEMENT_TIMEOUT_MS)


def ready_application() -> WSGIApplication:
    """The application, with everything in memory that its first request would wait for."""
    application = with_chunked_bodies(get_wsgi_application())
    from interactions.ingest import load_price_table

    load_price_table()
    # The views: the first request took a second, and the Python SDK waits three.
    _ = get_resolver().url_patterns
    return application


connection_created.connect(limit_statements)
application = ready_application()
