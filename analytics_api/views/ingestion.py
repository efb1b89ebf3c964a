"""The calls that record: thin, because translators and `interactions.ingest` do the work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics_api.errors import Unprocessable
from analytics_api.ingestion import events, interactions
from analytics_api.ingestion.batches import Batch, batch
from analytics_api.ingestion.interactions import Translator
from analytics_api.ingestion.sent import object_at, refused
from analytics_api.parsers import RecordedJSONParser
from interactions.ingest import (
    MAX_KEY_CHARS,
    AnotherRequest,
    IngestResult,
    record_feedback,
    record_interactions,
    record_once,
    record_tags,
)
from interactions.models import Scope

OK = {"message": "ok"}


class IngestionView(APIView):
    """Something to record, sent in the body. The answer is 200: it is committed."""

    required_scope = Scope.INGEST.value
    parser_classes = (RecordedJSONParser,)

    def body_of(self, request: Request) -> Mapping[str, Any]:
        """Raises Unprocessable when it is not an object."""
        # DRF reads no body as an empty form; here it is a body that is missing.
        if not request.body:
            raise Unprocessable([{"loc": ["body"], "msg": "a JSON body is needed", "type": "json_invalid"}])
        return object_at(request.data, ("body",))


class Interactions(IngestionView):
    """One or more interactions, all or none."""

    translator: Translator = staticmethod(interactions.interaction)

    def post(self, request: Request, **_: str) -> Response:
        sent = self.translator(self.body_of(request))
        recorded = record_interactions(request.auth.project_id, sent.items, anonymize=sent.anonymize)
        return Response(OK | {"interaction_id": recorded.ids[0], "interaction_ids": recorded.ids})


class TracedInteractions(Interactions):
    """The same under the name that SDKs use for interactions with traces."""


class WatchedEvents(Interactions):
    """What the Python SDK saw."""

    translator = staticmethod(interactions.watched_event)


class Conversations(Interactions):
    """A whole conversation."""

    translator = staticmethod(interactions.conversation)


class Feedback(IngestionView):
    """One action of a user. Without its interaction it waits, and `interaction_id` is null."""

    def post(self, request: Request, **_: str) -> Response:
        event = events.feedback(self.body_of(request))
        interaction_id = record_feedback(
            request.auth.project_id,
            event.action,
            event.target,
            group_profile=event.group_profile,
            anonymize=event.anonymize,
        )
        return Response(OK | {"interaction_id": interaction_id})


class Tags(IngestionView):
    """Tags of one interaction. Without it they wait, and `interaction_id` is null."""

    def post(self, request: Request, **_: str) -> Response:
        event = events.tags(self.body_of(request))
        interaction_id = record_tags(
            request.auth.project_id, event.tags, event.target, anonymize=event.anonymize
        )
        return Response(OK | {"interaction_id": interaction_id})


class Batches(IngestionView):
    """Up to a thousand interactions; the good ones are kept, and each has its result."""

    def post(self, request: Request) -> HttpResponse:
        sent = batch(self.body_of(request))
        key = request.headers.get("Idempotency-Key")
        if key is None:
            recorded = record_interactions(request.auth.project_id, sent.items, anonymize=sent.anonymize)
            return _json(_answer(sent, recorded))
        return _json(self._once(request, sent, key))

    def _once(self, request: Request, sent: Batch, key: str) -> str:
        place = ("header", "idempotency-key")
        if not 1 <= len(key) <= MAX_KEY_CHARS or not key.isprintable():
            raise refused(place, f"expected 1 to {MAX_KEY_CHARS} printable characters", "value_error")
        try:
            return record_once(
                request.auth.project_id,
                sent.items,
                lambda recorded: _answer(sent, recorded),
                key=key,
                body=request.body,
                anonymize=sent.anonymize,
            )
        except AnotherRequest:
            raise refused(place, "the key was used for another body", "value_error") from None


def _answer(sent: Batch, recorded: IngestResult) -> str:
    return orjson.dumps(OK | {"results": sent.results(recorded)}).decode()


def _json(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="application/json")
