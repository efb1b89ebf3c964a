"""The spans that make one interaction, and that interaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import orjson

from interactions.models import Interaction, KnownSpan, SpanRole

from .new_interaction import InvalidInteraction, NewInteraction
from .record import build_records
from .records import InteractionRecord, merge_record
from .tracing import NewSpan, Place, SpanKey
from .transactions import read_locked

# A longer trace would make one row that is written anew for every piece of it.
MAX_TRACES = 1000

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

    contents: by span id. earlier: the interactions that hold some of them, by primary key.
    waiting: rows whose content is among them. new: the spans that have just come.
    """

    contents: dict[str, Content] = field(default_factory=dict)
    earlier: dict[int, InteractionRecord] = field(default_factory=dict)
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
    owners = {interaction_id(call): call for call in groups}
    for key, place in placed_before.items():
        if place.call == key and placed[key].call in groups:
            owners[interaction_id(key)] = placed[key].call
    _add_earlier(using, project_id, groups, owners)
    for key, row in known.items():
        group = groups.get(placed[key].call)
        if group and row.role == SpanRole.STEP and row.content and key not in new:
            group.contents[key.span_id] = orjson.loads(row.content)
            group.waiting.append(row.pk)
            group.has_pii |= row.has_pii
    refused = {}
    for key, masked in new.items():
        call = placed[key].call
        if call is None or masked.span.role == SpanRole.OTHER:
            continue
        group = groups[call]
        if key != call and key.span_id not in group.contents and len(group.contents) >= MAX_TRACES:
            refused[key] = f"an interaction has at most {MAX_TRACES} spans"
            continue
        group.contents[key.span_id] = masked.span.content
        group.new.append(key)
        group.has_pii |= masked.has_pii
    return groups, refused


def _add_earlier(
    using: str, project_id: int, groups: Mapping[SpanKey, Group], owners: Mapping[UUID, SpanKey]
) -> None:
    if not owners:
        return
    rows = Interaction.objects.using(using).for_project(project_id).filter(public_id__in=list(owners))
    for pk, record in read_locked(using, list(rows.values_list("pk", flat=True))).items():
        group = groups[owners[record.public_id]]
        group.earlier[pk] = record
        group.contents |= {trace["span_id"]: trace for trace in record.traces if _is_content(trace)}


def _is_content(trace: Any) -> bool:
    """Whether it came from a span; traces of other forms may have been sent with the interaction's id."""
    return isinstance(trace, dict) and all(isinstance(trace.get(n), str) for n in ("span_id", "time_start"))


def merged_record(
    project_id: int, call: SpanKey, group: Group, placed: Mapping[SpanKey, Place], assemble: Assemble
) -> InteractionRecord | str:
    """What is to be stored of a group, or the reason why it cannot be."""
    contents = [_beneath(call.trace_id, content, placed) for content in group.contents.values()]
    contents.sort(key=lambda content: (content["time_start"], content["span_id"]))
    try:
        item = assemble(call.span_id, contents, placed[call].known_above)
    except InvalidInteraction as error:
        return str(error)
    item = item.model_copy(update={"id": interaction_id(call), "pii_removed": group.has_pii or None})
    # Masked span by span when they came.
    (record,) = build_records(project_id, [item], anonymize=False)
    for earlier in group.earlier.values():
        if earlier.public_id != record.public_id:
            # What others said of it, feedback and labels, is said of the whole.
            record = replace(merge_record(earlier, record), public_id=record.public_id)
    return record if record.input or record.output else _without_texts(project_id, record)


def _without_texts(project_id: int, record: InteractionRecord) -> InteractionRecord:
    """Most clients send none: the id alone tells one such interaction from another at the same time."""
    return replace(record, fingerprint=uuid5(record.public_id, str(project_id)), hides_content=True)


def _beneath(trace_id: str, content: Content, placed: Mapping[SpanKey, Place]) -> Content:
    """The content with the call or step it lies beneath, whatever other spans lie between."""
    place = placed.get(SpanKey(trace_id, content["span_id"]))
    if place is None:
        return content
    return {**content, "parent_span_id": place.above and place.above.span_id}
