"""What is sent to be recorded: schemas made from the models that check it and from the forms it comes in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings
from pydantic import BaseModel

from analytics_api.ingestion.events import ACTION_NAMES, TAG_MOMENTS, Metadata, SentTags
from analytics_api.ingestion.interactions import OF_CONVERSATION, OTHER_NAMES
from interactions.ingest import MAX_BATCH, NewFeedback
from interactions.ingest.new_interaction import ImportLine, ModelCall
from interactions.models import FeedbackSlug

from .schemas import Schema, in_its_own_section, list_of, object_of, reference

# What pydantic writes for these when they stand outside a type, and JSON Schema's word for it.
_BOUNDS = {"ge": "minimum", "le": "maximum"}
# Of no use to those who read the document.
_LEFT_OUT = ("title", "default")
# The names of pydantic's definitions in our document.
_COMPONENTS = {
    "#/$defs/NewFeedback": "FeedbackAction",
    "#/$defs/FeedbackSlug": "FeedbackSlug",
    "#/$defs/ModelCall": "ModelCall",
}


def _fields_of(model: type[BaseModel]) -> dict[str, Schema]:
    return {name: _plain(schema) for name, schema in model.model_json_schema()["properties"].items()}


def _plain(schema: Any) -> Any:
    """A schema of pydantic's as the rest of the document would say it.

    {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None} -> {"type": ["string", "null"]}
    """
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return schema | reference("schemas", _COMPONENTS[schema["$ref"]])
    plain = {_BOUNDS.get(key, key): _plain(value) for key, value in schema.items() if key not in _LEFT_OUT}
    if "anyOf" in plain:
        value, _ = plain.pop("anyOf")
        plain |= value | {"type": [value["type"], "null"]}
    return plain


def _one_of_these(names: Iterable[str]) -> Schema:
    return {"anyOf": [{"required": [name]} for name in names]}


def _called_otherwise(fields: Mapping[str, Schema]) -> dict[str, Schema]:
    """{"rag_sources": <the schema of data_sources>, ...}"""
    return {
        other: fields[name] | {"description": f"Another name of `{name}`."}
        for name, others in OTHER_NAMES.items()
        for other in others
    }


def _interaction(
    description: str,
    required: Iterable[str],
    *,
    either: Mapping[str, Schema] | None = None,
    more: Mapping[str, Schema] | None = None,
) -> Schema:
    """An object with all fields of an interaction. either: one of these is needed, too."""
    properties = {name: _LINE[name] for name in required} | dict(either or {}) | dict(more or {})
    own = object_of(description, properties, required=list(required))
    if either:
        own |= _one_of_these(either)
    return {"description": own.pop("description"), "allOf": [own, reference("schemas", "Interaction")]}


_LINE = _fields_of(ImportLine)
_METADATA = _fields_of(Metadata)
_FLAT = ("end_user", "time_start", "time_end", "input", "output")
_ALWAYS = ("time_start", "time_end", "output")
_ANONYMIZE: Schema = {
    "type": ["boolean", "null"],
    "default": True,
    "description": "Mask personal data before anything is stored.",
}
# Not null, as the whole field may be: one of these is needed.
_TEXT_OR_MESSAGES: dict[str, Schema] = {
    "input": _LINE["input"],
    "messages": list_of({"type": "object"}, _LINE["messages"]["description"]),
}
_SENT = reference("schemas", "SentInteraction")


def _metadata(description: str, moments: Sequence[str] = ("timestamp",)) -> Schema:
    """Which interaction something belongs to. moments: what the time may be called."""
    times = dict.fromkeys(moments, _METADATA["timestamp"])
    others = {name: schema for name, schema in _METADATA.items() if name != "timestamp"}
    if len(moments) == 1:
        return object_of(description, times | others, required=[*moments, "end_user"])
    return object_of(description, times | others, required=["end_user"]) | _one_of_these(moments)


def _meaning(slug: str) -> str:
    """What a feedback action counts as, by the table in the settings."""
    means = settings.FEEDBACK_TYPES.get(slug)
    if means is None:
        return "Counts as no feedback."
    if isinstance(means, dict):
        by_value = ", ".join(f"{value} as {kind.replace('_', ' ')}" for value, kind in means.items())
        return f"Counts by its value: {by_value}."
    return f"Counts as {means.replace('_', ' ')} feedback."


FEEDBACK_MEANINGS = {slug: _meaning(slug) for slug in FeedbackSlug.values}

RECORDING_SCHEMAS: dict[str, Schema] = {
    "Interaction": in_its_own_section(
        object_of("What can be recorded of an interaction. Null and absent mean the same.", _LINE, _ALWAYS),
        is_sent=True,
    ),
    "FeedbackSlug": {
        "type": "string",
        "enum": list(FEEDBACK_MEANINGS),
        "description": "\n".join(f"* `{slug}`: {meaning}" for slug, meaning in FEEDBACK_MEANINGS.items()),
        "x-enumDescriptions": FEEDBACK_MEANINGS,
    },
    "FeedbackAction": in_its_own_section(
        object_of("Something that the user did with an answer.", _fields_of(NewFeedback), ["slug"]),
        is_sent=True,
    ),
    "ModelCall": in_its_own_section(
        object_of("One call of a model, of several that an interaction took.", _fields_of(ModelCall), []),
        is_sent=True,
    ),
    "SentInteraction": _interaction(
        "An interaction, some of whose fields have several names. With `messages` instead of `input`, the "
        "last message of the user is the input.",
        ("end_user", *_ALWAYS),
        either=_TEXT_OR_MESSAGES,
        more=_called_otherwise(_LINE),
    ),
    "InteractionOfConversation": _interaction(
        "An interaction of a conversation, which tells the rest.",
        _ALWAYS,
        either=_TEXT_OR_MESSAGES,
        more=_called_otherwise(_LINE),
    ),
    "ImportLine": _interaction("An interaction in the flat form of an import line.", _FLAT),
    "RecordInteraction": object_of(
        "One interaction.",
        {
            "interaction": _SENT,
            "traces": _LINE["traces"],
            "anonymize": _ANONYMIZE,
            "hide_content": _LINE["hide_content"],
        },
        required=["interaction"],
    ),
    "RecordEvent": object_of(
        "One interaction as the Python SDK saw it; its `spans` tell what was called.",
        {"body": _SENT, "anonymize": _ANONYMIZE},
        required=["body"],
    ),
    "RecordConversation": object_of(
        "A whole conversation.",
        {
            "conversation": object_of(
                "The conversation.",
                {
                    "interactions": {
                        "type": "array",
                        "items": reference("schemas", "InteractionOfConversation"),
                        "minItems": 1,
                        "maxItems": MAX_BATCH,
                        "description": "Its interactions, in any order.",
                    },
                    **{name: _LINE[name] for name in OF_CONVERSATION},
                },
                required=["interactions", "end_user"],
            ),
            "anonymize": _ANONYMIZE,
        },
        required=["conversation"],
    ),
    "RecordFeedback": object_of(
        "One feedback action.",
        {name: reference("schemas", "FeedbackAction") for name in ACTION_NAMES}
        | {"metadata": _metadata("Which interaction it is about.")},
        required=["metadata"],
    )
    | _one_of_these(ACTION_NAMES),
    "RecordTags": object_of(
        "Tags of one interaction.",
        _fields_of(SentTags) | {"metadata": _metadata("Which interaction they belong to.", TAG_MOMENTS)},
        required=["tags", "metadata"],
    ),
    "RecordBatch": object_of(
        "Many interactions.",
        {
            "interactions": {
                "type": "array",
                "items": reference("schemas", "ImportLine"),
                "maxItems": MAX_BATCH,
                "description": "In any order.",
            },
            "anonymize": _ANONYMIZE,
        },
        required=["interactions"],
    ),
}
