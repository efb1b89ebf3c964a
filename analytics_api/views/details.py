"""One interaction, or one conversation, in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics_api.detail_shapes import conversation_detail, detail, detail_v2
from analytics_api.errors import Unprocessable
from analytics_api.serializers.fields import Form, StringField
from interactions import dialect
from interactions.ingest.reading import read_records
from interactions.ingest.records import InteractionRecord
from interactions.models import Interaction, InteractionQuerySet, Project, Scope

from .query import QueryView

# A conversation is read in portions that keep each statement small.
_PORTION = 100


class ConversationRequest(Form):
    """Which conversation, by the application's id."""

    conversation_id = StringField(help_text="The conversation's id.")


class InteractionDetail(APIView):
    """GET export/interactions/detail/{uuid}."""

    required_scope = Scope.QUERY.value

    def get(self, request: Request, interaction_id: str) -> Response:
        public_id = _parse_id(interaction_id)
        with dialect.snapshot(DEFAULT_DB_ALIAS):
            return Response(self._detail(request, public_id))

    def _detail(self, request: Request, public_id: UUID) -> dict[str, Any]:
        interactions = Interaction.objects.for_project(request.auth.project_id)
        found = interactions.filter(public_id=public_id).values_list("id", "conversation_id").first()
        if found is None:
            raise Http404
        pk, conversation = found
        keys = (
            [pk] if conversation is None else _keys_in_order(interactions.filter(conversation=conversation))
        )
        records = _read(keys)
        (chosen,) = (record for record in records if record.public_id == public_id)
        return self.shape(request, chosen, records)

    def shape(
        self, request: Request, chosen: InteractionRecord, records: list[InteractionRecord]
    ) -> dict[str, Any]:
        return detail(chosen, records)


class InteractionDetailV2(InteractionDetail):
    """GET export/interactions/detail-v2/{uuid}."""

    def shape(
        self, request: Request, chosen: InteractionRecord, records: list[InteractionRecord]
    ) -> dict[str, Any]:
        project = Project.objects.get(pk=request.auth.project_id)
        return detail_v2(chosen, records, str(project.public_id))


class ConversationDetail(QueryView):
    """POST get-conversation-detail."""

    request_form = ConversationRequest()

    def post(self, request: Request) -> Response:
        external_id = self.validate(request)["conversation_id"]
        interactions = Interaction.objects.for_project(request.auth.project_id)
        # By the project too: another project may use the same id.
        of_conversation = interactions.filter(
            conversation__project=request.auth.project_id, conversation__external_id=external_id
        )
        with dialect.snapshot(DEFAULT_DB_ALIAS):
            records = _read(_keys_in_order(of_conversation))
        if not records:
            raise Http404
        return Response(conversation_detail(external_id, records))


def _parse_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Unprocessable(
            [{"loc": ["path", "interaction_id"], "msg": "expected a UUID", "type": "uuid_parsing"}]
        ) from None


def _keys_in_order(interactions: InteractionQuerySet) -> list[int]:
    return list(interactions.order_by("started_at", "id").values_list("id", flat=True))


def _read(keys: Sequence[int]) -> list[InteractionRecord]:
    records = []
    for start in range(0, len(keys), _PORTION):
        portion = keys[start : start + _PORTION]
        found = read_records(DEFAULT_DB_ALIAS, portion)
        records += [found[pk] for pk in portion if pk in found]
    return records
