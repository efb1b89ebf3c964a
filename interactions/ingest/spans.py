"""Spans as interactions: a call with no call above it is one, and what is below it are its traces.

The spans of a trace arrive in any order and in several pieces. Every piece leaves the interactions that
all spans known by then make: a call that was one is taken in by the call above it that came later.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet
from django.utils import timezone

from interactions import dialect
from interactions.anonymiser import mask_pii_in
from interactions.models import KnownSpan, SpanRole

from .new_interaction import InvalidInteraction
from .record import MAX_BATCH, store_records
from .records import TRACE_TEXTS
from .span_groups import Assemble, Group, MaskedSpan, gather, merged_record
from .tracing import NewSpan, Place, SpanKey, places
from .transactions import in_project
from .writing import delete_named, delete_rows

# The pieces of a trace come within seconds, or hours when an agent works long.
KEPT_FOR = timedelta(days=1)
# Most traces have no call; another service may send the call of this one later, but not much.
KEPT_WITHOUT_CALL_FOR = timedelta(minutes=10)
# All that is known of a trace is read for each of its pieces.
MAX_SPANS = 10_000
_FIELDS = (
    "project_id", "trace_id", "span_id", "parent_id", "role", "content", "has_pii", "expires_at",
)  # fmt: skip


def record_spans(
    project_id: int, spans: Sequence[NewSpan], assemble: Assemble, *, using: str = DEFAULT_DB_ALIAS
) -> dict[SpanKey, str]:
    """Store spans, masked, as the interactions they make together with those that came before.

    assemble: must not refuse a span that is alone.
    Returns the reasons for which some were not stored. A trace is stored as a whole; when the
    database fails, those before it stay, and to send everything again is right.
    """
    refused: dict[SpanKey, str] = {}
    for batch in _batches(spans):
        masked = {span.key: _masked(span) for span in batch}
        # Alone: who stores another piece of a trace meanwhile would not see this one.
        refused |= in_project(
            using,
            project_id,
            # A piece of a trace seldom knows the user.
            (None,),
            lambda masked=masked: _store(using, project_id, masked, assemble),
            alone=True,
        )
    return refused


def _batches(spans: Sequence[NewSpan]) -> Iterator[list[NewSpan]]:
    """Whole traces, several when they are small."""
    traces: dict[str, list[NewSpan]] = defaultdict(list)
    for span in spans:
        traces[span.key.trace_id].append(span)
    batch: list[NewSpan] = []
    for trace in traces.values():
        if batch and len(batch) + len(trace) > MAX_BATCH:
            yield batch
            batch = []
        batch += trace
    if batch:
        yield batch


def _masked(span: NewSpan) -> MaskedSpan:
    """Only texts are masked: ids and times can look like telephone numbers."""
    texts = {name: value for name, value in span.content.items() if name in TRACE_TEXTS}
    masked = mask_pii_in(texts, settings.ANONYMIZE_PHONE_REGIONS)
    return MaskedSpan(span=replace(span, content={**span.content, **masked}), has_pii=masked != texts)


def _store(
    using: str, project_id: int, spans: Mapping[SpanKey, MaskedSpan], assemble: Assemble
) -> dict[SpanKey, str]:
    now = timezone.now()
    KnownSpan.objects.using(using).filter(expires_at__lt=now).delete()
    rows = KnownSpan.objects.using(using).filter(
        project_id=project_id, trace_id__in={key.trace_id for key in spans}
    )
    known = {SpanKey(row.trace_id, row.span_id): row for row in rows}
    new, too_many = _within_bounds(spans, known)
    before = {key: _read(row) for key, row in known.items()}
    placed = places(before | {key: masked.span for key, masked in new.items()}, new)
    groups, refused = gather(using, project_id, placed, places(before, ()), known, new)
    refused |= too_many | _store_groups(using, project_id, groups, placed, assemble)

    kept = {key: masked for key, masked in new.items() if key not in refused}
    _remember(using, project_id, kept, placed, known, now)
    return refused


def _remember(
    using: str,
    project_id: int,
    spans: Mapping[SpanKey, MaskedSpan],
    placed: Mapping[SpanKey, Place],
    known: Mapping[SpanKey, KnownSpan],
    now: datetime,
) -> None:
    """Keep where spans stand: those of a trace with a call or step for longer, once it has one."""
    roles = {key: row.role for key, row in known.items()} | {key: m.span.role for key, m in spans.items()}
    speaking = {key.trace_id for key, role in roles.items() if role != SpanRole.OTHER}
    briefly, longer = now + KEPT_WITHOUT_CALL_FOR, now + KEPT_FOR
    delete_named(using, KnownSpan, "id", [row.pk for key, row in known.items() if key in spans])
    to_prolong = [
        row.pk
        for key, row in known.items()
        if key.trace_id in speaking and key not in spans and row.expires_at <= briefly
    ]
    _rows(using, to_prolong).update(expires_at=longer)
    dialect.insert_rows(
        using,
        KnownSpan,
        _FIELDS,
        (
            _row(project_id, masked, placed[key], longer if key.trace_id in speaking else briefly)
            for key, masked in spans.items()
        ),
    )


def _within_bounds(
    spans: Mapping[SpanKey, MaskedSpan], known: Mapping[SpanKey, KnownSpan]
) -> tuple[dict[SpanKey, MaskedSpan], dict[SpanKey, str]]:
    """The spans that their traces have room for, and why the others are refused."""
    sizes = Counter(key.trace_id for key in known)
    taken, refused = {}, {}
    for key, masked in spans.items():
        if key not in known:
            if sizes[key.trace_id] >= MAX_SPANS:
                refused[key] = f"its trace has {MAX_SPANS} spans already"
                continue
            sizes[key.trace_id] += 1
        taken[key] = masked
    return taken, refused


def _store_groups(
    using: str,
    project_id: int,
    groups: Mapping[SpanKey, Group],
    placed: Mapping[SpanKey, Place],
    assemble: Assemble,
) -> dict[SpanKey, str]:
    """Store the interaction of each group. -> why the new spans of some groups were not stored"""
    records, taken_in, told = [], [], []
    refused: dict[SpanKey, str] = {}
    for call, group in groups.items():
        if call.span_id in group.contents:
            try:
                records.append(merged_record(project_id, call, group, placed, assemble))
            except InvalidInteraction as error:
                refused |= dict.fromkeys(group.new, str(error))
                continue
            taken_in += group.taken_in
        # Else the interaction was deleted, and late spans of it are not wanted.
        told += group.waiting
    delete_rows(using, taken_in)
    for start in range(0, len(records), MAX_BATCH):
        store_records(using, project_id, records[start : start + MAX_BATCH])
    _rows(using, told).update(content=None)
    return refused


def _rows(using: str, primary_keys: Sequence[int]) -> QuerySet[KnownSpan]:
    """By one argument: of several traces more may be known than a statement of SQLite has room for."""
    return KnownSpan.objects.using(using).filter(dialect.is_one_of(using, "id", primary_keys))


def _read(row: KnownSpan) -> NewSpan:
    return NewSpan(
        key=SpanKey(row.trace_id, row.span_id),
        parent=row.parent_id and SpanKey(row.trace_id, row.parent_id),
        role=SpanRole(row.role),
        content=orjson.loads(row.content) if row.content else {},
    )


def _row(project_id: int, masked: MaskedSpan, place: Place, expires_at: datetime) -> list[Any]:
    span = masked.span
    is_held = span.role == SpanRole.CALL or (span.role == SpanRole.STEP and place.call is not None)
    return [
        project_id,
        span.key.trace_id,
        span.key.span_id,
        span.parent and span.parent.span_id,
        span.role.value,
        orjson.dumps(span.content).decode() if span.content and not is_held else None,
        masked.has_pii,
        expires_at,
    ]
