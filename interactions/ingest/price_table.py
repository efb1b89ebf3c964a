"""What known models cost: the data of genai-prices, read strictly and never over the network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genai_prices.types import MatchLogic, ModelInfo, Provider, TieredPrices

# Names come from clients, who may send a new one each time.
_MAX_NAMES_KEPT = 1000
_MICROUSD_PER_USD = 1_000_000
_MTOK = 1_000_000
# What may follow the name of a model: a release, as 20241022, 2024-10-22, 2411, 001 or latest.
_RELEASE = re.compile(r"[-@](\d{3,4}|\d{8}|\d{4}-\d{2}-\d{2}|latest)\Z")


@dataclass(frozen=True, kw_only=True)
class Rate:
    """The price of a million tokens each way; None where tokens of that way are not sold."""

    input_microusd_per_mtok: Decimal | int | None
    output_microusd_per_mtok: Decimal | int | None

    def cost_microusd(self, input_tokens: int | None, output_tokens: int | None) -> int | None:
        """To the nearest micro-dollar, a half to the even one; None when a count or a price is not known."""
        total = Decimal(0)
        for price, tokens in (
            (self.input_microusd_per_mtok, input_tokens),
            (self.output_microusd_per_mtok, output_tokens),
        ):
            if price is not None and tokens is not None:
                total += price * tokens
            elif price is not None or tokens:
                return None
        return round(total / _MTOK)


def load_price_table() -> None:
    """Read the table now; otherwise the first interaction that needs it waits a quarter of a second."""
    _providers()


def table_rate(name: str, *, at: datetime, input_tokens: int | None) -> Rate | None:
    """What the model of this name cost at that time; None when it is not known.

    input_tokens: some models cost more, all their tokens, from so many on.
    """
    model = _find_model(name)
    if model is None:
        return None
    price = model.get_prices(at)
    if price.requests_kcount is not None:
        # Calls cost besides tokens, and how many there were is not known.
        return None
    ways = [_microusd_per_mtok(each, input_tokens or 0) for each in (price.input_mtok, price.output_mtok)]
    if ways == [None, None]:
        return None
    return Rate(input_microusd_per_mtok=ways[0], output_microusd_per_mtok=ways[1])


def _microusd_per_mtok(price: Decimal | TieredPrices | None, input_tokens: int) -> Decimal | None:
    if price is None or isinstance(price, Decimal):
        usd = price
    else:
        reached = [tier.price for tier in price.tiers if input_tokens > tier.start]
        usd = reached[-1] if reached else price.base
    return None if usd is None else usd * _MICROUSD_PER_USD


def _providers() -> list[Provider]:
    # Here, because most commands need no prices. The data alone: what would fetch newer prices is
    # never started, and the library's own lookup keeps every name it was ever asked for.
    from genai_prices.data import providers

    return providers


@lru_cache(maxsize=_MAX_NAMES_KEPT)
def _find_model(name: str) -> ModelInfo | None:
    """The model that this name is known to mean: whole, or with a release behind it.

    The library also takes what begins like a name, or contains one, for the model; a variant of
    the client's own would be given the price of its namesake.
    """
    providers = _providers()
    name = name.lower()
    provider = _provider_named_in(name, providers)
    if provider is not None:
        name = name.removeprefix(f"{provider.id}/")
    else:
        provider = next((p for p in providers if p.model_match and p.model_match.is_match(name)), None)
    model = provider and provider.find_model(name, all_providers=providers)
    if model is None:
        return None
    known = {model.id.lower(), *_names(model.match)}
    return model if name in known or _RELEASE.sub("", name) in known else None


def _provider_named_in(name: str, providers: list[Provider]) -> Provider | None:
    """The provider of "openai/gpt-4o"."""
    prefix, slash, _ = name.partition("/")
    return next((p for p in providers if slash and p.id == prefix), None)


def _names(rule: MatchLogic) -> Iterator[str]:
    """The names a rule is made of; what a name only contains, or a pattern, is none."""
    for attribute in ("equals", "starts_with"):
        if text := getattr(rule, attribute, None):
            yield text.lower()
    for attribute in ("or_", "and_"):
        for part in getattr(rule, attribute, ()):
            yield from _names(part)
