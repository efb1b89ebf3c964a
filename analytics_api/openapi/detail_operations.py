"""One interaction or one conversation in full."""

from __future__ import annotations

from collections.abc import Mapping

from drf_spectacular.utils import OpenApiParameter
from rest_framework.views import APIView

from analytics_api.serializers.export import MAX_EXPORT, ExportRequest
from analytics_api.views.details import ConversationDetail, InteractionDetail, InteractionDetailV2
from analytics_api.views.export import ExportInteractions

from .detail_examples import CONVERSATION, EXPORT, FIRST_SHAPE, SECOND_SHAPE
from .operation import Operation

DETAILS = {"name": "Details", "description": "One interaction or one conversation in full."}

_ID = OpenApiParameter(
    "interaction_id",
    {"type": "string", "format": "uuid"},
    OpenApiParameter.PATH,
    required=True,
    description="The interaction's id.",
)
_RANGE = tuple(
    OpenApiParameter(
        name,
        {"type": "string", "format": "date-time"},
        OpenApiParameter.QUERY,
        required=True,
        description=str(form_field.help_text),
    )
    for name, form_field in ExportRequest().fields.items()
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
    ("GET", ExportInteractions): Operation(
        id="exportInteractions",
        tag=DETAILS["name"],
        summary="Export interactions",
        description=f"All interactions that started in {MAX_EXPORT.days} days or less, oldest first, as one "
        "array that is sent while it is read: it may be long, and one that is cut off is no JSON.",
        answer="ExportedInteractions",
        answer_description="The interactions.",
        examples=(EXPORT,),
        parameters=_RANGE,
        refusals={"422": "InvalidRange"},
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
