"""Conversations turn by turn: in memory there is never more than a portion of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Count, Max, Min, Sum
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from interactions.models import DimensionKind, Interaction, InteractionLabel, InteractionQuerySet

# How many turns are in memory at once: few enough for texts of a megabyte each. A conversation of so many
# is read in one piece, which is nearly all of them.
PORTION = 100

_COLUMNS = (
    "public_id", "started_at", "ended_at", "text__input", "text__output", "text__user_query", "topic__value",
    "sentiment",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Turn:
    """What is shown of an interaction as part of its conversation; in the order of `_COLUMNS`."""

    public_id: UUID
    started_at: datetime
    ended_at: datetime | None
    input: str
    output: str
    user_query: str | None
    topic: str | None
    sentiment: float | None


@dataclass(frozen=True, kw_only=True)
class ConversationSummary:
    """What is said of a conversation as a whole. cost_microusd: None when no cost is known."""

    n_interactions: int
    start: datetime
    end: datetime | None
    cost_microusd: int | None
    tags: dict[str, str]
    emotions: list[str]


def keys_in_order(interactions: InteractionQuerySet) -> list[int]:
    """The keys of a conversation, which are all of it that is read at once."""
    return list(interactions.order_by("started_at", "id").values_list("id", flat=True))


def read_portions(project_id: int, keys: Sequence[int]) -> Iterator[list[Turn]]:
    """Yield the turns in the order of their keys, a portion at a time, each of one moment.

    What is deleted while the portions before it are sent does not come.
    """
    interactions = Interaction.objects.for_project(project_id)
    for start in range(0, len(keys), PORTION):
        portion = keys[start : start + PORTION]
        rows = interactions.filter(id__in=portion).values_list("id", *_COLUMNS)
        turns = {pk: Turn(*values) for pk, *values in rows}
        yield [turns[pk] for pk in portion if pk in turns]


def summarise(interactions: InteractionQuerySet) -> ConversationSummary | None:
    """The summary of a conversation; None when it has no interactions."""
    numbers = interactions.aggregate(
        n=Count("id"), start=Min("started_at"), end=Max("ended_at"), cost=Sum("cost_microusd")
    )
    if not numbers["n"]:
        return None
    labels = InteractionLabel.objects.filter(interaction__in=interactions)
    tags = labels.filter(dimension__kind=DimensionKind.TAG).order_by(
        "interaction__started_at", "interaction_id"
    )
    emotions = labels.filter(dimension__kind=DimensionKind.EMOTION).values_list("label__value", flat=True)
    return ConversationSummary(
        n_interactions=numbers["n"],
        start=numbers["start"],
        end=numbers["end"],
        # PostgreSQL's sums of 64-bit numbers are decimals.
        cost_microusd=None if numbers["cost"] is None else int(numbers["cost"]),
        # Of a key, the last value stays.
        tags=dict(tags.values_list("dimension__key", "label__value").iterator()),
        # Sorted here, not by the database: its order of text depends on the locale.
        emotions=sorted(emotions.distinct()),
    )


def answer_with_turns(
    head: Mapping[str, Any], project_id: int, keys: Sequence[int], shape: Callable[[Turn], dict[str, Any]]
) -> HttpResponseBase:
    """`head` as JSON, with the turns as its `conversation`; a long one is sent while it is read.

    Call it in a snapshot, of which then at least the head and the first portion are.
    """
    portions = (list(map(shape, turns)) for turns in read_portions(project_id, keys))
    # While the status can still say that something is wrong.
    first = next(portions, [])
    response = HttpResponse if len(keys) <= PORTION else StreamingHttpResponse
    return response(_json(head, chain([first], portions)), content_type="application/json")


def _json(head: Mapping[str, Any], portions: Iterable[list[dict[str, Any]]]) -> Iterator[bytes]:
    """Cut off, it is no JSON, so that nobody takes a part for the whole."""
    yield orjson.dumps(head).removesuffix(b"}") + b',"conversation":['
    separator = b""
    for turns in filter(None, portions):
        # At once: turn by turn, orjson's buffers would take many times what they are cut to.
        yield separator + orjson.dumps(turns)[1:-1]
        separator = b","
    yield b"]}"
