"""One interaction as it arrives: the flat form of the contract's import lines, checked."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Annotated, Any, NamedTuple, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from interactions.models import FeedbackSlug
from interactions.models.interaction import MAX_DURATION_DAYS

from .values import (
    MAX_LABELS,
    Cost,
    Count,
    Flag,
    JsonDocument,
    Moment,
    Rating,
    RequiredWord,
    Sentiment,
    Tags,
    Text,
    Word,
    Words,
    is_storable,
    repaired_json,
)

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


class Checked(BaseModel):
    """What is read of an object that a client sent."""

    # Unknown keys are ignored: clients send many (contract 1). The words below a field describe it,
    # here and in the documents made from it.
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class NewFeedback(Checked):
    """One feedback action on the interaction that carries it."""

    slug: FeedbackSlug
    """What the user did."""
    timestamp: Moment | None = None
    """When; without it, when the interaction ended."""
    text: Text | None = None
    """What was written, copied or pasted."""
    value: Rating | None = None
    """Of a rating, which needs one: 1 to 5."""

    @model_validator(mode="after")
    def _rating_has_a_value(self) -> Self:
        if self.slug == FeedbackSlug.RATING and self.value is None:
            raise PydanticCustomError("value_error", "a rating needs a value from 1 to 5")
        return self


class ModelCall(Checked):
    """One call of a model, of several that an interaction took."""

    model: str | None = None
    """The model called."""
    input_tokens: Count | None = None
    """Tokens read."""
    output_tokens: Count | None = None
    """Tokens written."""


class NewInteraction(Checked):
    """An interaction in the contract's flat form; None and absent mean the same.

    Times are aware UTC. `cost` is in micro-dollars. `end_user` may be None only for sources
    that know no user: `parse_interaction` requires it.
    """

    id: UUID | None = None
    """A UUID of yours. Without it, what is the same in user, conversation, start and texts is the same."""
    conversation_id: Word = None
    """What belongs together."""
    end_user: Word = None
    """Who asked."""
    end_user_group_profile: Word = None
    """Their group, a cohort; the last one given is the user's."""
    time_start: Moment
    """When it started."""
    time_end: Moment | None = None
    """When it ended."""
    input: Text
    """What the user wrote."""
    output: Text
    """What was answered."""
    model: Word = None
    """The model that answered."""
    input_tokens: Count | None = None
    """Tokens read."""
    output_tokens: Count | None = None
    """Tokens written."""
    model_calls: Annotated[list[ModelCall] | None, Field(max_length=MAX_LABELS)] = None
    """Where the tokens are sums: the calls, each of which has the price of its own model and size."""
    cost: Cost | None = None
    """In micro-dollars. Without it, it is computed from model and tokens, where the price is known."""
    language: Word = None
    """The language of the user's message."""
    tags: Tags | None = None
    """`{"plan": "pro"}`: any, by key."""
    intent: Word = None
    """What the user wanted."""
    topic: Word = None
    """What it is about."""
    negative_intent: Word = None
    """What the user complained of."""
    type_of_problem: Word = None
    """The kind of problem met."""
    keywords: Words | None = None
    """Labels, any number."""
    data_sources: Words | None = None
    """The sources the answer was built on."""
    emotions: Words | None = None
    """Emotions, any number."""
    feature_flags: Words | None = None
    """Feature flags that were on."""
    sentiment: Sentiment | None = None
    """From -1 to 1."""
    user_query: Text | None = None
    """What was asked, in the application's words."""
    warning_message: Text | None = None
    """What the application warned of."""
    negative_intent_message: Text | None = None
    """The complaint, in words."""
    feedback_actions: Annotated[list[NewFeedback] | None, Field(max_length=MAX_LABELS)] = None
    """What the user did with the answer."""
    history: JsonDocument = None
    """What was said before: `[["user", "assistant"], ...]`."""
    messages: JsonDocument = None
    """What the model was sent: `[{"role", "content"}, ...]`."""
    traces: JsonDocument = None
    """Calls made for the answer: of models, retrievals, embeddings."""
    hide_content: Flag | None = None
    """Keep neither input, output, history and messages, nor the texts of traces."""
    pii_removed: bool | None = None
    """Set by exports: the texts were masked when they were first recorded."""

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


class ImportLine(NewInteraction):
    """What contract 10 requires of a line beyond what can be stored."""

    end_user: RequiredWord
    """Who asked."""
    time_end: Moment
    """When it ended."""


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
    return checked(ImportLine, raw)


def checked(model: type[Model], raw: Mapping[str, Any]) -> Model:
    """An object as the model has it. Raises InvalidInteraction with all its problems."""
    if not is_storable(raw):
        # One that is nested too deep to be repaired is refused for that.
        with suppress(RecursionError):
            raw = repaired_json(raw)
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
