"""Several files of the store made one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from interactions.models import SealedFile

from .copying import outside
from .families import KeptFamily, KeptTable
from .instance import instance, store_folder
from .layout import hull, pieces_of
from .publishing import publish, write_file


def merge(using: str, family: KeptFamily, project_id: int, files: Sequence[SealedFile]) -> None:
    """Write one file in place of several that are neighbours.

    Marks stay, for what they mean has not changed: marked buckets are merged along, and not read.
    """
    pieces = pieces_of(files, ())
    sources = [store_folder() / piece.file.name for piece in pieces]

    def fill(cursor: duckdb.DuckDBPyConnection, name_of: Callable[[KeptTable], str]) -> None:
        with instance().attached(sources) as names:
            for table in family.tables:
                columns = ", ".join((*table.columns, "bucket"))
                selects = []
                for piece, source in zip(pieces, sources, strict=True):
                    where = " AND ".join(["TRUE", *outside(piece.excluded)])
                    selects.append(f"SELECT {columns} FROM {names[source]}.{table.name} WHERE {where}")
                cursor.execute(
                    f"CREATE TABLE {name_of(table)} AS {' UNION ALL '.join(selects)}"
                    f" ORDER BY {', '.join(table.order)}"
                )

    with tempfile.TemporaryDirectory(dir=store_folder(), prefix="merging-") as folder:
        file = None
        if pieces:
            file = write_file(Path(folder), family, sum(piece.file.n_rows for piece in pieces), fill)
        publish(using, family, project_id, hull(files), file)
