"""Storing a batch of interactions once, however often it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import accumulate, chain
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, transaction

from interactions import dialect
from interactions.models import Interaction, Project

from .ahead import made_ahead
from .gathering import Gathering, Outcome
from .linking import link_waiting
from .lookups import find_fingerprints, find_public_ids
from .new_interaction import NewInteraction
from .prices import Prices
from .records import InteractionRecord, build_record, fingerprint
from .removing import remove_at_once
from .sharing import SharedWork
from .transactions import in_project, read_locked
from .words import update_group_profiles
from .writing import delete_rows, insert_records

# Large enough to spread the cost of a transaction, small enough not to keep writers waiting.
MAX_BATCH = 1000


class BatchTooLarge(ValueError):
    """Raised before anything is written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestResult:
    """Ids and outcomes in the order of the items."""

    ids: list[UUID]
    outcomes: list[Outcome]

    def count(self, outcome: Outcome) -> int:
        return self.outcomes.count(outcome)

    def __getitem__(self, part: slice) -> IngestResult:
        return IngestResult(ids=self.ids[part], outcomes=self.outcomes[part])


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
    Batches that threads record at a time share transactions: see `SharedWork`.
    """
    project_id = project if isinstance(project, int) else project.pk
    records = build_records(project_id, items, anonymize=anonymize)
    if transaction.get_connection(using).in_atomic_block:
        # The transaction is the caller's, and nobody else's affair.
        return _store(using, project_id, records)
    return _shared_work(using, project_id).do(records)


def record_batches(
    project: Project,
    batches: Iterable[Sequence[NewInteraction]],
    *,
    anonymize: bool = True,
    using: str = DEFAULT_DB_ALIAS,
) -> Iterator[IngestResult]:
    """Store batches as `record_interactions` does, one after the other. -> the result of each

    While a database server commits one, the next is prepared, what it is made of included.
    """
    prepared = (build_records(project.pk, items, anonymize=anonymize) for items in batches)
    if not dialect.has_server(using):
        for records in prepared:
            yield _store(using, project.pk, records)
        return
    with made_ahead(prepared) as ahead:
        for records in ahead:
            # Not before: until then this thread seldom waits, and both want the same interpreter.
            yield _store(using, project.pk, records, before_commit=ahead.begin_next)


@cache
def _shared_work(using: str, project_id: int) -> SharedWork[Sequence[InteractionRecord], IngestResult]:
    return SharedWork(
        partial(_store_batches, using, project_id),
        turn=partial(dialect.turn_to_write, using),
        max_size=MAX_BATCH,
    )


def _store_batches(
    using: str, project_id: int, batches: Sequence[Sequence[InteractionRecord]]
) -> list[IngestResult]:
    """Store batches as one, in one transaction. -> the result of each"""
    stored = _store(using, project_id, list(chain.from_iterable(batches)))
    ends = list(accumulate(map(len, batches)))
    return [stored[end - len(batch) : end] for batch, end in zip(batches, ends, strict=True)]


def _store(
    using: str,
    project_id: int,
    records: Sequence[InteractionRecord],
    *,
    before_commit: Callable[[], None] = lambda: None,
) -> IngestResult:
    """Store records in one transaction. before_commit: called at its end, each time it is tried."""

    def work() -> IngestResult:
        stored = store_records(using, project_id, records)
        before_commit()
        return stored

    return in_project(using, project_id, {record.end_user for record in records}, work)


def build_records(
    project_id: int, items: Sequence[NewInteraction], *, anonymize: bool
) -> list[InteractionRecord]:
    """What will be stored of a batch; touches no database. Raises BatchTooLarge."""
    if len(items) > MAX_BATCH:
        raise BatchTooLarge(f"{len(items)} interactions in one batch; at most {MAX_BATCH} are accepted.")
    return [build_record(project_id, item, anonymize=anonymize) for item in items]


def store_records(using: str, project_id: int, records: Sequence[InteractionRecord]) -> IngestResult:
    """As `record_interactions`, inside a transaction that has entered the project."""
    records = _completed(using, project_id, records)
    gathering = Gathering(_read_stored(using, project_id, records), Prices(using, project_id))
    receipts = [gathering.add(record) for record in records]
    writes = gathering.changed
    delete_rows(using, list(writes))
    new = gathering.new
    writes |= zip(dialect.reserve_ids(using, Interaction, len(new)), new, strict=True)
    insert_records(using, project_id, writes)
    # The last profile given for a user is theirs, whatever became of the interaction.
    update_group_profiles(
        using, project_id, {r.end_user: r.group_profile for r in records if r.end_user and r.group_profile}
    )
    link_waiting(using, project_id, records)
    return IngestResult(
        ids=[public_id for public_id, _ in receipts], outcomes=[outcome for _, outcome in receipts]
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


def _read_stored(
    using: str, project_id: int, records: Sequence[InteractionRecord]
) -> dict[int, InteractionRecord]:
    """The stored interactions that one of the records may be, held until the transaction ends."""
    public_ids = {record.public_id for record in records if record.public_id}
    found = find_public_ids(using, project_id, public_ids)
    found |= find_fingerprints(using, project_id, {record.fingerprint for record in records})
    if hidden := [pk for pk, is_hidden in found.items() if is_hidden]:
        # Deleted, and only still to be removed: what is sent again is new.
        remove_at_once(using, hidden)
    kept = [pk for pk, is_hidden in found.items() if not is_hidden]
    return read_locked(using, kept) if kept else {}
