"""Forms and names of what can be asked, made from the catalog's entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rest_framework import serializers

from analytics_api.catalog import (
    DIMENSIONS,
    FILTERS,
    METRICS,
    ORDERINGS,
    Dimension,
    FilterKind,
    Parameter,
    ParameterType,
)
from analytics_api.catalog.asked import AskedFilter, AskedGroup

from .fields import BooleanField, Form, ListField, NameField, NullField, StringField, TaggedUnion

_FIELDS: dict[ParameterType, Callable[..., serializers.Field]] = {
    ParameterType.BOOLEAN: lambda choices, **options: BooleanField(**options),
    ParameterType.BOOLEANS: lambda choices, **options: ListField(child=BooleanField(), **options),
    ParameterType.STRING: lambda choices, **options: StringField(**options),
    ParameterType.STRINGS: lambda choices, **options: ListField(child=StringField(), **options),
    ParameterType.CHOICES: lambda choices, **options: ListField(
        child=NameField(entries={choice: choice for choice in choices}), **options
    ),
    ParameterType.NULL: lambda choices, **options: NullField(**options),
}


def _field(parameter: Parameter) -> serializers.Field:
    options: dict[str, Any] = {"help_text": parameter.help}
    if not parameter.required:
        options |= {"required": False, "default": parameter.default, "allow_null": True}
    return _FIELDS[parameter.type](parameter.choices, **options)


class _EntryForm(Form):
    """An object with a known kind; becomes what was asked, with the entry."""

    entry: Any
    asked: type[AskedFilter] | type[AskedGroup]

    def validated(self, values: dict[str, Any]) -> AskedFilter | AskedGroup:
        return self.asked(entry=self.entry, kind=values.pop("kind"), options=values)


def _form(entry: FilterKind | Dimension, asked: type, suffix: str) -> Form:
    """The form of an entry, under whichever of its names it is asked for."""
    names = (entry.kind, *entry.aliases)
    return type(
        f"{''.join(word.capitalize() for word in entry.kind.split('_'))}{suffix}",
        (_EntryForm,),
        {
            "__doc__": entry.help,
            "entry": entry,
            "asked": asked,
            "kind": NameField(entries={name: name for name in names}, error_type="literal_error"),
            **{parameter.name: _field(parameter) for parameter in entry.parameters},
        },
    )()


def _forms(
    entries: Mapping[str, FilterKind] | Mapping[str, Dimension], asked: type, suffix: str
) -> dict[str, Form]:
    """{"topic": <TopicFilter>, ...}: every accepted name, with aliases sharing the form of their entry."""
    forms = {entry.kind: _form(entry, asked, suffix) for entry in entries.values()}
    return {name: forms[entry.kind] for name, entry in entries.items()}


FILTER_FORMS = _forms(FILTERS, AskedFilter, "Filter")
GROUP_FORMS = _forms(DIMENSIONS, AskedGroup, "GroupBy")


class FilterField(TaggedUnion):
    """One filter, validated to an AskedFilter."""

    def __init__(self, **kwargs: Any):
        super().__init__(forms=FILTER_FORMS, **kwargs)


class GroupByField(TaggedUnion):
    """One group-by, validated to an AskedGroup."""

    def __init__(self, **kwargs: Any):
        super().__init__(forms=GROUP_FORMS, **kwargs)


class VariableField(NameField):
    """The name of a variable, validated to its Metric."""

    def __init__(self, **kwargs: Any):
        super().__init__(entries=METRICS, **kwargs)


class OrderingField(NameField):
    """The name of what to order by, validated to its Ordering."""

    def __init__(self, **kwargs: Any):
        super().__init__(entries=ORDERINGS, **kwargs)
