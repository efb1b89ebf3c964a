"""Rows of marked buckets, copied into memory for questions, and kept while nothing changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connections

from .catalog import Catalog
from .copying import copy_rows, make_tables
from .families import KeptFamily, KeptTable
from .instance import Instance, instance
from .layout import runs_of
from .router import COLUMNAR

# Copies kept though nobody reads them now. Each is of one project and one set of marks.
_MAX_IDLE = 20


@dataclass(eq=False)
class UnsealedRows:
    """Tables in memory with the rows of some buckets; n_readers questions read them now."""

    instance: Instance
    prefix: str
    n_readers: int = 0

    def table(self, table: KeptTable) -> str:
        return f"memory.main.{self.prefix}_{table.name}"

    def drop(self, family: KeptFamily) -> None:
        cursor = self.instance.cursor()
        for table in family.tables:
            cursor.execute(f"DROP TABLE IF EXISTS {self.table(table)}")
        cursor.close()


_kept: OrderedDict[Hashable, tuple[KeptFamily, UnsealedRows]] = OrderedDict()
_lock = threading.Lock()


@contextmanager
def unsealed_rows(catalog: Catalog, family: KeptFamily, using: str) -> Iterator[UnsealedRows]:
    """The rows of the marked buckets as they are in the catalog's snapshot.

    Every change leaves a mark of its own, and marks go only with a new file: so the rows are those
    that were copied before, if marks and files are. Inside a transaction that writes they may be
    taken back, and nothing is kept.
    """
    duckdb = connections[COLUMNAR].instance
    key = _key(catalog, family, using, duckdb)
    with _lock:
        _, rows = _kept.get(key, (family, None))
        if rows is not None:
            _kept.move_to_end(key)
            rows.n_readers += 1
    if rows is None:
        rows = _copy(catalog, family, using, duckdb)
        rows.n_readers = 1
        if not connections[using].in_atomic_block:
            with _lock:
                _keep(key, family, rows)
    try:
        yield rows
    finally:
        with _lock:
            rows.n_readers -= 1
            is_kept = any(other is rows for _, other in _kept.values())
        if not is_kept and not rows.n_readers:
            rows.drop(family)


def is_kept(catalog: Catalog, family: KeptFamily, using: str) -> bool:
    """Whether a question will find the rows copied already."""
    return _key(catalog, family, using, instance()) in _kept


def _key(catalog: Catalog, family: KeptFamily, using: str, instance: Instance) -> Hashable:
    newest_file = max((file.id for file in catalog.files[family.kind]), default=0)
    marks = frozenset(catalog.marks[family.kind].items())
    return instance.name, using, catalog.project_id, family.kind, newest_file, marks


def _keep(key: Hashable, family: KeptFamily, rows: UnsealedRows) -> None:
    _kept[key] = family, rows
    idle = [key for key, (_, rows) in _kept.items() if not rows.n_readers]
    for old in idle[: max(0, len(_kept) - _MAX_IDLE)]:
        its_family, its_rows = _kept.pop(old)
        its_rows.drop(its_family)


def _copy(catalog: Catalog, family: KeptFamily, using: str, instance: Instance) -> UnsealedRows:
    rows = UnsealedRows(instance, instance.next_name("unsealed"))
    runs = runs_of(catalog.marks[family.kind])
    cursor = instance.cursor()
    try:
        make_tables(family, cursor, rows.table)
        copy_rows(using, family, catalog.project_id, runs, cursor, rows.table)
    except BaseException:
        rows.drop(family)
        raise
    finally:
        cursor.close()
    return rows
