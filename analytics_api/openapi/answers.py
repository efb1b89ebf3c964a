"""What is answered: rows made from the catalog's metrics, and every refusal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics_api.catalog import METRICS
from analytics_api.catalog.metrics import MetricField
from analytics_api.errors import ERROR_TYPES, RETRY_AFTER_SECONDS

Schema = dict[str, Any]


def reference(kind: str, name: str) -> Schema:
    return {"$ref": f"#/components/{kind}/{name}"}


def _metric_fields() -> dict[str, Schema]:
    """Every field that variables fill, then those that `include_previous` adds."""
    fields = [(metric, field) for metric in METRICS.values() for field in metric.fields]
    return {
        field.name: _number(field, f"`{metric.name}` ({field.unit}): {metric.help}")
        for metric, field in fields
    } | {
        f"{field.name}_prev": _number(field, f"`{field.name}` over the previous range.")
        for _, field in fields
        if field.has_previous
    }


def _number(field: MetricField, description: str) -> Schema:
    # None of them is ever negative.
    return {"type": field.json_type, "minimum": 0, "description": description}


def _object(description: str, properties: Mapping[str, Schema], required: list[str] | None = None) -> Schema:
    """An object with these fields, all of them always there unless `required` says otherwise."""
    return {
        "type": "object",
        "description": description,
        "properties": dict(properties),
        "required": list(properties) if required is None else required,
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

SCHEMAS: dict[str, Schema] = {
    "AggregateRow": _object(
        "One group. Fields of variables that were not asked for and fields without a value are left out.",
        GROUP_FIELDS | _metric_fields(),
        required=list(GROUP_FIELDS),
    ),
    "AggregatePage": _object(
        "A page of groups.",
        {
            "total": {
                "type": "integer",
                "minimum": 0,
                "description": "Groups there are, on all pages together.",
            },
            "offset": {"type": "integer", "minimum": 0, "description": "As asked."},
            "limit": {"type": "integer", "minimum": 1, "description": "As asked."},
            "data": {
                "type": "array",
                "items": reference("schemas", "AggregateRow"),
                "description": "The rows of the page.",
            },
        },
    ),
    "Error": _object("Why there is no answer.", {"detail": {"type": "string"}}),
    "ValidationError": _object(
        "One thing that is wrong with a request.",
        {
            "loc": {
                "type": "array",
                "items": {"type": ["string", "integer"]},
                "description": "Where: `body`, then keys and indexes that count from 0.",
            },
            "msg": {"type": "string", "description": "What would be accepted; for people."},
            "type": {
                "type": "string",
                "enum": sorted(ERROR_TYPES),
                "description": "What kind of thing; for programs.",
            },
        },
    ),
    "HTTPValidationError": _object(
        "Everything that is wrong with a request.",
        {"detail": {"type": "array", "items": reference("schemas", "ValidationError"), "minItems": 1}},
    ),
}


def _refusal(
    description: str, example: Any, *, schema: str = "Error", headers: Mapping[str, Schema] | None = None
) -> Schema:
    response: Schema = {
        "description": description,
        "content": {
            "application/json": {"schema": reference("schemas", schema), "example": {"detail": example}}
        },
    }
    if headers:
        response["headers"] = dict(headers)
    return response


def _header(description: str, schema: Schema) -> Schema:
    return {"description": description, "required": True, "schema": schema}


# The name of each refusal, and the status it is answered with by every endpoint that reads a body.
REFUSALS = {
    "401": "BadKey",
    "403": "MissingScope",
    "405": "WrongMethod",
    "413": "TooLarge",
    "422": "Invalid",
    "503": "Unavailable",
}

RESPONSES: dict[str, Schema] = {
    "BadKey": _refusal(
        "The API key is missing, malformed, unknown, revoked or expired. Nothing else is ever answered so.",
        "The API key is not valid.",
        headers={"WWW-Authenticate": _header("How to present a key.", {"type": "string", "const": "Bearer"})},
    ),
    "MissingScope": _refusal(
        "The API key is good, and lacks the scope that is needed.", "The API key lacks the scope 'query'."
    ),
    "WrongMethod": _refusal(
        "The address answers other methods.",
        "Method Not Allowed",
        headers={"Allow": _header("The methods it answers.", {"type": "string"})},
    ),
    "TooLarge": _refusal(
        "The body is over the limit of the server.",
        "The request body is too large; at most 10000000 bytes are accepted.",
    ),
    "Invalid": _refusal(
        "The body is not JSON, not what the schema says, or breaks a rule of the endpoint. All that is wrong "
        "is listed.",
        [
            {
                "loc": ["body", "variables", 0],
                "msg": f"unknown name 'n_user'. Did you mean 'n_users'? Known: {', '.join(METRICS)}.",
                "type": "enum",
            },
            {
                "loc": ["body", "limit"],
                "msg": "expected 1 or more",
                "type": "greater_than_equal",
            },
        ],
        schema="HTTPValidationError",
    ),
    "Unavailable": _refusal(
        "The database does not answer, or not in time. The same request may succeed later.",
        "The database did not answer, or not in time; try again.",
        headers={
            "Retry-After": _header(
                "Seconds to wait.", {"type": "integer", "minimum": 0, "examples": [RETRY_AFTER_SECONDS]}
            )
        },
    ),
}
