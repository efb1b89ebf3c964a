"""What is answered to those who record."""

from __future__ import annotations

from analytics_api.ingestion.batches import INVALID, STATUS
from analytics_api.views.ingestion import OK

from .schemas import Schema, list_of, object_of, reference, text, text_or_null

_ID: Schema = {"type": "string", "format": "uuid"}
_MESSAGE = text("It is committed, and the next question sees it.", const=OK["message"])

RECORDING_ANSWERS: dict[str, Schema] = {
    "Recorded": object_of(
        "What was recorded.",
        {
            "message": _MESSAGE,
            "interaction_id": _ID | {"description": "The first interaction's id."},
            "interaction_ids": list_of(_ID, "The ids of all, in the order of the call."),
        },
    ),
    "Linked": object_of(
        "What it was linked to.",
        {
            "message": _MESSAGE,
            "interaction_id": text_or_null(
                "The interaction's id; null when there is none yet, and then it waits for it.", format="uuid"
            ),
        },
    ),
    "BatchResult": object_of(
        "What became of one interaction.",
        {
            "status": text(
                "`updated` also when it was there and nothing changed.",
                enum=[*dict.fromkeys(STATUS.values()), INVALID],
            ),
            "interaction_id": text("Its id, when it is kept.", format="uuid"),
            "detail": text("What is wrong with it, when it is not."),
        },
        required=["status"],
    ),
    "BatchResults": object_of(
        "What became of each interaction.",
        {
            "message": _MESSAGE,
            "results": list_of(reference("schemas", "BatchResult"), "One each, in the order of the call."),
        },
    ),
}
