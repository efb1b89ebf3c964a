"""Spans of OpenTelemetry exporters: OTLP over HTTP, refusals in the protocol's own form too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from rest_framework import status
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.views import APIView

from analytics_api.bodies import read_body
from analytics_api.errors import exception_handler
from analytics_api.otlp.encodings import ENCODINGS, JSON, Encoding, failure, success
from analytics_api.otlp.recording import record_traces
from interactions.models import Scope


class Traces(APIView):
    """Spans to record. What has nothing to do with generative AI is accepted and not kept."""

    required_scope = Scope.INGEST.value

    def post(self, request: Request) -> HttpResponse:
        encoding = _encoding(request)
        if encoding is None:
            raise UnsupportedMediaType("", f"The Content-Type must be one of {', '.join(ENCODINGS)}.")
        recorded = record_traces(request.auth.project_id, encoding.decode(read_body(request._request)))
        return encoding.answer(success(recorded.n_rejected, recorded.reason))

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], HttpResponse | None]:
        return _answer_failure


def _encoding(request: Request) -> Encoding | None:
    media_type, _, _ = (request.content_type or "").partition(";")
    return ENCODINGS.get(media_type.strip().lower())


def _answer_failure(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """The refusal that other endpoints give, as the protocol's Status."""
    refusal = exception_handler(error, context)
    if refusal is None:
        return None
    detail, code = refusal.data["detail"], refusal.status_code
    if isinstance(detail, list):
        # What is wrong with a body is 400 in this protocol, which tells exporters not to try again.
        detail, code = "; ".join(item["msg"] for item in detail), status.HTTP_400_BAD_REQUEST
    answer = (_encoding(context["request"]) or JSON).answer(failure(detail), code)
    for name in ("WWW-Authenticate", "Retry-After"):
        if name in refusal:
            answer[name] = refusal[name]
    return answer
