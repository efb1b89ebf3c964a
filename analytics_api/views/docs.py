"""The OpenAPI document, the page people read, and the page to try it on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from rest_framework.request import Request
from rest_framework.views import APIView

from analytics_api.openapi import document, document_json
from analytics_api.openapi.conventions import CONVENTIONS
from analytics_api.openapi.reading import read_endpoints, read_error_types, read_refusals
from analytics_api.openapi.reading_schemas import read_enumerations, read_objects, read_unions

# The first question of the page asks about so many days up to now.
N_DAYS = 30


class OpenAPIDocument(APIView):
    """GET /api/external/openapi.json: for anyone, because it holds nothing of a project."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(document_json(), content_type="application/json")


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """GET /api/docs: everything on one page, without a script."""
    return render(
        request,
        "analytics_api/reference.html",
        {
            "document": document(),
            "conventions": CONVENTIONS,
            "endpoints": read_endpoints(),
            "objects": read_objects(),
            "unions": read_unions(),
            "enumerations": read_enumerations(),
            "refusals": read_refusals(),
            "error_types": read_error_types(),
            "base_url": request.build_absolute_uri("/").rstrip("/"),
            "n_days": N_DAYS,
            "first_question": json.dumps(_first_question(timezone.now())),
        },
    )


@require_safe
def try_it(request: HttpRequest) -> HttpResponse:
    """GET /api/docs/try: Swagger UI, to ask from the browser with a key."""
    return render(request, "analytics_api/try.html", {"document": document()})


def _first_question(now: datetime) -> dict[str, Any]:
    """The total of the last days, the present one included."""
    tomorrow = now.astimezone(UTC).date() + timedelta(days=1)
    return {
        "time_range": {"start": str(tomorrow - timedelta(days=N_DAYS)), "end": str(tomorrow)},
        "filters": [],
        "limit": 1,
        "offset": 0,
    }
