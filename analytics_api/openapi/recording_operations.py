"""The calls that record."""

from __future__ import annotations

from collections.abc import Mapping

from drf_spectacular.utils import OpenApiParameter
from rest_framework.views import APIView

from analytics_api.ingestion import VERSIONS
from analytics_api.views.ingestion import (
    Batches,
    Conversations,
    Feedback,
    Interactions,
    Tags,
    TracedInteractions,
    WatchedEvents,
)
from interactions.ingest import MAX_BATCH, MAX_KEY_CHARS

from . import recording_examples as examples
from .operation import Operation
from .schemas import reference

RECORDING = {"name": "Recording", "description": "Record interactions, and what users did with them."}

_VERSION = OpenApiParameter(
    "version",
    {"type": "string", "enum": list(VERSIONS)},
    OpenApiParameter.PATH,
    required=True,
    description="Of the wire; all are taken alike.",
)
_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARS, "pattern": "^[!-~]*$"},
    OpenApiParameter.HEADER,
    description="The same request with the same key is answered the same for a day, without being recorded "
    "again; with another body it is refused.",
)
_REPEATS = (
    "The same `id`, or the same user, conversation, start, input and output, is the same interaction: what "
    "is sent again overwrites, what is left out stays. Unknown fields are ignored."
)
_WAITS = "When that has not arrived yet, it waits, and is linked when the interaction comes."


def _recording(
    name: str,
    *,
    summary: str,
    description: str,
    examples: tuple[examples.Example, ...],
    answer: str = "Recorded",
    answer_description: str = "It is committed.",
    parameters: tuple[OpenApiParameter, ...] = (_VERSION,),
    body: str | None = None,
) -> Operation:
    """name: of the operation and, capitalised, of the schema of its body unless `body` names another."""
    return Operation(
        id=name,
        tag=RECORDING["name"],
        summary=summary,
        description=description,
        answer=answer,
        answer_description=answer_description,
        examples=examples,
        parameters=parameters,
        body=reference("schemas", body or name[0].upper() + name[1:]),
        refusals={"404": "WrongVersion"} if _VERSION in parameters else {},
    )


RECORDING_OPERATIONS: Mapping[tuple[str, type[APIView]], Operation] = {
    ("POST", Interactions): _recording(
        "recordInteraction",
        summary="Record an interaction",
        description=_REPEATS,
        examples=examples.INTERACTION,
    ),
    ("POST", TracedInteractions): _recording(
        "recordTracedInteraction",
        summary="Record an interaction with its traces",
        description="The same call under the name that SDKs use. What the interaction does not say is taken "
        "from its traces: the model of the last call, the sums of tokens and cost, the sources.\n\n"
        f"{_REPEATS}",
        examples=examples.TRACED_INTERACTION,
        body="RecordInteraction",
    ),
    ("POST", WatchedEvents): _recording(
        "recordEvent",
        summary="Record what an SDK watched",
        description=f"An interaction with the calls that a Python SDK saw, as `spans`.\n\n{_REPEATS}",
        examples=examples.EVENT,
    ),
    ("POST", Conversations): _recording(
        "recordConversation",
        summary="Record a conversation",
        description=f"All of its interactions or, when one of them is wrong, none.\n\n{_REPEATS}",
        examples=examples.CONVERSATION,
    ),
    ("POST", Feedback): _recording(
        "recordFeedback",
        summary="Record feedback",
        description="Links an action to the newest interaction of the user that had ended by then and has "
        f"the texts that are given. {_WAITS} A slug replaces its earlier self, and one thumb the other.",
        answer="Linked",
        examples=examples.FEEDBACK,
    ),
    ("POST", Tags): _recording(
        "recordTags",
        summary="Tag an interaction",
        description=f"Finds the interaction as feedback does. {_WAITS}",
        answer="Linked",
        examples=examples.TAGS,
    ),
    ("POST", Batches): _recording(
        "recordBatch",
        summary="Record many interactions",
        description=f"Up to {MAX_BATCH} at once. Those that are wrong are left out, and the answer tells "
        f"which and why.\n\n{_REPEATS}",
        answer="BatchResults",
        answer_description="The good ones are committed.",
        examples=examples.BATCH,
        parameters=(_IDEMPOTENCY_KEY,),
    ),
}
