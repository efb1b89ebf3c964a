"""Endpoints: validate, call, respond."""

from .aggregates import InteractionAggregates, InteractionMultiAggregates
from .listing import Interactions

__all__ = ["InteractionAggregates", "InteractionMultiAggregates", "Interactions"]
