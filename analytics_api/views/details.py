"""One interaction, or one conversation, in full."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS
from django.http import Http404
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.views import APIView

from analytics_api.conversations import answer_with_turns, keys_in_order, summarise
from analytics_api.detail_shapes import (
    conversation_alone,
    detail_alone,
    detail_v2_alone,
    turn_beside,
    turn_of_conversation,
)
from analytics_api.errors import Unprocessable
from analytics_api.serializers.fields import Form, StringField
from interactions import dialect
from interactions.ingest.reading import read_records
from interactions.ingest.records import InteractionRecord
from interactions.models import Interaction, Project, Scope

from .query import QueryView


class ConversationRequest(Form):
    """Which conversation, by the application's id."""

    conversation_id = StringField(help_text="The conversation's id.")


class InteractionDetail(APIView):
    """GET export/interactions/detail/{uuid}."""

    required_scope = Scope.QUERY.value

    def get(self, request: Request, interaction_id: str) -> HttpResponseBase:
        public_id = _parse_id(interaction_id)
        project_id = request.auth.project_id
        interactions = Interaction.objects.for_project(project_id)
        with dialect.snapshot(DEFAULT_DB_ALIAS):
            found = interactions.filter(public_id=public_id).values_list("id", "conversation_id").first()
            if found is None:
                raise Http404
            pk, conversation = found
            # Without a conversation, it is one of its own.
            keys = [pk]
            if conversation is not None:
                keys = keys_in_order(interactions.filter(conversation=conversation))
            head = self.shape(read_records(DEFAULT_DB_ALIAS, [pk])[pk], project_id)
            return answer_with_turns(head, project_id, keys, partial(turn_beside, public_id))

    def shape(self, chosen: InteractionRecord, project_id: int) -> dict[str, Any]:
        return detail_alone(chosen)


class InteractionDetailV2(InteractionDetail):
    """GET export/interactions/detail-v2/{uuid}."""

    def shape(self, chosen: InteractionRecord, project_id: int) -> dict[str, Any]:
        return detail_v2_alone(chosen, str(Project.objects.get(pk=project_id).public_id))


class ConversationDetail(QueryView):
    """POST get-conversation-detail."""

    request_form = ConversationRequest()

    def post(self, request: Request) -> HttpResponseBase:
        external_id = self.validate(request)["conversation_id"]
        project_id = request.auth.project_id
        # By the project too: another project may use the same id.
        interactions = Interaction.objects.for_project(project_id).filter(
            conversation__project=project_id, conversation__external_id=external_id
        )
        with dialect.snapshot(DEFAULT_DB_ALIAS):
            summary = summarise(interactions)
            if summary is None:
                raise Http404
            head = conversation_alone(external_id, summary)
            return answer_with_turns(head, project_id, keys_in_order(interactions), turn_of_conversation)


def _parse_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Unprocessable(
            [{"loc": ["path", "interaction_id"], "msg": "expected a UUID", "type": "uuid_parsing"}]
        ) from None
