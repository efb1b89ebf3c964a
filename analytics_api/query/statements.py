"""The statements of a shape, compiled once for each database."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from interactions.columnar.router import COLUMNAR
from interactions.prepared import PreparedQuery

from .compile import (
    NullsOnPage,
    compile_listing,
    compile_page,
    compile_rest,
    compile_unordered,
)
from .shape import QueryShape

# A dashboard asks a few dozen shapes again and again; a statement takes about 20 kB.
KEPT_SHAPES = 500


@lru_cache(KEPT_SHAPES)
def page_statement(shape: QueryShape, using: str) -> PreparedQuery:
    """All groups with their measures, for slices."""
    return PreparedQuery.of(compile_page(shape, defers_distinct=_defers_distinct(using)).using(using))


@lru_cache(KEPT_SHAPES)
def merged_page_statement(shape: QueryShape, using: str) -> PreparedQuery:
    """As `page_statement`, with what rows of several lists are merged by."""
    rows = compile_page(shape, defers_distinct=_defers_distinct(using), with_order_value=True)
    return PreparedQuery.of(rows.using(using))


@lru_cache(KEPT_SHAPES)
def listing_statement(shape: QueryShape, newest_first: bool, using: str) -> PreparedQuery:
    return PreparedQuery.of(compile_listing(shape, newest_first=newest_first).using(using))


@lru_cache(KEPT_SHAPES)
def rest_statements(shape: QueryShape, nulls: NullsOnPage | None, using: str) -> Sequence[PreparedQuery]:
    """The measures `page_statement` leaves out, as `compile_rest` takes them."""
    rest = compile_rest(shape, nulls, defers_distinct=_defers_distinct(using))
    return [PreparedQuery.of(queryset.using(using)) for queryset in rest]


@lru_cache(KEPT_SHAPES)
def unordered_statements(shape: QueryShape, nulls: NullsOnPage | None, using: str) -> Sequence[PreparedQuery]:
    """All measures of the total, or of groups in any order."""
    return [PreparedQuery.of(queryset.using(using)) for queryset in compile_unordered(shape, nulls)]


def _defers_distinct(using: str) -> bool:
    # DuckDB reads the page's groups again in less time than it counts the different values of all
    # groups. The databases read rows, and would read them twice.
    return using == COLUMNAR
