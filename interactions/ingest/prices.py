"""The cost of what came without one: its model and tokens by the prices of its time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TypedDict

from django.db.models import Q

from interactions.models import ModelPrice
from interactions.models.interaction import MAX_COST_MICROUSD

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
        the tokens and the start; when they stay, it stays, whatever prices have become.
        """
        is_outdated = (
            record.is_cost_computed
            and stored is not None
            and (record.usage, record.started_at) != (stored.usage, stored.started_at)
        )
        if record.cost_microusd is not None and not is_outdated:
            return {"cost_microusd": record.cost_microusd, "is_cost_computed": record.is_cost_computed}
        calls = [(c.model, c.input_tokens, c.output_tokens) for c in record.model_calls]
        cost_microusd = self._sum_microusd(calls or [record.usage], record.started_at)
        return {"cost_microusd": cost_microusd, "is_cost_computed": cost_microusd is not None}

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
        for price in reversed(self._set_prices.get(model, ())):
            if price.starts_on <= at.date():
                return Rate(
                    input_microusd_per_mtok=price.input_microusd_per_mtok,
                    output_microusd_per_mtok=price.output_microusd_per_mtok,
                )
        return None

    @cached_property
    def _set_prices(self) -> Mapping[str, Sequence[ModelPrice]]:
        """By model: those of all projects, then the project's own, each by day."""
        prices = ModelPrice.objects.using(self._using).filter(Q(project=self._project_id) | Q(project=None))
        by_model = defaultdict(list)
        for price in sorted(prices, key=lambda each: (each.project_id is not None, each.starts_on)):
            by_model[price.model].append(price)
        return by_model
