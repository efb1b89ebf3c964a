"""GET /api/external/export/interactions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import orjson
from django.http import StreamingHttpResponse
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from analytics_api.detail_shapes import detail_alone
from analytics_api.errors import form_error
from analytics_api.serializers.export import ExportRequest
from interactions.exporting import read_batches
from interactions.ingest.records import InteractionRecord
from interactions.models import Scope


class ExportInteractions(APIView):
    """The interactions of a week or less, oldest first, as one JSON array that is sent as it is read."""

    required_scope = Scope.QUERY.value
    request_form = ExportRequest()

    def get(self, request: Request) -> StreamingHttpResponse:
        try:
            asked = self.request_form.run_validation(request.query_params.dict())
        except ValidationError as error:
            raise form_error(error, "query") from None
        batches = read_batches(request.auth.project_id, asked["date_gte"], asked["date_lt"])
        # While the status can still say that something is wrong.
        first = next(batches, [])
        return StreamingHttpResponse(_array(chain([first], batches)), content_type="application/json")


def _array(batches: Iterable[list[InteractionRecord]]) -> Iterator[bytes]:
    """A JSON array, a piece a batch. Cut off, it is no JSON, so that nobody takes a part for the whole."""
    before = b"["
    for records in filter(None, batches):
        # In one go, without the brackets: one by one, the encoder's buffers are many times the texts.
        yield before + orjson.dumps([detail_alone(record) for record in records])[1:-1]
        before = b","
    yield b"[]" if before == b"[" else b"]"
