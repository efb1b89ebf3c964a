"""The spans that make one interaction, and that interaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import orjson

from interactions.models import DimensionKind, Interaction, KnownSpan, SpanRole

from .merging import merge_feedback
from .new_interaction import NewInteraction
from .record import build_records
from .records import InteractionRecord
from .tracing import NewSpan, Place, SpanKey
from .transactions import read_locked

# More would make one row that is long, and written anew for every piece of its trace.
MAX_SPANS_BELOW = 1000

Content = Mapping[str, Any]
# Makes the interaction of a span. span id, contents by their start, what is known above it
# -> the interaction; raises InvalidInteraction.
Assemble = Callable[[str, Sequence[Content], Content], NewInteraction]


def interaction_id(key: SpanKey) -> UUID:
    """The id of the interaction that a span makes: the same whenever it is sent."""
    return uuid5(NAMESPACE_OID, f"{key.trace_id}/{key.span_id}")


@dataclass(frozen=True, kw_only=True, slots=True)
class MaskedSpan:
    """has_pii: something in its texts was masked."""

    span: NewSpan
    has_pii: bool


@dataclass(kw_only=True, slots=True)
class Group:
    """The spans of one interaction.

    contents: by span id. taken_in: interactions that calls below it were, with their primary keys.
    waiting: rows whose content is among them. new: the spans that have just come.
    """

    contents: dict[str, Content] = field(default_factory=dict)
    taken_in: dict[int, tuple[SpanKey, InteractionRecord]] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)
    new: list[SpanKey] = field(default_factory=list)
    has_pii: bool = False


def gather(
    using: str,
    project_id: int,
    placed: Mapping[SpanKey, Place],
    placed_before: Mapping[SpanKey, Place],
    known: Mapping[SpanKey, KnownSpan],
    new: Mapping[SpanKey, MaskedSpan],
) -> tuple[dict[SpanKey, Group], dict[SpanKey, str]]:
    """The groups that something new belongs to, by their call, and the spans there is no room for."""
    groups = {place.call: Group() for place in placed.values() if place.call and place.is_touched}
    were_one = {key for key, place in placed_before.items() if place.call == key}
    calls = {key for key in were_one | groups.keys() if placed[key].call in groups}
    _add_stored(using, project_id, groups, {key: placed[key].call for key in calls})
    _add_waiting(groups, placed, {key: row for key, row in known.items() if key not in new})
    return groups, _add_new(groups, placed, new)


def _add_stored(
    using: str, project_id: int, groups: Mapping[SpanKey, Group], calls: Mapping[SpanKey, SpanKey]
) -> None:
    """calls: those that are or were interactions, with the call that each belongs to."""
    if not calls:
        return
    by_id = {interaction_id(key): key for key in calls}
    rows = Interaction.objects.using(using).for_project(project_id).filter(public_id__in=list(by_id))
    for pk, record in read_locked(using, list(rows.values_list("pk", flat=True))).items():
        key = by_id[record.public_id]
        group = groups[calls[key]]
        group.contents |= {trace["span_id"]: trace for trace in record.trace_objects if _is_content(trace)}
        if key != calls[key]:
            group.taken_in[pk] = key, record


def _add_waiting(
    groups: Mapping[SpanKey, Group], placed: Mapping[SpanKey, Place], known: Mapping[SpanKey, KnownSpan]
) -> None:
    for key, row in known.items():
        group = groups.get(placed[key].call)
        if group and row.role == SpanRole.STEP and row.content:
            group.contents[key.span_id] = orjson.loads(row.content)
            group.waiting.append(row.pk)
            group.has_pii |= row.has_pii


def _add_new(
    groups: Mapping[SpanKey, Group], placed: Mapping[SpanKey, Place], new: Mapping[SpanKey, MaskedSpan]
) -> dict[SpanKey, str]:
    """-> why there is no room for some"""
    refused = {}
    for key, masked in new.items():
        call = placed[key].call
        if call is None or masked.span.role == SpanRole.OTHER:
            continue
        group = groups[call]
        n_below = len(group.contents) - (call.span_id in group.contents)
        if key != call and key.span_id not in group.contents and n_below >= MAX_SPANS_BELOW:
            refused[key] = f"its interaction has {MAX_SPANS_BELOW} spans below it already"
            continue
        group.contents[key.span_id] = masked.span.content
        group.new.append(key)
        group.has_pii |= masked.has_pii
    return refused


def _is_content(trace: Content) -> bool:
    """Whether it came from a span; traces of other forms may have been sent with the interaction's id."""
    return all(isinstance(trace.get(name), str) for name in ("span_id", "time_start"))


def merged_record(
    project_id: int, call: SpanKey, group: Group, placed: Mapping[SpanKey, Place], assemble: Assemble
) -> InteractionRecord:
    """What is to be stored of a group. Raises InvalidInteraction."""
    contents = [_beneath(call.trace_id, content, placed) for content in group.contents.values()]
    contents.sort(key=lambda content: (content["time_start"], content["span_id"]))
    item = assemble(call.span_id, contents, placed[call].known_above)
    item = item.model_copy(update={"id": interaction_id(call), "pii_removed": group.has_pii or None})
    # Masked span by span when they came.
    (record,) = build_records(project_id, [item], anonymize=False)
    for key, taken_in in group.taken_in.values():
        own = group.contents.get(key.span_id)
        own_tags = own and assemble(key.span_id, [own], {}).tags
        record = _with_word_of_others(record, taken_in, own_tags or {})
    return record if record.input or record.output else _without_texts(project_id, record)


def _with_word_of_others(
    record: InteractionRecord, taken_in: InteractionRecord, own_tags: Collection[str]
) -> InteractionRecord:
    """The record with the feedback and tags that came for an interaction that is now part of it."""
    tags = {
        (kind, tag): values
        for (kind, tag), values in taken_in.many_labels.items()
        if kind == DimensionKind.TAG and tag not in own_tags
    }
    return replace(
        record,
        many_labels=tags | record.many_labels,
        feedback=merge_feedback(record.feedback, taken_in.feedback),
        has_pii=record.has_pii or taken_in.has_pii,
    )


def _without_texts(project_id: int, record: InteractionRecord) -> InteractionRecord:
    """Most clients send none: the id alone tells one such interaction from another at the same time."""
    return replace(record, fingerprint=uuid5(record.public_id, str(project_id)), hides_content=True)


def _beneath(trace_id: str, content: Content, placed: Mapping[SpanKey, Place]) -> Content:
    """The content with the call or step it lies beneath, whatever other spans lie between."""
    place = placed.get(SpanKey(trace_id, content["span_id"]))
    if place is None:
        return content
    return {**content, "parent_span_id": place.above and place.above.span_id}
