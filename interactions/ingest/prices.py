"""The cost of what came without one: its model and tokens by the prices of its time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import TypedDict

from interactions.models.interaction import MAX_COST_MICROUSD

from .lookups import find_prices
from .price_table import Rate, table_rate
from .records import InteractionRecord

# Model, input tokens, output tokens.
Usage = tuple[str | None, int | None, int | None]


class Cost(TypedDict):
    """The fields of a record that say what it costs."""

    cost_microusd: int | None
    is_cost_computed: bool


class Prices:
    """The prices that hold in a project; make one a batch.

    What staff have set is read once, with the first cost that has to be computed.
    """

    def __init__(self, using: str, project_id: int):
        self._using = using
        self._project_id = project_id

    def cost(self, record: InteractionRecord, stored: InteractionRecord | None = None) -> Cost:
        """What the record costs: as it says, or else computed where that is possible.

        stored: what it was before it was sent again. A cost that was computed follows the model,
        the tokens and the start; when they stay, it stays, whatever prices have become. Of several
            calls, it does not follow the start alone, because they are not known any more.
        """
        is_outdated = (
            record.is_cost_computed
            and stored is not None
            and (record.usage, record.started_at) != (stored.usage, stored.started_at)
        )
        if record.cost_microusd is not None and not is_outdated:
            return {"cost_microusd": record.cost_microusd, "is_cost_computed": record.is_cost_computed}
        if is_outdated and record.usage == stored.usage and self._is_of_calls(stored):
            return {"cost_microusd": stored.cost_microusd, "is_cost_computed": True}
        calls = [(c.model, c.input_tokens, c.output_tokens) for c in record.model_calls]
        cost_microusd = self._sum_microusd(calls or [record.usage], record.started_at)
        return {"cost_microusd": cost_microusd, "is_cost_computed": cost_microusd is not None}

    def _is_of_calls(self, record: InteractionRecord) -> bool:
        """Whether its cost is not that of its tokens as one call, and its calls are not known."""
        as_one_microusd = self._cost_microusd(*record.usage, record.started_at)
        return not record.model_calls and record.cost_microusd != as_one_microusd

    def _sum_microusd(self, usages: Sequence[Usage], at: datetime) -> int | None:
        """None when one is not known, or the sum is beyond what an interaction may cost."""
        total = 0
        for usage in usages:
            cost_microusd = self._cost_microusd(*usage, at)
            if cost_microusd is None:
                return None
            total += cost_microusd
        return total if total <= MAX_COST_MICROUSD else None

    def _cost_microusd(
        self, model: str | None, input_tokens: int | None, output_tokens: int | None, at: datetime
    ) -> int | None:
        if model is None or (input_tokens is None and output_tokens is None):
            return None
        rate = self._set_rate(model, at) or table_rate(model, at=at, input_tokens=input_tokens)
        return rate and rate.cost_microusd(input_tokens, output_tokens)

    def _set_rate(self, model: str, at: datetime) -> Rate | None:
        rates = (rate for starts_on, rate in self._set_rates.get(model, ()) if starts_on <= at.date())
        return next(rates, None)

    @cached_property
    def _set_rates(self) -> Mapping[str, Sequence[tuple[date, Rate]]]:
        """By model, with the first days: the project's own, then those of all, the latest first."""
        rates = defaultdict(list)
        for row in sorted(
            find_prices(self._using, self._project_id),
            key=lambda row: (row["project_id"] is not None, row["starts_on"]),
            reverse=True,
        ):
            rate = Rate(
                input_microusd_per_mtok=row["input_microusd_per_mtok"],
                output_microusd_per_mtok=row["output_microusd_per_mtok"],
            )
            rates[row["model"]].append((row["starts_on"], rate))
        return rates
