"""What the tables of a question stand for: sealed files, and the rows of buckets that are not sealed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.db import connections

from .catalog import Catalog
from .copying import column_type, outside
from .families import TABLES, KeptFamily, KeptTable
from .instance import store_folder
from .layout import Piece, Run, pieces_of
from .router import COLUMNAR
from .unsealed import unsealed_rows

_TABLE_NAMES = re.compile("|".join(f'"{re.escape(name)}"' for name in TABLES))


class Reading:
    """Lays out the tables of statements as views, when a statement first names them.

    Everything is as of the catalog's snapshot, which must last as long as this does.
    paths: the files that were read.
    """

    def __init__(self, catalog: Catalog, window: Run, using: str, stack: ExitStack):
        self._catalog = catalog
        self._window = window
        self._using = using
        self._stack = stack
        self._provided: set[str] = set()
        self.paths: list[Path] = []

    def provide(self, sql: str) -> None:
        """Make the views a statement needs. Raises UnreadableFile."""
        for name in {match[0].strip('"') for match in _TABLE_NAMES.finditer(sql)}:
            if name not in self._provided:
                self._provide_family(TABLES[name][0])

    def _provide_family(self, family: KeptFamily) -> None:
        marks = self._catalog.marks[family.kind]
        pieces = pieces_of(self._catalog.files[family.kind], marks)
        names = self._attach(pieces)
        rows = None
        if marks:
            rows = self._stack.enter_context(unsealed_rows(self._catalog, family, self._using))
        for table in family.tables:
            branches = [self._branch(table, piece, names) for piece in pieces]
            if rows is not None:
                branches.append(self._select(table, rows.table(table)))
            view = " UNION ALL ".join(branches) or self._nothing(table)
            connections[COLUMNAR].connection.execute(f"CREATE OR REPLACE TEMP VIEW {table.name} AS {view}")
            self._provided.add(table.name)

    def _attach(self, pieces: Sequence[Piece]) -> Mapping[Path, str]:
        paths = [store_folder() / piece.file.name for piece in pieces]
        self.paths += paths
        return self._stack.enter_context(connections[COLUMNAR].instance.attached(paths))

    def _branch(self, table: KeptTable, piece: Piece, names: Mapping[Path, str]) -> str:
        source = f"{names[store_folder() / piece.file.name]}.{table.name}"
        conditions = []
        first, end = self._window
        if table.parent and not first <= piece.file.first_bucket < piece.file.end_bucket <= end:
            # The statement bounds the parent's rows by time, but cannot bound these.
            conditions.append(f"bucket >= {first} AND bucket < {end}")
        conditions += outside(piece.excluded)
        return self._select(table, source, conditions)

    def _select(self, table: KeptTable, source: str, conditions: Sequence[str] = ()) -> str:
        columns = ", ".join(table.columns)
        if table.has_project:
            columns += f", {self._catalog.project_id}::bigint AS project_id"
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"SELECT {columns} FROM {source}{where}"

    def _nothing(self, table: KeptTable) -> str:
        columns = ", ".join(f"NULL::{column_type(table, column)} AS {column}" for column in table.columns)
        if table.has_project:
            columns += f", {self._catalog.project_id}::bigint AS project_id"
        return f"SELECT {columns} WHERE FALSE"


@contextmanager
def reading(catalog: Catalog, window: Run, using: str) -> Iterator[Reading]:
    """Let statements on the columnar connection read what the catalog says.

    window: the buckets of interactions the catalog was read for.
    Call inside the snapshot on `using` that the catalog was read in.
    """
    connection = connections[COLUMNAR]
    if not connection.is_usable():
        connection.close()
    connection.ensure_connection()
    with ExitStack() as stack:
        connection.reading = Reading(catalog, window, using, stack)
        try:
            yield connection.reading
        finally:
            connection.reading = None
