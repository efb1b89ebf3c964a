"""One interaction or one conversation in full."""

from __future__ import annotations

from collections.abc import Mapping

from drf_spectacular.utils import OpenApiParameter
from rest_framework.views import APIView

from analytics_api.views.details import ConversationDetail, InteractionDetail, InteractionDetailV2

from .detail_examples import CONVERSATION, FIRST_SHAPE, SECOND_SHAPE
from .operation import Operation

DETAILS = {"name": "Details", "description": "One interaction or one conversation in full."}

_ID = OpenApiParameter(
    "interaction_id",
    {"type": "string", "format": "uuid"},
    OpenApiParameter.PATH,
    required=True,
    description="The interaction's id.",
)
_OF_AN_ID = {"404": "NotThere", "422": "InvalidId"}
_NULLS = "What is not known is null: on this wire these nulls are part of the answer."

DETAIL_OPERATIONS: Mapping[tuple[str, type[APIView]], Operation] = {
    ("GET", InteractionDetail): Operation(
        id="getInteractionDetail",
        tag=DETAILS["name"],
        summary="Show an interaction",
        description=f"An interaction with its conversation, feedback, labels and tags. {_NULLS}",
        answer="InteractionDetail",
        answer_description="The interaction.",
        examples=(FIRST_SHAPE,),
        parameters=(_ID,),
        refusals=_OF_AN_ID,
    ),
    ("GET", InteractionDetailV2): Operation(
        id="getInteractionDetailV2",
        tag=DETAILS["name"],
        summary="Show an interaction, with cost and latency",
        description=f"The same in a second shape, which has cost, latency, language and more. {_NULLS}",
        answer="InteractionDetailV2",
        answer_description="The interaction.",
        examples=(SECOND_SHAPE,),
        parameters=(_ID,),
        refusals=_OF_AN_ID,
    ),
    ("POST", ConversationDetail): Operation(
        id="getConversationDetail",
        tag=DETAILS["name"],
        summary="Show a conversation",
        description=f"A whole conversation, by the id that the application gave it. {_NULLS}",
        answer="ConversationDetail",
        answer_description="The conversation.",
        examples=(CONVERSATION,),
        refusals={"404": "NotThere"},
    ),
}
