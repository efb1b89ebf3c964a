"""Every error body: one shape for validation, one for everything else."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any, TypedDict

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response

logger = logging.getLogger(__name__)

# Long enough for a database to come back, short enough for a client that waits.
RETRY_AFTER_SECONDS = 5

# The contract's vocabulary (section 1); every `type` we answer is one of these.
ERROR_TYPES = frozenset(
    {
        "missing", "extra_forbidden", "string_type", "int_parsing", "int_type", "bool_type", "list_type",
        "datetime_parsing", "greater_than_equal", "less_than_equal", "enum", "literal_error",
        "union_tag_invalid", "union_tag_not_found", "uuid_parsing", "json_invalid", "value_error",
    }
)  # fmt: skip


class ErrorItem(TypedDict):
    """One reason, and where."""

    loc: list[str | int]
    msg: str
    type: str


class Unprocessable(exceptions.APIException):
    """A request that is refused for what it says: 422 with every reason."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY

    def __init__(self, errors: Sequence[ErrorItem]):
        self.errors = list(errors)
        super().__init__()


class PayloadTooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE

    def __init__(self) -> None:
        limit_bytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        super().__init__(f"The request body is too large; at most {limit_bytes} bytes are accepted.")


def form_error(error: exceptions.ValidationError, place: str = "body") -> Unprocessable:
    """The 422 for everything a serializer found wrong with a body, or with the "query" of an address."""
    return Unprocessable(list(_flatten(error.detail, (place,))))


def _flatten(detail: Any, loc: tuple[str | int, ...]) -> Iterator[ErrorItem]:
    """DRF's nested errors as a list.

    detail: {"filters": {0: {"kind": [ErrorDetail("...", code="union_tag_invalid")]}}}; reasons
        about an object as a whole stand under the key None.
    """
    if isinstance(detail, dict):
        for key, inner in detail.items():
            yield from _flatten(inner, loc if key is None else (*loc, key))
    else:
        for reason in detail:
            yield {"loc": list(loc), "msg": str(reason), "type": reason.code}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer any exception of a view; None lets Django answer 500."""
    if isinstance(error, Unprocessable):
        return Response({"detail": error.errors}, status=error.status_code)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    if isinstance(error, RequestDataTooBig):
        error = PayloadTooLarge()
    if isinstance(error, OperationalError | InterfaceError):
        logger.warning("The database did not answer: %s", error)
        return _unavailable()
    if not isinstance(error, exceptions.APIException):
        return None
    return Response({"detail": _detail(error)}, status=error.status_code, headers=_headers(error))


def _unavailable() -> Response:
    return Response(
        {"detail": "The database did not answer, or not in time; try again."},
        status=status.HTTP_503_SERVICE_UNAVAILABLE,
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


_FIXED_DETAILS = {
    status.HTTP_404_NOT_FOUND: "Not Found",
    status.HTTP_405_METHOD_NOT_ALLOWED: "Method Not Allowed",
}


def _detail(error: exceptions.APIException) -> str:
    return _FIXED_DETAILS.get(error.status_code, str(error.detail))


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    return headers


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler for addresses that do not exist."""
    return JsonResponse({"detail": "Not Found"}, status=status.HTTP_404_NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler for what went wrong on our side; the log has the traceback."""
    return JsonResponse({"detail": "Internal Server Error"}, status=status.HTTP_500_INTERNAL_SERVER_ERROR)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler for requests that are no HTTP it can serve, such as a foreign Host."""
    return JsonResponse({"detail": "Bad Request"}, status=status.HTTP_400_BAD_REQUEST)
