"""What one interaction and one conversation are shown as (`analytics_api/detail_shapes.py`)."""

from __future__ import annotations

from interactions.models import FeedbackType

from .schemas import Schema, list_of, number_or_null, object_of, reference, text, text_or_null

_TEXT = {"type": "string"}
_ID = text("The interaction's id.", format="uuid")
_INPUT = text("What the user wrote; empty when content is hidden.")
_OUTPUT = text("What was answered.")
_START = text("When it started.", format="date-time")
_END = text_or_null("When it ended.", format="date-time")
_TAGS: Schema = {"type": "object", "additionalProperties": _TEXT, "description": "Its tags, by key."}
_TOPIC = text_or_null("What it is about.")
_INTENT = text_or_null("What the user wanted.")
_USER_QUERY = text_or_null("What was asked, in the application's words.")
_WARNING = text_or_null("What the application warned of.")
_SENTIMENT = number_or_null("number", "From -1 to 1.", minimum=-1, maximum=1)
_COST = number_or_null("integer", "In micro-dollars.", minimum=0)
_ACTIONS = list_of(reference("schemas", "FeedbackSlug"), "What the user did, oldest first, by slug.")
_EMOTIONS = list_of(_TEXT, "Emotions, by name.")
_CONVERSATION = list_of(
    reference("schemas", "Turn"), "The whole conversation in order; without one, this interaction alone."
)

DETAIL_SCHEMAS: dict[str, Schema] = {
    "Turn": object_of(
        "An interaction of the same conversation.",
        {
            "input": _INPUT,
            "output": _OUTPUT,
            "timestamp": _START,
            "is_chosen": {"type": "boolean", "description": "Whether it is the one asked for."},
        },
    ),
    "InteractionDetail": object_of(
        "One interaction, in the first shape.",
        {
            "interaction_id": _ID,
            "input": _INPUT,
            "output": _OUTPUT,
            "history": {
                "type": "array",
                "items": {"type": "array", "items": _TEXT},
                "minItems": 2,
                "maxItems": 2,
                "description": "What was said before, as sent: the user's texts, and the assistant's.",
            },
            "actions": _ACTIONS,
            "topics": list_of(_TEXT, "Its topic, if any."),
            "frustration_cause": text_or_null("The negative intent: what the user complained of."),
            "user_id": text_or_null("Who asked."),
            "user_group_profile": text_or_null("The group that the user belongs to."),
            "tags": _TAGS,
            "intent": _INTENT,
            "topic": _TOPIC,
            "warning_business": _WARNING,
            "warning_model": {"type": "null", "description": "Not known here; part of the wire."},
            "conversation": _CONVERSATION,
        },
    ),
    "InteractionDetailV2": object_of(
        "One interaction, in the second shape.",
        {
            "id": _ID,
            "project_id": text("The project's id.", format="uuid"),
            "sentiment": _SENTIMENT,
            "emotions": _EMOTIONS,
            "cost": _COST,
            "topic": _TOPIC,
            "intent": _INTENT,
            "input": _INPUT,
            "output": _OUTPUT,
            "latency": number_or_null("number", "From start to end, in seconds.", minimum=0),
            "pii_removed": {"type": "boolean", "description": "Personal data was found and masked."},
            "text_language": text_or_null("The language of the user's message."),
            "timestamp": _START,
            "end_timestamp": _END,
            "user": text_or_null("Who asked."),
            "verbosity": {"type": "integer", "minimum": 0, "description": "Characters of the output."},
            "actions": _ACTIONS,
            "feedback_actions": _ACTIONS | {"description": "The same as `actions`."},
            "feedback_action_text": text_or_null("The first text that a feedback action has."),
            "feedback_action_rating": number_or_null("integer", "The rating.", minimum=1, maximum=5),
            "user_query": _USER_QUERY,
            "tags": _TAGS,
            "feedback_type": text_or_null(
                "The first of negative explicit, positive explicit, negative implicit and positive implicit "
                "that it has.",
                enum=[*FeedbackType.values, None],
            ),
            "rags": list_of(_TEXT, "The sources that the answer was built on."),
            "warning_message": _WARNING,
            "conversation": _CONVERSATION,
        },
    ),
    "ConversationTurn": object_of(
        "One interaction of the conversation.",
        {
            "id": _ID,
            "input": _INPUT,
            "output": _OUTPUT,
            "timestamp": _START,
            "end_timestamp": _END,
            "user_query": _USER_QUERY,
            "topic": _TOPIC,
            "sentiment": _SENTIMENT,
        },
    ),
    "ConversationDetail": object_of(
        "One conversation.",
        {
            "id": text("Its id, as the application calls it."),
            "session_length": {"type": "integer", "minimum": 1, "description": "Interactions in it."},
            "session_time": number_or_null("number", "From the first start to the last end, in seconds."),
            "start_session": text("The first start.", format="date-time"),
            "end_session": text_or_null("The last end.", format="date-time"),
            "cost": _COST | {"description": "Sum of the costs, in micro-dollars."},
            "tags": _TAGS | {"description": "The tags of its interactions; of a key, the last value."},
            "emotions": _EMOTIONS,
            "conversation": list_of(reference("schemas", "ConversationTurn"), "Its interactions, in order."),
        },
    ),
}
_DETAIL = DETAIL_SCHEMAS["InteractionDetail"]["properties"]
_ALONE = {name: schema for name, schema in _DETAIL.items() if name != "conversation"}
DETAIL_SCHEMAS |= {
    "ExportedInteraction": object_of(
        "One interaction, in the first shape, without its conversation.", _ALONE
    ),
    "ExportedInteractions": list_of(reference("schemas", "ExportedInteraction"), "The interactions."),
}
