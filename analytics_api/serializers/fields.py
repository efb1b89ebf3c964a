"""Fields that accept what the contract accepts and refuse in its vocabulary.

In all of them null means absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Self

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import empty

from analytics_api.query.refusals import Place
from interactions.times import parse_utc

# 64 bits: what the database's limits and offsets are.
MAX_INTEGER = 2**63 - 1
# Far more than a person picks from a list; keeps a statement's parameters within SQLite's limit.
MAX_VALUES = 1000
MAX_STRING_CHARS = 10_000
# Suggestions are for people; an object of a hundred unknown keys was not written by one.
MAX_UNKNOWN_KEYS = 100
# Twenty digits are beyond every bound; a million would be slow to read.
_DIGITS = re.compile(r"[+-]?[0-9]{1,20}")


def refusal(msg: str, code: str) -> ValidationError:
    """One reason; `code` is the contract's `type`."""
    return ValidationError([ErrorDetail(msg, code=code)])


def nearest(name: str, known: Iterable[str]) -> str:
    """How to go on after an unknown name: the nearest known one, then all."""
    known = list(dict.fromkeys(known))
    close = get_close_matches(name[:100], known, n=1, cutoff=0.6)
    return f"{f'Did you mean {close[0]!r}? ' if close else ''}Known: {', '.join(known)}."


class NullIsAbsent(serializers.Field):
    """Mixed into every field: null gives the default, or `missing` when there is none."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        try:
            return super().validate_empty_values(empty if data is None else data)
        except ValidationError:
            raise refusal("a value is required", "missing") from None


class StringField(NullIsAbsent):
    """Any text but what no database stores."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise refusal("expected a string", "string_type")
        if "\x00" in data:
            raise refusal("may not contain NUL characters", "value_error")
        if len(data) > MAX_STRING_CHARS:
            raise refusal(f"at most {MAX_STRING_CHARS} characters are accepted", "value_error")
        return data

    def to_representation(self, value: str) -> str:
        return value


class BooleanField(NullIsAbsent):
    """true or false, and nothing that only looks like it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise refusal("expected true or false", "bool_type")
        return data

    def to_representation(self, value: bool) -> bool:
        return value


class JSONField(NullIsAbsent):
    """Anything."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class NullField(NullIsAbsent):
    """Accepted when null."""

    def to_internal_value(self, data: Any) -> None:
        raise refusal("only null is accepted", "value_error")

    def to_representation(self, value: None) -> None:
        return value


class IntegerField(NullIsAbsent):
    """A whole number between bounds; a string of digits will do."""

    def __init__(self, *, minimum: int, maximum: int = MAX_INTEGER, **kwargs: Any):
        super().__init__(**kwargs)
        self.minimum = minimum
        self.maximum = maximum

    def to_internal_value(self, data: Any) -> int:
        number = self._number(data)
        if number < self.minimum:
            raise refusal(f"expected {self.minimum} or more", "greater_than_equal")
        if number > self.maximum:
            raise refusal(f"expected {self.maximum} or less", "less_than_equal")
        return number

    def _number(self, data: Any) -> int:
        if isinstance(data, str):
            if not _DIGITS.fullmatch(data):
                raise refusal("expected a whole number", "int_parsing")
            return int(data)
        if isinstance(data, bool) or not isinstance(data, int | float) or data != data // 1:
            raise refusal("expected a whole number", "int_type")
        return int(data)

    def to_representation(self, value: int) -> int:
        return value


class DateTimeField(NullIsAbsent):
    """ISO 8601, as an aware UTC date-time."""

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str):
            raise refusal("expected a date-time as a string", "datetime_parsing")
        try:
            return parse_utc(data)
        except ValueError as error:
            raise refusal(str(error), "datetime_parsing") from None

    def to_representation(self, value: datetime) -> datetime:
        return value


