"""Endpoints: validate, call, respond."""

from .aggregates import InteractionAggregates, InteractionMultiAggregates
from .listing import Interactions
from .series import InteractionTimeSeries

__all__ = ["InteractionAggregates", "InteractionMultiAggregates", "InteractionTimeSeries", "Interactions"]
