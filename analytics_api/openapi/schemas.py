"""How schemas are written by hand, where neither a form nor the catalog says them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Schema = dict[str, Any]


def reference(kind: str, name: str) -> Schema:
    return {"$ref": f"#/components/{kind}/{name}"}


def object_of(
    description: str, properties: Mapping[str, Schema], required: Sequence[str] | None = None
) -> Schema:
    """An object with these fields, all of them always there unless `required` says otherwise."""
    return {
        "type": "object",
        "description": description,
        "properties": dict(properties),
        "required": list(properties if required is None else required),
    }


def in_its_own_section(schema: Schema, *, is_sent: bool) -> Schema:
    """An object that our page describes once, and links to from the bodies or answers it is part of."""
    return schema | {"x-ownSection": "sent" if is_sent else "answered"}


def list_of(items: Schema, description: str) -> Schema:
    return {"type": "array", "items": items, "description": description}


def text(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description, **more}


def text_or_null(description: str, **more: Any) -> Schema:
    return {"type": ["string", "null"], "description": description, **more}


def number_or_null(kind: str, description: str, **more: Any) -> Schema:
    """kind: `integer` or `number`."""
    return {"type": [kind, "null"], "description": description, **more}


def page_of(row: str, description: str) -> Schema:
    """The envelope of every list; row: the name of a schema."""
    return object_of(
        description,
        {
            "total": {"type": "integer", "minimum": 0, "description": "Rows on all pages together."},
            "offset": {"type": "integer", "minimum": 0, "description": "As asked."},
            "limit": {"type": "integer", "minimum": 1, "description": "As asked."},
            "data": list_of(reference("schemas", row), "The rows of the page."),
        },
    )
