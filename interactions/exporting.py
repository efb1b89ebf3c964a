"""Export of a project's interactions: as the lines that import takes, or as records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Q

from interactions import dialect
from interactions.ingest.reading import read_records
from interactions.ingest.records import FOLDED_TEXTS, LISTED_KINDS, FeedbackRecord, InteractionRecord
from interactions.models import DimensionKind, Interaction, InteractionQuerySet, Project
from interactions.times import format_utc

# How many interactions are in memory at once: few enough for texts of a megabyte each.
_BATCH = 100


def export_lines(project: Project, using: str = DEFAULT_DB_ALIAS) -> Iterator[bytes]:
    """Yield every interaction of the project, oldest first, as one NDJSON line each.

    Constant memory, and one view of the data however long it takes: what is recorded
    meanwhile is not in it. Importing the lines gives the same interactions back.
    """
    rows = Interaction.objects.using(using).for_project(project)
    batch = _FROM_THE_START
    with dialect.read_once(using), dialect.snapshot(using):
        while batch := _next_batch(rows, batch):
            for record in _read(using, batch):
                yield orjson.dumps(_import_line(record), option=orjson.OPT_APPEND_NEWLINE)


def read_batches(
    project: Project | int, start: datetime, end: datetime, using: str = DEFAULT_DB_ALIAS
) -> Iterator[list[InteractionRecord]]:
    """Yield the interactions with start <= started_at < end, oldest first, a batch at a time.

    Constant memory, and nothing held between batches, however long whoever reads them takes: each
    is of one moment. What is recorded meanwhile may come or not, and none comes twice.
    """
    rows = Interaction.objects.using(using).for_project(project).started_between(start, end)
    batch = _FROM_THE_START
    while True:
        with dialect.snapshot(using):
            batch = _next_batch(rows, batch)
            records = _read(using, batch)
        if not records:
            return
        yield records


# A batch: when each interaction started, and its primary key.
_Batch = Sequence[tuple[datetime, int]]
_FROM_THE_START: _Batch = ()


def _next_batch(rows: InteractionQuerySet, last: _Batch) -> _Batch:
    """The batch after the last one, by start and key."""
    if last:
        started_at, pk = last[-1]
        # The first condition says nothing new, but it is the one an index can use.
        rows = rows.filter(Q(started_at__gte=started_at) & (Q(started_at__gt=started_at) | Q(id__gt=pk)))
    # Served by interaction_project_started.
    return list(rows.order_by("started_at", "id").values_list("started_at", "id")[:_BATCH])


def _read(using: str, batch: _Batch) -> list[InteractionRecord]:
    records = read_records(using, [pk for _, pk in batch]) if batch else {}
    return [records[pk] for _, pk in batch]


def _import_line(record: InteractionRecord) -> dict[str, Any]:
    line = {
        "id": str(record.public_id),
        "conversation_id": record.conversation,
        "end_user": record.end_user,
        "end_user_group_profile": record.group_profile,
        "time_start": format_utc(record.started_at),
        "time_end": record.ended_at and format_utc(record.ended_at),
        "input": record.input,
        "output": record.output,
        "input_tokens": record.input_tokens,
        "output_tokens": record.output_tokens,
        "cost": record.cost_microusd,
        "sentiment": record.sentiment,
        **record.labels,
        **{name: record.many_labels.get((kind, "")) for name, kind in LISTED_KINDS.items()},
        "tags": {
            key: value for (kind, key), (value, *_) in record.many_labels.items() if kind == DimensionKind.TAG
        },
        **{name: getattr(record, name) for name in FOLDED_TEXTS},
        "history": record.history,
        "messages": record.messages,
        "traces": record.traces,
        "feedback_actions": [_feedback_action(action) for action in record.feedback],
        "pii_removed": record.has_pii or None,
    }
    return {key: value for key, value in line.items() if value not in (None, [], {})}


def _feedback_action(action: FeedbackRecord) -> dict[str, Any]:
    given = {
        "slug": action.slug,
        "timestamp": format_utc(action.occurred_at),
        "text": action.text,
        "value": action.rating,
    }
    return {key: value for key, value in given.items() if value is not None}
