"""The statements of a shape, compiled once for each database."""

from __future__ import annotations

from functools import lru_cache

from django.db.models import QuerySet

from interactions.prepared import PreparedQuery

from .compile import (
    NullsOnPage,
    compile_page,
    compile_rest,
    compile_total,
    compile_total_of_entities,
)
from .shape import QueryShape

# A dashboard asks a few dozen shapes again and again; a statement takes about 20 kB.
KEPT_SHAPES = 500


@lru_cache(KEPT_SHAPES)
def page_statement(shape: QueryShape, using: str) -> PreparedQuery:
    """All groups with their measures, for slices."""
    return PreparedQuery.of(compile_page(shape).using(using))


@lru_cache(KEPT_SHAPES)
def rest_statement(shape: QueryShape, nulls: NullsOnPage | None, using: str) -> PreparedQuery | None:
    """The measures `page_statement` leaves out, as `compile_rest` takes them."""
    return _prepared(compile_rest(shape, nulls), using)


@lru_cache(KEPT_SHAPES)
def total_statement(shape: QueryShape, using: str) -> PreparedQuery:
    return PreparedQuery.of(compile_total(shape).using(using))


@lru_cache(KEPT_SHAPES)
def total_of_entities_statement(shape: QueryShape, using: str) -> PreparedQuery | None:
    return _prepared(compile_total_of_entities(shape), using)


def _prepared(queryset: QuerySet | None, using: str) -> PreparedQuery | None:
    return None if queryset is None else PreparedQuery.of(queryset.using(using))