class HoldsCatalog(NullIsAbsent):
    """A field with catalog entries among its arguments, which stay what they are."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # DRF copies the fields of a form with their arguments; copied entries are no longer the
        # catalog's.
        return type(self)(*self._args, **self._kwargs)


class NameField(HoldsCatalog):
    """A name out of a catalog; validated to its entry.

    entries: {"cost": <Ordering>, ...}. error_type: `enum` or `literal_error`.
    """

    def __init__(self, *, entries: Mapping[str, Any], error_type: str = "enum", **kwargs: Any):
        super().__init__(**kwargs)
        self.entries = entries
        self.error_type = error_type

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            raise refusal("expected a string", "string_type")
        if data not in self.entries:
            raise refusal(f"unknown name {data[:100]!r}. {nearest(data, self.entries)}", self.error_type)
        return self.entries[data]

    def to_representation(self, value: Any) -> str:
        return next(name for name, entry in self.entries.items() if entry == value)


class ListField(NullIsAbsent, serializers.ListField):
    """A list whose items are checked one by one; a null item is `missing`."""

    def __init__(self, *, maximum: int = MAX_VALUES, **kwargs: Any):
        super().__init__(**kwargs)
        self.maximum = maximum

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            raise refusal("expected a list", "list_type")
        if len(data) > self.maximum:
            raise refusal(f"{len(data)} items; at most {self.maximum} are accepted", "value_error")
        return self.run_child_validation(data)


class Form(NullIsAbsent, serializers.Serializer):
    """An object whose every key is known; collects all its errors.

    Keeps nothing between validations, so one instance serves all requests.
    """

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise refusal("expected an object", "value_error")
        values: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for name, field in self.fields.items():
            try:
                values[name] = field.run_validation(data.get(name, empty))
            except ValidationError as error:
                errors[name] = error.detail
            except serializers.SkipField:
                values[name] = None
        errors |= self._unknown_keys(data)
        for place, reason in self.check(values):
            _add_reason(errors, place, reason)
        if errors:
            raise ValidationError(errors)
        return self.validated(values)

    def _unknown_keys(self, data: Mapping[str, Any]) -> dict[str | None, list[ErrorDetail]]:
        unknown = [key for key in data if key not in self.fields]
        if len(unknown) > MAX_UNKNOWN_KEYS:
            msg = f"{len(unknown)} unknown fields. Known: {', '.join(self.fields)}."
            return {WHOLE: [ErrorDetail(msg, code="extra_forbidden")]}
        return {
            key: [ErrorDetail(f"unknown field. {nearest(key, self.fields)}", code="extra_forbidden")]
            for key in unknown
        }

    def check(self, values: Mapping[str, Any]) -> Iterable[tuple[Place, ErrorDetail]]:
        """What is wrong with the fields together; those that are wrong alone are not in `values`.

        A reason at the place () is about the object as a whole.
        """
        return ()

    def validated(self, values: dict[str, Any]) -> Any:
        """What the object becomes when nothing is wrong with it."""
        return values

    def run_validation(self, data: Any = empty) -> Any:
        is_empty, value = self.validate_empty_values(data)
        return value if is_empty else self.to_internal_value(value)


# Where reasons about an object as a whole stand in DRF's nested errors; no key of JSON is None.
WHOLE = None


def _add_reason(errors: dict[Any, Any], place: Place, reason: ErrorDetail) -> None:
    for key in place:
        inner = errors.setdefault(key, {})
        if isinstance(inner, list):
            # Reasons about this object stand here, and now there is one about something in it.
            inner = errors[key] = {WHOLE: inner}
        errors = inner
    errors.setdefault(WHOLE, []).append(reason)


class TaggedUnion(HoldsCatalog):
    """An object whose `kind` says which form it has.

    forms: {"topic": <Form>, ...}, every accepted name. Validated to what the form makes of it.
    """

    def __init__(self, *, forms: Mapping[str, Form], **kwargs: Any):
        super().__init__(**kwargs)
        self.forms = forms

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise refusal("expected an object", "value_error")
        kind = data.get("kind")
        if kind is None:
            msg = f"a kind is required. Known: {', '.join(self.forms)}."
            raise ValidationError({"kind": [ErrorDetail(msg, code="union_tag_not_found")]})
        if not isinstance(kind, str) or kind not in self.forms:
            # Only strings are shown: to write out anything else takes as long as a client likes.
            unknown = f"unknown kind {kind[:100]!r}. " if isinstance(kind, str) else "expected a string. "
            msg = f"{unknown}{nearest(kind if isinstance(kind, str) else '', self.forms)}"
            raise ValidationError({"kind": [ErrorDetail(msg, code="union_tag_invalid")]})
        return self.forms[kind].run_validation(data)

    def to_representation(self, value: Any) -> Any:
        return value
