"""The schemas of the document in words: fields, kinds and names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from analytics_api.serializers.fields import MAX_INTEGER

from .document import document
from .schemas import Schema


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a body, or a field of a field: `time_range.start`, `data[].group_name`.

    type: in words. section: the name of the component that says more; None when the words say all.
    default: as JSON; None when there is none.
    """

    name: str
    type: str
    section: str | None
    is_required: bool
    default: str | None
    description: str


@dataclass(frozen=True, kw_only=True)
class Kind:
    """names: the kind, then its aliases."""

    names: list[str]
    description: str


@dataclass(frozen=True, kw_only=True)
class Family:
    """Kinds that have the same fields of their own."""

    kinds: list[Kind]
    fields: list[Field]


@dataclass(frozen=True, kw_only=True)
class Union:
    """Objects told apart by `kind`. fields: those that every kind has."""

    name: str
    description: str
    fields: list[Field]
    families: list[Family]


@dataclass(frozen=True, kw_only=True)
class Enumeration:
    """Names with what each means."""

    name: str
    members: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Object:
    """An object that is part of several bodies or answers. is_sent: of bodies."""

    name: str
    description: str
    is_sent: bool
    fields: list[Field]


def read_objects() -> list[Object]:
    return [
        Object(
            name=name,
            description=schema["description"],
            is_sent=schema["x-ownSection"] == "sent",
            fields=list(read_fields(schema)),
        )
        for name, schema in _schemas().items()
        if _has_own_section(schema)
    ]


def read_unions() -> list[Union]:
    return [_union(name, schema) for name, schema in _schemas().items() if _is_union(schema)]


def read_enumerations() -> list[Enumeration]:
    return [
        Enumeration(name=name, members=schema["x-enumDescriptions"])
        for name, schema in _schemas().items()
        if _is_enumeration(schema)
    ]


def follow(reference: Schema) -> Schema:
    """{"$ref": "#/components/schemas/Filter"} -> that schema"""
    found = document()
    for key in reference["$ref"].removeprefix("#/").split("/"):
        found = found[key]
    return found


def read_fields(schema: Schema, prefix: str = "") -> Iterator[Field]:
    """The fields of an object, or of those in a list, each followed by those of the objects in it."""
    if "items" in schema:
        yield from read_fields(_target(schema["items"])[0], f"{prefix}[].")
        return
    own, *others = schema.get("allOf", [schema])
    for name, given in own["properties"].items():
        is_required = name in own.get("required", ())
        words, section = _type(given, is_required)
        target, _ = _target(given)
        yield Field(
            name=f"{prefix}{name}",
            type=words,
            section=section,
            is_required=is_required,
            default=json.dumps(given["default"]) if "default" in given else None,
            description=given.get("description", "" if section else target.get("description", "")),
        )
        place = f"{prefix}{name}"
        if _is_mapping(target):
            target, _ = _target(target["additionalProperties"])
            place += ".*"
        if "items" in target:
            target, _ = _target(target["items"])
            place += "[]"
        if ("properties" in target or "allOf" in target) and not _has_own_section(target):
            yield from read_fields(target, f"{place}.")
    for other in others:
        _, section = _target(other)
        yield Field(
            name=f"{prefix}…",
            type=section,
            section=section,
            is_required=False,
            default=None,
            description=f"And the fields of `{section}`.",
        )


def _target(schema: Schema) -> tuple[Schema, str | None]:
    """The component a schema refers to and its name; the schema itself when it refers to none."""
    # What is made of several things is no reference to one of them.
    wrapped = schema.get("allOf", ()) if len(schema.get("allOf", ())) == 1 else schema.get("oneOf", ())
    for place in (schema, *wrapped):
        if "$ref" in place:
            return follow(place), place["$ref"].rpartition("/")[2]
    return schema, None


def in_words(schema: Schema) -> str:
    return _type(schema, True)[0]


def _type(schema: Schema, is_required: bool) -> tuple[str, str | None]:
    """-> words, and the component that says more

    The null that an optional field accepts is not mentioned: it means the same as absent.
    """
    target, component = _target(schema)
    if _is_union(target) or _is_enumeration(target) or _has_own_section(target):
        return component, component
    if "type" not in target:
        return "object" if "allOf" in target else "anything", None
    types = [target["type"]] if isinstance(target["type"], str) else target["type"]
    if "items" in target:
        words, section = _type(target["items"], True)
        most = f", at most {target['maxItems']}" if "maxItems" in target else ""
        return f"list of {words}{most}", section
    if _is_mapping(target):
        words, section = _type(target["additionalProperties"], True)
        return f"object of {words}", section
    named = [_word(type, target) for type in types if is_required or type != "null"]
    return " or ".join(named) or "null", None


def _word(type: str, schema: Schema) -> str:
    if type == "null":
        return type
    if "enum" in schema:
        return " or ".join(f"`{name}`" for name in schema["enum"] if name is not None)
    if "const" in schema:
        return f"`{schema['const']}`"
    if "maximum" in schema:
        bound = f" to {schema['maximum']}" if schema["maximum"] < MAX_INTEGER else " or more"
        return f"{type}, {schema['minimum']}{bound}"
    return {"boolean": "true or false"}.get(type, schema.get("format", type))


def _union(name: str, union: Schema) -> Union:
    forms = [follow(reference) for reference in union["oneOf"]]
    shared = {
        field: schema
        for field, schema in forms[0]["properties"].items()
        if all(form["properties"].get(field) == schema for form in forms)
    }
    families: dict[str, Family] = {}
    for form in forms:
        own = {field: schema for field, schema in form["properties"].items() if field not in shared}
        kind = own.pop("kind")
        fields = list(read_fields({"properties": own, "required": form["required"]}))
        family = families.setdefault(json.dumps(own), Family(kinds=[], fields=fields))
        family.kinds.append(Kind(names=kind["enum"], description=form["description"]))
    return Union(
        name=name,
        description=union["description"],
        fields=list(read_fields({"properties": shared, "required": forms[0]["required"]})),
        families=list(families.values()),
    )


def _schemas() -> dict[str, Schema]:
    return document()["components"]["schemas"]


def _is_union(schema: Schema) -> bool:
    return "discriminator" in schema


def _is_mapping(schema: Schema) -> bool:
    """An object whose keys are free, and whose values are alike."""
    return isinstance(schema.get("additionalProperties"), dict) and "properties" not in schema


def _has_own_section(schema: Schema) -> bool:
    return "x-ownSection" in schema


def _is_enumeration(schema: Schema) -> bool:
    return "x-enumDescriptions" in schema
