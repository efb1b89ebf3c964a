"""Endpoints: validate, call, respond."""

from .aggregates import InteractionAggregates, InteractionMultiAggregates

__all__ = ["InteractionAggregates", "InteractionMultiAggregates"]
