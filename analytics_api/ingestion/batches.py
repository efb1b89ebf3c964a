"""Our own call for many interactions: the good ones of a batch are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from interactions.ingest import (
    MAX_BATCH,
    IngestResult,
    InvalidInteraction,
    NewInteraction,
    Outcome,
    parse_interaction,
)

from .sent import all_of, flag_at, list_at, refused

INVALID = "invalid"
# An interaction that was there, changed or not, is not there twice.
STATUS = {Outcome.STORED: "stored", Outcome.UPDATED: "updated", Outcome.UNCHANGED: "updated"}


@dataclass(frozen=True, kw_only=True)
class Batch:
    """items: the good ones. reasons: what is wrong with each of the others, by position."""

    items: Sequence[NewInteraction]
    reasons: Mapping[int, str]
    anonymize: bool

    def results(self, recorded: IngestResult) -> list[dict[str, Any]]:
        """What became of each item, in the order of the call."""
        good = zip(recorded.ids, recorded.outcomes, strict=True)
        results = []
        for position in range(len(self.items) + len(self.reasons)):
            if reason := self.reasons.get(position):
                results.append({"status": INVALID, "detail": reason})
            else:
                public_id, outcome = next(good)
                results.append({"status": STATUS[outcome], "interaction_id": str(public_id)})
        return results


def batch(body: Mapping[str, Any]) -> Batch:
    """{"interactions": [{...}, ...], "anonymize"?}; each in the flat form of an import line."""
    place = ("body", "interactions")
    given, anonymize = all_of(
        [
            lambda: list_at(body.get("interactions"), place),
            lambda: flag_at(body, "anonymize", ("body",), default=True),
        ]
    )
    if len(given) > MAX_BATCH:
        raise refused(place, f"expected at most {MAX_BATCH} interactions, got {len(given)}", "value_error")
    items, reasons = [], {}
    for position, raw in enumerate(given):
        try:
            items.append(parse_interaction(raw))
        except InvalidInteraction as error:
            reasons[position] = str(error)
    return Batch(items=items, reasons=reasons, anonymize=anonymize)
