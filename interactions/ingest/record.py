"""Storing a batch of interactions once, however often it is sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS

from interactions import dialect
from interactions.models import Interaction, InteractionText, Project, is_hidden

from .deleting import remove_at_once
from .linking import link_waiting
from .new_interaction import NewInteraction
from .prices import Prices
from .records import InteractionRecord, build_record, fingerprint, merge_record
from .transactions import in_project, read_locked
from .words import update_group_profiles
from .writing import delete_rows, insert_records

# Large enough to spread the cost of a transaction, small enough not to keep writers waiting.
MAX_BATCH = 1000


class BatchTooLarge(ValueError):
    """Raised before anything is written."""


class Outcome(StrEnum):
    """What became of one item."""

    STORED = "stored"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestResult:
    """Ids and outcomes in the order of the items."""

    ids: list[UUID]
    outcomes: list[Outcome]

    def count(self, outcome: Outcome) -> int:
        return self.outcomes.count(outcome)


def record_interactions(
    project: Project | int,
    items: Sequence[NewInteraction],
    *,
    anonymize: bool = True,
    using: str = DEFAULT_DB_ALIAS,
) -> IngestResult:
    """Store a batch once, however often it is sent: all of it or nothing.

    project: or its primary key.
    items: at most MAX_BATCH. The same `id`, or the same user, conversation, start, input and
        output, is the same interaction, also within the batch: what is given overwrites, what
        is absent stays.
    anonymize: mask PII in texts before anything is stored.
    Raises BatchTooLarge before anything is written.
    """
    project_id = project if isinstance(project, int) else project.pk
    records = build_records(project_id, items, anonymize=anonymize)
    return in_project(using, project_id, lambda: store_records(using, project_id, records))


def build_records(
    project_id: int, items: Sequence[NewInteraction], *, anonymize: bool
) -> list[InteractionRecord]:
    """What will be stored of a batch; touches no database. Raises BatchTooLarge."""
    if len(items) > MAX_BATCH:
        raise BatchTooLarge(f"{len(items)} interactions in one batch; at most {MAX_BATCH} are accepted.")
    return [build_record(project_id, item, anonymize=anonymize) for item in items]


def store_records(using: str, project_id: int, records: Sequence[InteractionRecord]) -> IngestResult:
    """As `record_interactions`, inside a transaction that has entered the project."""
    receipts: dict[int, tuple[UUID, Outcome]] = {}
    records = _completed(using, project_id, records)
    prices = Prices(using, project_id)
    for positions in _rounds_without_repeats(records):
        _store_distinct(using, project_id, {p: records[p] for p in positions}, prices, receipts)
    # The last profile given for a user is theirs, whatever became of the interaction.
    update_group_profiles(
        using, project_id, {r.end_user: r.group_profile for r in records if r.end_user and r.group_profile}
    )
    link_waiting(using, project_id, {record.end_user for record in records if record.end_user})
    in_order = [receipts[position] for position in range(len(records))]
    return IngestResult(
        ids=[public_id for public_id, _ in in_order], outcomes=[outcome for _, outcome in in_order]
    )


def _completed(
    using: str, project_id: int, records: Sequence[InteractionRecord]
) -> Sequence[InteractionRecord]:
    """Records with the user and conversation that their ids are known by.

    A resend by its id may leave them out, but its fingerprint is over what will be stored.
    """
    incomplete = [r.public_id for r in records if r.public_id and None in (r.end_user, r.conversation)]
    if not incomplete:
        return records
    rows = Interaction.objects.using(using).for_project(project_id).filter(public_id__in=incomplete)
    known = {
        public_id: known_by
        for public_id, *known_by in rows.values_list(
            "public_id", "end_user__external_id", "conversation__external_id"
        )
    }
    completed = []
    for record in records:
        if record.public_id:
            end_user, conversation = known.get(record.public_id, (None, None))
            end_user, conversation = record.end_user or end_user, record.conversation or conversation
            known[record.public_id] = [end_user, conversation]
            mark = fingerprint(
                project_id, end_user, conversation, record.started_at, record.input, record.output
            )
            if record.hides_content:
                # Its mark is over texts that are not there any more.
                mark = record.fingerprint
            record = replace(record, end_user=end_user, conversation=conversation, fingerprint=mark)
        completed.append(record)
    return completed


def _rounds_without_repeats(records: Sequence[InteractionRecord]) -> list[list[int]]:
    """Positions of `records` in rounds, none of which holds the same id or content twice."""
    rounds: list[list[int]] = []
    round_of: dict[UUID, int] = {}
    for position, record in enumerate(records):
        keys = [record.fingerprint] if record.public_id is None else [record.fingerprint, record.public_id]
        number = max(round_of.get(key, -1) for key in keys) + 1
        round_of.update(dict.fromkeys(keys, number))
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(position)
    return rounds


def _store_distinct(
    using: str,
    project_id: int,
    records: dict[int, InteractionRecord],
    prices: Prices,
    receipts: dict[int, tuple[UUID, Outcome]],
) -> None:
    """Store records, by position, none of which repeats another's id or content."""
    by_id, by_fingerprint = _stored_keys(using, project_id, records.values())
    writes: dict[int, InteractionRecord] = {}
    repeats: dict[int, int] = {}
    again: dict[int, InteractionRecord] = {}
    new: list[int] = []
    met: set[int] = set()
    for position, record in records.items():
        # The id decides; without one, or with an unknown one, the content does.
        known_as = by_id.get(record.public_id), by_fingerprint.get(record.fingerprint)
        pk = known_as[0] or known_as[1]
        if pk is None:
            new.append(position)
        elif not met.isdisjoint(known_as):
            # One by its id, another by its content: the second meets what the first left.
            again[position] = record
        else:
            repeats[position] = pk
        met.update(filter(None, known_as))
    stored = read_locked(using, list(repeats.values())) if repeats else {}
    for position, pk in repeats.items():
        merged = merge_record(stored[pk], records[position])
        if by_fingerprint.get(merged.fingerprint, pk) != pk:
            # Another interaction has this content already; this one keeps its own mark.
            merged.fingerprint = stored[pk].fingerprint
        prices.complete(merged, stored[pk])
        if merged != stored[pk]:
            writes[pk] = merged
        receipts[position] = (merged.public_id, Outcome.UPDATED if pk in writes else Outcome.UNCHANGED)
    for position in new:
        prices.complete(records[position])
    delete_rows(using, list(writes))
    writes |= dict(
        zip(dialect.reserve_ids(using, Interaction, len(new)), (records[p] for p in new), strict=True)
    )
    insert_records(using, project_id, writes)
    receipts.update((position, (records[position].public_id, Outcome.STORED)) for position in new)
    if again:
        _store_distinct(using, project_id, again, prices, receipts)


def _stored_keys(
    using: str, project_id: int, records: Iterable[InteractionRecord]
) -> tuple[dict[UUID | None, int], dict[UUID, int]]:
    records = list(records)
    public_ids = [record.public_id for record in records if record.public_id]
    by_id: dict[UUID | None, int] = {}
    if public_ids:
        rows = Interaction.objects.using(using).filter(project_id=project_id, public_id__in=public_ids)
        by_id.update(_without_hidden(using, rows.values_list("public_id", "pk", is_hidden())))
    fingerprints = [record.fingerprint for record in records]
    texts = InteractionText.objects.using(using).filter(fingerprint__in=fingerprints)
    return by_id, _without_hidden(using, texts.values_list("fingerprint", "pk", is_hidden()))


def _without_hidden(using: str, rows: Iterable[tuple[UUID, int, bool]]) -> dict[UUID, int]:
    """Primary keys by what interactions are known by; what is hidden is deleted: sent again, it is new."""
    kept: dict[UUID, int] = {}
    hidden: list[int] = []
    for key, pk, is_deleted in rows:
        if is_deleted:
            hidden.append(pk)
        else:
            kept[key] = pk
    if hidden:
        remove_at_once(using, hidden)
    return kept
