"""What a batch leaves of each interaction, worked out in memory however often it speaks of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID, uuid4

from .merging import merge_feedback, merge_record
from .prices import Prices
from .records import InteractionRecord


class Outcome(StrEnum):
    """What became of one item."""

    STORED = "stored"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(kw_only=True, slots=True, eq=False)
class Gathered:
    """One interaction: as it is stored, if it is, and as it will be."""

    pk: int | None
    stored: InteractionRecord | None
    record: InteractionRecord


class Gathering:
    """The interactions of a batch, found by id and by content while records come in.

    stored: those that the batch may speak of, by primary key.
    """

    def __init__(self, stored: Mapping[int, InteractionRecord], prices: Prices):
        self._prices = prices
        self._all: list[Gathered] = []
        self._by_id: dict[UUID | None, Gathered] = {}
        self._by_fingerprint: dict[UUID, Gathered] = {}
        for pk, record in stored.items():
            self._take(Gathered(pk=pk, stored=record, record=record))

    def add(self, record: InteractionRecord) -> tuple[UUID, Outcome]:
        """Take one record in. -> the id of its interaction, and what became of it"""
        # The id decides; without one, or with an unknown one, the content does.
        known = self._by_id.get(record.public_id) or self._by_fingerprint.get(record.fingerprint)
        if known is None:
            # A copy, because what comes in may have to be gathered again.
            new = replace(
                record,
                public_id=record.public_id or uuid4(),
                feedback=merge_feedback([], record.feedback),
                **self._prices.cost(record),
            )
            self._take(Gathered(pk=None, stored=None, record=new))
            return new.public_id, Outcome.STORED
        before = known.record
        merged = merge_record(before, record)
        is_taken = self._by_fingerprint.get(merged.fingerprint, known) is not known
        # Where another interaction has this content already, this one keeps its own mark.
        mark = before.fingerprint if is_taken else merged.fingerprint
        merged = replace(merged, fingerprint=mark, **self._prices.cost(merged, before))
        if merged == before:
            return before.public_id, Outcome.UNCHANGED
        del self._by_fingerprint[before.fingerprint]
        self._by_fingerprint[merged.fingerprint] = known
        known.record = merged
        return before.public_id, Outcome.UPDATED

    @property
    def new(self) -> list[InteractionRecord]:
        return [each.record for each in self._all if each.pk is None]

    @property
    def changed(self) -> dict[int, InteractionRecord]:
        """Those that are stored in another form, by primary key."""
        return {
            each.pk: each.record for each in self._all if each.pk is not None and each.record != each.stored
        }

    def _take(self, gathered: Gathered) -> None:
        self._all.append(gathered)
        self._by_id[gathered.record.public_id] = gathered
        self._by_fingerprint[gathered.record.fingerprint] = gathered
