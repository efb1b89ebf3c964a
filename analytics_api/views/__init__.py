"""Endpoints: validate, call, respond."""

from .aggregates import InteractionAggregates

__all__ = ["InteractionAggregates"]
