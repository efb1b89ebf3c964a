"""Which pages may send interactions: any, unless INGEST_CORS_ORIGINS says which."""

from __future__ import annotations

from typing import Any

from corsheaders.signals import check_request_enabled
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest

INGESTION = ("/event-ingestion/", "/v1/")


@receiver(check_request_enabled)
def may_send_interactions(sender: Any, request: HttpRequest, **_: Any) -> bool:
    """Whether the page's origin is one that may; the query API has a list of its own."""
    if not request.path_info.startswith(INGESTION):
        return False
    origins = settings.INGEST_CORS_ORIGINS
    return "*" in origins or request.headers.get("Origin") in origins
