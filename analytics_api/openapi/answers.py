"""What questions are answered with: rows made from the catalog's metrics."""

from __future__ import annotations

from collections.abc import Mapping

from analytics_api.catalog import METRICS
from analytics_api.catalog.metrics import MetricField
from interactions.models import FeedbackType

from .schemas import Schema, in_its_own_section, list_of, object_of, page_of, reference, text

_FIELDS = [(metric, field) for metric in METRICS.values() for field in metric.fields]


def _number(field: MetricField, description: str) -> Schema:
    # None of them is ever negative.
    return {"type": field.json_type, "minimum": 0, "description": description}


# Every field that variables fill, then those of the previous range.
_METRIC_FIELDS: dict[str, Schema] = {
    field.name: _number(field, f"`{metric.name}` ({field.unit}): {metric.help}") for metric, field in _FIELDS
} | {
    f"{field.name}_prev": _number(field, f"`{field.name}` over the previous range.")
    for _, field in _FIELDS
    if field.has_previous
}
GROUP_FIELDS: dict[str, Schema] = {
    "group_name": {
        "type": "string",
        "description": "The value that the group has in common; `total` without a `group_by`, and empty for "
        "interactions without a value.",
    },
    "additional_groups": {
        "type": "array",
        "items": {"type": ["string", "null"]},
        "description": "The values of `additional_group_bys`, in their order; null for no value.",
    },
}
_KINDS = list_of({"type": "string"}, "The kinds of the list that the row belongs to, as sent.")
_BUCKET = text("The moment that the bucket begins with.", format="date-time")
_LEFT_OUT = "Fields of variables that were not asked for and fields without a value are left out."


def _with_numbers(description: str, properties: Mapping[str, Schema]) -> Schema:
    own = object_of(description, properties)
    return {"description": own.pop("description"), "allOf": [own, reference("schemas", "Numbers")]}


SCHEMAS: dict[str, Schema] = {
    "Numbers": in_its_own_section(
        object_of(f"What variables fill. {_LEFT_OUT}", _METRIC_FIELDS, required=()),
        is_sent=False,
    ),
    "AggregateRow": _with_numbers("One group.", GROUP_FIELDS),
    "AggregatePage": page_of("AggregateRow", "A page of groups."),
    "MultiAggregateRow": _with_numbers("One group of one of the lists.", GROUP_FIELDS | {"kinds": _KINDS}),
    "MultiAggregatePage": page_of("MultiAggregateRow", "A page of the groups of all lists together."),
    "BucketRow": _with_numbers("One bucket; counts are 0 where nothing was.", {"bucket": _BUCKET}),
    "TimeSeries": object_of(
        "Buckets and what was in them.",
        {
            "buckets": list_of(_BUCKET, "The starts of the buckets, in order and without gaps."),
            "datasets": {
                "type": "object",
                "description": "Rows by the name of the group, or under `total`.",
                "additionalProperties": list_of(
                    reference("schemas", "BucketRow"), "A row for each bucket, in order."
                ),
            },
        },
    ),
    "ListedInteraction": object_of(
        "One interaction, in short. What it does not have is left out.",
        {
            "id": text("Its id, by which the details are asked for.", format="uuid"),
            "input_text": text("What the user wrote; empty when content is hidden."),
            "output_text": text("What was answered."),
            "end_user": {"type": ["string", "null"], "description": "Who asked."},
            "timestamp": text("When it started.", format="date-time"),
            "user_query": text("What was asked, in the application's words."),
            "warning_message": text("What the application warned of."),
            "negative_intent_message": text("What the user complained of."),
            "feedback_type": text(
                "The first of negative explicit, positive explicit, negative implicit and positive implicit "
                "that it has.",
                enum=list(FeedbackType.values),
            ),
        },
        required=["id", "input_text", "output_text", "end_user", "timestamp"],
    ),
    "InteractionPage": page_of("ListedInteraction", "A page of interactions, newest first."),
}
