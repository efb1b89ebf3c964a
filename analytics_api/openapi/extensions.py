"""How drf-spectacular describes our fields, forms and keys: one extension for each class."""

from __future__ import annotations

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.openapi import AutoSchema
from rest_framework.fields import Field, empty

from analytics_api.authentication import ProjectKeyAuthentication
from analytics_api.serializers.eligible_users import MAX_TAGS, DateField, TagsField, WordField
from analytics_api.serializers.fields import (
    MAX_STRING_CHARS,
    BooleanField,
    DateTimeField,
    Form,
    IntegerField,
    JSONField,
    ListField,
    NameField,
    NullField,
    StringField,
    TaggedUnion,
)
from interactions.models import MAX_WORD_CHARS

from .schemas import Schema

_WORD: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_WORD_CHARS,
    "pattern": r"^[^\u0000]*$",
}


def _component_name(field: Field) -> str:
    """<FilterField> -> Filter"""
    return type(field).__name__.removesuffix("Field")


class StringSchema(OpenApiSerializerFieldExtension):
    target_class = StringField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        return {"type": "string", "maxLength": MAX_STRING_CHARS, "pattern": r"^[^\u0000]*$"}


class WordSchema(OpenApiSerializerFieldExtension):
    target_class = WordField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        return dict(_WORD)


class TagsSchema(OpenApiSerializerFieldExtension):
    target_class = TagsField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        return {
            "type": "object",
            "propertyNames": _WORD,
            "additionalProperties": _WORD | {"type": ["string", "null"]},
            "maxProperties": MAX_TAGS,
        }


class DateSchema(OpenApiSerializerFieldExtension):
    target_class = DateField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        return {"type": "string", "format": "date"}


class BooleanSchema(OpenApiSerializerFieldExtension):
    target_class = BooleanField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        return {"type": "boolean"}


class NullSchema(OpenApiSerializerFieldExtension):
    target_class = NullField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        # drf-spectacular adds null to the types of a field that allows it; here it is the one type.
        return {"type": []}


class JSONSchema(OpenApiSerializerFieldExtension):
    target_class = JSONField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        # Every type but null, which drf-spectacular adds.
        return {"type": ["object", "array", "string", "number", "boolean"]}


class IntegerSchema(OpenApiSerializerFieldExtension):
    target_class = IntegerField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        return {
            "type": "integer",
            "format": "int64",
            "minimum": self.target.minimum,
            "maximum": self.target.maximum,
        }


class DateTimeSchema(OpenApiSerializerFieldExtension):
    target_class = DateTimeField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        return {"type": "string", "format": "date-time"}


class NameSchema(OpenApiSerializerFieldExtension):
    """Names. Those of catalog entries are a component of their own, which says what each means."""

    target_class = NameField
    match_subclasses = True

    def get_name(self) -> str | None:
        return None if type(self.target) is NameField else _component_name(self.target)

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        entries = self.target.entries
        if self.get_name() is None:
            # drf-spectacular adds null to the types and not to the names.
            null = [None] if self.target.allow_null else []
            return {"type": "string", "enum": [*entries, *null]}
        return {
            "type": "string",
            "enum": list(entries),
            "description": "\n".join(f"* `{name}`: {entry.help}" for name, entry in entries.items()),
            # A convention of documentation tools; our page reads it too.
            "x-enumDescriptions": {name: entry.help for name, entry in entries.items()},
        }


class ListSchema(OpenApiSerializerFieldExtension):
    target_class = ListField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        items = auto_schema._map_serializer_field(self.target.child, direction)
        return {"type": "array", "items": items, "maxItems": self.target.maximum}


class TaggedUnionSchema(OpenApiSerializerFieldExtension):
    """A component of its own, with one for each form."""

    target_class = TaggedUnion
    match_subclasses = True

    def get_name(self) -> str:
        return _component_name(self.target)

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        references = {
            name: auto_schema.resolve_serializer(form, direction).ref["$ref"]
            for name, form in self.target.forms.items()
        }
        return {
            "description": "An object whose `kind` says which other fields it has.",
            "oneOf": [{"$ref": reference} for reference in dict.fromkeys(references.values())],
            "discriminator": {"propertyName": "kind", "mapping": references},
        }


class FormSchema(OpenApiSerializerExtension):
    """An object that has its fields and no others."""

    target_class = Form
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: str) -> Schema:
        fields = self.target.fields
        properties = {
            name: auto_schema._map_serializer_field(field, direction) for name, field in fields.items()
        }
        for name, field in fields.items():
            # drf-spectacular leaves out defaults that are made anew for every request.
            if field.default is not empty and callable(field.default):
                properties[name]["default"] = field.to_representation(field.default())
        return {
            "type": "object",
            "description": type(self.target).__doc__,
            "properties": properties,
            "required": [name for name, field in fields.items() if field.required],
            "additionalProperties": False,
        }


class KeySchemes(OpenApiAuthenticationExtension):
    """Any one of the ways to present a key."""

    target_class = ProjectKeyAuthentication
    name = ["Bearer", "X-API-Key", "Api-Key"]

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[str]]]:
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[Schema]:
        return [
            {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer <key>`"},
            {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "`X-API-Key: <key>`"},
            {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "`Authorization: Api-Key <key>`: give the word, a space and the key.",
            },
        ]
