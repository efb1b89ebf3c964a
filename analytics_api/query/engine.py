"""Which engine answers a plan: the database, or the columnar files where they are faster.

Both run the same QuerySets and give the same answer. Where the files cannot be read, the database
answers, and they are written anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import reduce
from operator import or_
from typing import TypeVar

import duckdb
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error

from interactions import dialect
from interactions.columnar.backend.base import StatementTimeout
from interactions.columnar.catalog import Catalog, read_catalog
from interactions.columnar.damage import note_damage
from interactions.columnar.families import FAMILIES, bucket_of
from interactions.columnar.instance import UnreadableFile
from interactions.columnar.layout import Run, runs_of
from interactions.columnar.reading import Reading, reading
from interactions.columnar.router import COLUMNAR
from interactions.columnar.unsealed import is_kept
from interactions.models import Deletion, Family

from . import shape
from .plan import QueryPlan

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")

# Below so many interactions in the window, a database is done before DuckDB has planned.
MIN_ROWS = 30_000
# Copying an unsealed interaction takes about as long as the database takes to count so many.
_COST_OF_UNSEALED = 8
# Runs of unsealed minutes, each a condition of the query that counts what is in them.
_MAX_RUNS = 100


class Engine(StrEnum):
    DATABASE = "database"
    COLUMNAR = "columnar"


@dataclass(frozen=True, kw_only=True)
class _Store:
    catalog: Catalog
    window: Run


def run(plan: QueryPlan, n_sealed: int, ask: Callable[[str], Answer]) -> tuple[Answer, Engine]:
    """Answer a plan by the engine that suits it.

    n_sealed: interactions of the project in sealed files.
    ask: runs the statements of the plan on the database of the given alias. It may be called
        twice, when the first engine fails. All it sees is of one moment.
    """
    read: Reading | None = None
    with dialect.snapshot(DEFAULT_DB_ALIAS):
        store = _suitable_store(plan, n_sealed)
        if store is None:
            return ask(DEFAULT_DB_ALIAS), Engine.DATABASE
        try:
            with reading(store.catalog, store.window, DEFAULT_DB_ALIAS) as read:
                return ask(COLUMNAR), Engine.COLUMNAR
        except StatementTimeout:
            raise
        except (UnreadableFile, duckdb.Error, OSError, Error) as error:
            if isinstance(error, Error) and not isinstance(error.__cause__, duckdb.Error):
                # The database itself failed.
                raise
            failure = error
        answer = ask(DEFAULT_DB_ALIAS)
    logger.warning("The columnar store could not answer, the database did: %s", failure)
    note_damage(failure, read.paths if read else ())
    return answer, Engine.DATABASE


def _suitable_store(plan: QueryPlan, n_sealed: int) -> _Store | None:
    """What the files know of the plan's window; None when the database should answer."""
    is_forced = settings.QUERY_ENGINE == Engine.COLUMNAR
    if settings.QUERY_ENGINE == Engine.DATABASE or plan.shape.reads_texts:
        return None
    if not is_forced and n_sealed < MIN_ROWS:
        return None
    # The columns have what a deletion hides until it is removed. Served by deletion_hiding.
    if Deletion.objects.hiding().filter(project_id=plan.project_id).exists():
        return None
    window = _buckets(plan)
    catalog = read_catalog(DEFAULT_DB_ALIAS, plan.project_id, window)
    if not catalog.is_complete or not (is_forced or _is_worth_it(catalog, window)):
        return None
    return _Store(catalog=catalog, window=window)


def _buckets(plan: QueryPlan) -> Run:
    start, end = plan.window.start, plan.window.end
    if plan.shape.spans_previous:
        start = plan.values[shape.PREVIOUS_START.name]
    first = bucket_of(start)
    return first, max(first, bucket_of(end - timedelta(microseconds=1)) if end > start else first) + 1


def _is_worth_it(catalog: Catalog, window: Run) -> bool:
    n_rows = sum(
        file.n_rows
        * (min(file.end_bucket, window[1]) - max(file.first_bucket, window[0]))
        // (file.end_bucket - file.first_bucket)
        for file in catalog.files[Family.INTERACTIONS]
    )
    if n_rows < MIN_ROWS:
        return False
    marks = catalog.marks[Family.INTERACTIONS]
    family = FAMILIES[Family.INTERACTIONS]
    if not marks or is_kept(catalog, family, DEFAULT_DB_ALIAS):
        return True
    runs = runs_of(marks)
    if len(runs) > _MAX_RUNS:
        return False
    facts = family.tables[0]
    # Served by interaction_project_started, alone, and no further than it matters.
    kept = reduce(or_, (family.buckets.within(facts.place, *run) for run in runs))
    limit = n_rows // _COST_OF_UNSEALED
    return facts.rows(catalog.project_id).filter(kept)[: limit + 1].count() <= limit
