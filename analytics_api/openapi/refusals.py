"""Every refusal: its schemas, and its answer with an example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics_api.catalog import METRICS
from analytics_api.errors import ERROR_TYPES, RETRY_AFTER_SECONDS

from .schemas import Schema, object_of, reference

REFUSAL_SCHEMAS: dict[str, Schema] = {
    "Error": object_of("Why there is no answer.", {"detail": {"type": "string"}}),
    "ValidationError": object_of(
        "One thing that is wrong with a request.",
        {
            "loc": {
                "type": "array",
                "items": {"type": ["string", "integer"]},
                "description": "Where: `body`, `path`, `query` or `header`, then keys, and indexes from 0.",
            },
            "msg": {"type": "string", "description": "What would be accepted; for people."},
            "type": {
                "type": "string",
                "enum": sorted(ERROR_TYPES),
                "description": "What kind of thing; for programs.",
            },
        },
    ),
    "HTTPValidationError": object_of(
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


# The name of each refusal, and the status it is answered with, by every endpoint ...
REFUSALS = {
    "401": "BadKey",
    "403": "MissingScope",
    "405": "WrongMethod",
    "503": "Unavailable",
}
# ... and by every endpoint that reads a body.
REFUSALS_OF_BODIES = {
    "413": "TooLarge",
    "415": "WrongEncoding",
    "422": "Invalid",
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
    "NotThere": _refusal(
        "There is nothing of the kind in the project of the key; what another project has is not there.",
        "Not Found",
    ),
    "WrongVersion": _refusal("The wire has no such version.", "Not Found"),
    "TooLarge": _refusal(
        "The body is over the limit of the server.",
        "The request body is too large; at most 10000000 bytes are accepted.",
    ),
    "WrongEncoding": _refusal(
        "The `Content-Encoding` is not one that the server unpacks.",
        "Content-Encoding 'br' is not accepted; known: identity, gzip, x-gzip.",
    ),
    "InvalidId": _refusal(
        "The id in the address is no UUID.",
        [{"loc": ["path", "interaction_id"], "msg": "expected a UUID", "type": "uuid_parsing"}],
        schema="HTTPValidationError",
    ),
    "InvalidRange": _refusal(
        "The range is not given, not understood, or too long. All that is wrong is listed.",
        [{"loc": ["query", "date_lt"], "msg": "a value is required", "type": "missing"}],
        schema="HTTPValidationError",
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
