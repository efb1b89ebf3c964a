"""The values that an interaction is made of: repaired where that loses nothing, refused where it would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from interactions.models import MAX_WORD_CHARS
from interactions.models.interaction import MAX_COST_MICROUSD, MAX_TOKENS
from interactions.times import parse_utc

# More than any real interaction carries; keeps one line from writing a million rows.
MAX_LABELS = 1000


def _repaired(value: Any) -> Any:
    """Replace what no database stores: NUL, and halves of surrogate pairs cut by a client."""
    if isinstance(value, str):
        if "\x00" in value:
            value = value.replace("\x00", "\ufffd")
        if not value.isascii():
            value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value


def is_storable(raw: Any) -> bool:
    """Whether nothing needs repair: almost always, and found many times faster than string by string."""
    try:
        return b"\\u0000" not in orjson.dumps(raw)
    except TypeError:
        # Half a surrogate pair, or what the encoder does not know and cannot vouch for.
        return False


def _storable_json(value: Any) -> Any:
    """Refuse what JSON cannot say."""
    if value is None:
        return []
    try:
        # The encoder goes 254 levels deep. Four are for the lines and replies this will be part of.
        text = orjson.dumps([[[[value]]]])
    except TypeError:
        raise PydanticCustomError("value_error", "expected JSON, nested at most 250 levels deep") from None
    return orjson.loads(text)[0][0][0][0]


def repaired_json(value: Any) -> Any:
    """A copy of a decoded JSON document that a database can store. Raises RecursionError."""
    if isinstance(value, Mapping):
        return {_repaired(key): repaired_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [repaired_json(item) for item in value]
    return _repaired(value)


def _utc(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return parse_utc(value)
        except ValueError as error:
            raise PydanticCustomError("datetime_parsing", "{reason}", {"reason": str(error)}) from None
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    raise PydanticCustomError("datetime_parsing", "expected a date-time as a string")


def _whole(value: Any) -> Any:
    """Costs arrive as fractions of a micro-dollar from some clients; the nearest one is stored."""
    if isinstance(value, float) and -1e18 < value < 1e18:
        return round(value)
    return _no_boolean(value)


def _no_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "expected a whole number, not a boolean")
    return value


def _tag_values(value: Any) -> Any:
    """Tag values as text: numbers and booleans as JSON writes them, nulls and empty keys dropped."""
    if not isinstance(value, Mapping):
        return value
    # Not by orjson, which writes NaN as null and takes no number over 64 bits.
    return {
        key: json.dumps(item, allow_nan=False) if isinstance(item, bool | int | float) else item
        for key, item in value.items()
        if key and item is not None and item != ""
    }


def _distinct_words(value: Any) -> Any:
    """Labels without repetition, nulls and empty ones, in the order given."""
    if not isinstance(value, list) or not all(item is None or isinstance(item, str) for item in value):
        return value
    return list(dict.fromkeys(filter(None, value)))


def _absent_when_empty(value: Any) -> Any:
    return None if value == "" else value


Text = str
RequiredWord = Annotated[str, Field(min_length=1, max_length=MAX_WORD_CHARS)]
Word = Annotated[RequiredWord | None, BeforeValidator(_absent_when_empty)]
Words = Annotated[list[RequiredWord], Field(max_length=MAX_LABELS), BeforeValidator(_distinct_words)]
Tags = Annotated[dict[RequiredWord, RequiredWord], Field(max_length=MAX_LABELS), BeforeValidator(_tag_values)]
Flag = Annotated[bool, Field(strict=True)]
Moment = Annotated[datetime, BeforeValidator(_utc)]
Count = Annotated[int, BeforeValidator(_no_boolean), Field(ge=0, le=MAX_TOKENS)]
Cost = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=MAX_COST_MICROUSD)]
Rating = Annotated[int, BeforeValidator(_no_boolean), Field(ge=1, le=5)]
Sentiment = Annotated[float, Field(ge=-1, le=1)]
JsonDocument = Annotated[Any, AfterValidator(_storable_json)]
