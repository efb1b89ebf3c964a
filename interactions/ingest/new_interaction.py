"""One interaction as it arrives: the flat form of the contract's import lines, checked."""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple, Self, TypeVar
from uuid import UUID

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from interactions.models import MAX_WORD_CHARS, FeedbackSlug
from interactions.models.interaction import MAX_COST_MICROUSD, MAX_DURATION_DAYS, MAX_TOKENS
from interactions.times import parse_utc

# More than any real interaction carries; keeps one line from writing a million rows.
MAX_LABELS = 1000
# Longer keys are not shown whole in a reason.
_MAX_SHOWN_CHARS = 60


class Problem(NamedTuple):
    """One reason an interaction was refused, in the contract's terms."""

    loc: tuple[str | int, ...]
    type: str
    msg: str


class InvalidInteraction(ValueError):
    """Raised with every problem of the interaction."""

    def __init__(self, problems: list[Problem]):
        self.problems = problems
        super().__init__(
            "; ".join(f"{'.'.join(map(_shown, p.loc))}: {p.msg}" if p.loc else p.msg for p in problems)
        )


def _shown(part: str | int) -> str:
    """One step of a place. Keys are the client's, so they may be long or upset a terminal."""
    text = str(part)
    return text if len(text) <= _MAX_SHOWN_CHARS and text.isprintable() else reprlib.repr(text)


def _repaired(value: Any) -> Any:
    """Replace what no database stores: NUL, and halves of surrogate pairs cut by a client."""
    if isinstance(value, str):
        if "\x00" in value:
            value = value.replace("\x00", "\ufffd")
        if not value.isascii():
            value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value


def _storable_json(value: Any) -> Any:
    """Repair every string of a JSON document, and refuse what JSON cannot say."""
    if value is None:
        return []
    try:
        # The encoder goes 254 levels deep. Four are for the lines and replies this will be part of.
        text = orjson.dumps([[[[_repaired_deep(value)]]]])
    except (TypeError, RecursionError):
        raise PydanticCustomError("value_error", "expected JSON, nested at most 250 levels deep") from None
    return orjson.loads(text)[0][0][0][0]


def _repaired_deep(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_repaired(key): _repaired_deep(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_repaired_deep(item) for item in value]
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
    return list(dict.fromkeys(filter(None, map(_repaired, value))))


def _absent_when_empty(value: Any) -> Any:
    return None if value == "" else value


Text = Annotated[str, BeforeValidator(_repaired)]
RequiredWord = Annotated[str, Field(min_length=1, max_length=MAX_WORD_CHARS), BeforeValidator(_repaired)]
Word = Annotated[RequiredWord | None, BeforeValidator(_absent_when_empty)]
Words = Annotated[list[RequiredWord], Field(max_length=MAX_LABELS), BeforeValidator(_distinct_words)]
Tags = Annotated[dict[RequiredWord, RequiredWord], Field(max_length=MAX_LABELS), BeforeValidator(_tag_values)]
Flag = Annotated[bool, Field(strict=True)]
Moment = Annotated[datetime, BeforeValidator(_utc)]
Count = Annotated[int, BeforeValidator(_no_boolean), Field(ge=0, le=MAX_TOKENS)]
JsonDocument = Annotated[Any, AfterValidator(_storable_json)]


class Checked(BaseModel):
    """What is read of an object that a client sent."""

    # Unknown keys are ignored: clients send many (contract 1).
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class NewFeedback(Checked):
    """One feedback action on the interaction that carries it."""

    slug: FeedbackSlug
    timestamp: Moment | None = None
    text: Text | None = None
    value: Annotated[int | None, BeforeValidator(_no_boolean), Field(ge=1, le=5)] = None

    @model_validator(mode="after")
    def _rating_has_a_value(self) -> Self:
        if self.slug == FeedbackSlug.RATING and self.value is None:
            raise PydanticCustomError("value_error", "a rating needs a value from 1 to 5")
        return self


class NewInteraction(Checked):
    """An interaction in the contract's flat form; None and absent mean the same.

    Times are aware UTC. `cost` is in micro-dollars. `end_user` may be None only for sources
    that know no user: `parse_interaction` requires it.
    """

    id: UUID | None = None
    conversation_id: Word = None
    end_user: Word = None
    end_user_group_profile: Word = None
    time_start: Moment
    time_end: Moment | None = None
    input: Text
    output: Text
    model: Word = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cost: Annotated[int | None, BeforeValidator(_whole), Field(ge=0, le=MAX_COST_MICROUSD)] = None
    language: Word = None
    tags: Tags | None = None
    intent: Word = None
    topic: Word = None
    negative_intent: Word = None
    type_of_problem: Word = None
    keywords: Words | None = None
    data_sources: Words | None = None
    emotions: Words | None = None
    feature_flags: Words | None = None
    sentiment: Annotated[float | None, Field(ge=-1, le=1)] = None
    user_query: Text | None = None
    warning_message: Text | None = None
    negative_intent_message: Text | None = None
    feedback_actions: Annotated[list[NewFeedback] | None, Field(max_length=MAX_LABELS)] = None
    history: JsonDocument = None
    messages: JsonDocument = None
    traces: JsonDocument = None
    # Neither input nor output is to be stored.
    hide_content: Flag | None = None
    # Set by exports: the texts were masked when they were first recorded.
    pii_removed: bool | None = None

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.time_end is not None:
            if self.time_end < self.time_start:
                raise PydanticCustomError("value_error", "time_end lies before time_start")
            if self.time_end - self.time_start > timedelta(days=MAX_DURATION_DAYS):
                raise PydanticCustomError(
                    "value_error", f"time_end lies more than {MAX_DURATION_DAYS} days after time_start"
                )
        return self


class _ImportLine(NewInteraction):
    """What contract 10 requires of a line beyond what can be stored."""

    end_user: RequiredWord
    time_end: Moment


# What pydantic says, in the contract's vocabulary; anything else is a value_error.
_CONTRACT_TYPES = {
    name: name
    for name in (
        "missing", "string_type", "int_parsing", "int_type", "bool_type", "list_type", "datetime_parsing",
        "greater_than_equal", "less_than_equal", "enum", "uuid_parsing", "value_error",
    )
} | {"int_from_float": "int_type", "bool_parsing": "bool_type", "uuid_type": "uuid_parsing"}  # fmt: skip


Model = TypeVar("Model", bound=BaseModel)


def parse_interaction(raw: Mapping[str, Any]) -> NewInteraction:
    """Check one line of contract 10, already decoded from JSON.

    raw: {"end_user": "ada", "time_start": "2024-03-06T15:07:25Z", "input": "Hi", ...}
    Raises InvalidInteraction with all its problems.
    """
    return checked(_ImportLine, raw)


def checked(model: type[Model], raw: Mapping[str, Any]) -> Model:
    """An object as the model has it. Raises InvalidInteraction with all its problems."""
    try:
        # Nulls mean absent, so that a null where a value is needed reads as missing.
        return model.model_validate({key: value for key, value in raw.items() if value is not None})
    except ValidationError as error:
        raise InvalidInteraction(
            [
                Problem(tuple(one["loc"]), _CONTRACT_TYPES.get(one["type"], "value_error"), one["msg"])
                for one in error.errors(include_url=False, include_input=False, include_context=False)
            ]
        ) from None
    except AttributeError:
        raise InvalidInteraction([Problem((), "value_error", "expected an object")]) from None
