"""Sealed files compared with the database, row by row; what differs is marked, to be sealed anew."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
from django.db import DEFAULT_DB_ALIAS

from interactions import dialect
from interactions.models import DirtyMark, Project

from .catalog import FORMAT
from .copying import copy_rows, make_tables, outside, quoted
from .damage import note_damage
from .families import FAMILIES, KeptFamily, KeptTable
from .instance import UnreadableFile, instance, store_folder
from .layout import MAX_READ_ROWS, Piece, Run, pieces_of, runs_of
from .sealing import marked_buckets, rows_by_bucket, valid_files


@dataclass(kw_only=True)
class VerifyReport:
    """What a comparison found.

    n_rows: rows of the database that were compared, those of labels not counted.
    n_different: buckets that are marked now because they differed.
    n_damaged: files that could not be read.
    """

    n_rows: int = 0
    n_different: int = 0
    n_damaged: int = 0


def verify_project(project: Project, *, using: str = DEFAULT_DB_ALIAS) -> VerifyReport:
    """Compare all that is sealed with the database, mark the buckets that differ, and note damage.

    Call as the only sealer, and seal afterwards. What is marked already is not compared: nobody
    reads it from files.
    """
    report = VerifyReport()
    for family in FAMILIES.values():
        n_rows = rows_by_bucket(using, family, project.pk)
        report.n_rows += sum(n_rows.values())
        for run in _runs_to_compare(n_rows, using, family, project.pk):
            n_damaged, different = _compare(using, family, project.pk, run)
            report.n_damaged += n_damaged
            report.n_different += len(different)
            DirtyMark.objects.using(using).bulk_create(
                DirtyMark(project_id=project.pk, family=family.kind, bucket=bucket)
                for bucket in sorted(different)
            )
    return report


def _runs_to_compare(
    n_rows: Mapping[int, int], using: str, family: KeptFamily, project_id: int
) -> Iterator[Run]:
    """Runs that follow on each other and hold every bucket of the database and of the files.

    n_rows: of each bucket in the database; a run of several buckets holds at most MAX_READ_ROWS.
    """
    runs = [(file.first_bucket, file.end_bucket) for file in valid_files(using, project_id, family.kind)]
    runs += [(bucket, bucket + 1) for bucket in n_rows]
    if not runs:
        return
    first, end = min(first for first, _ in runs), max(end for _, end in runs)
    total = 0
    for bucket in sorted(n_rows):
        if total and total + n_rows[bucket] > MAX_READ_ROWS:
            yield first, bucket
            first, total = bucket, 0
        total += n_rows[bucket]
    yield first, end


def _compare(using: str, family: KeptFamily, project_id: int, run: Run) -> tuple[int, set[int]]:
    """-> how many files of the run are damaged, and the buckets that differ; none when some are"""
    with (
        tempfile.TemporaryDirectory(dir=store_folder(), prefix="verifying-") as folder,
        # In a file: a million interactions need not fit into memory.
        _attached_scratch(Path(folder) / "scratch.duckdb") as (cursor, scratch),
    ):
        with dialect.read_once(using), dialect.snapshot(using):
            files = valid_files(using, project_id, family.kind)
            unread = runs_of(marked_buckets(using, project_id, family.kind))
            unread += [(f.first_bucket, f.end_bucket) for f in files if f.format != FORMAT]
            make_tables(family, cursor, lambda table: f"{scratch}.main.{table.name}")
            copy_rows(using, family, project_id, [run], cursor, lambda table: f"{scratch}.main.{table.name}")
        pieces = [piece for piece in pieces_of(files, ()) if _is_compared(piece, run)]
        sealed = [store_folder() / piece.file.name for piece in pieces]
        try:
            with instance().attached(sealed) as names:
                different: set[int] = set()
                for table in family.tables:
                    in_files = [
                        _rows(table, names[path], run, [*piece.excluded, *unread])
                        for piece, path in zip(pieces, sealed, strict=True)
                    ]
                    in_database = _rows(table, f"{scratch}.main", run, unread)
                    different |= _differences(cursor, in_database, in_files)
        except (UnreadableFile, duckdb.Error) as error:
            if n_damaged := note_damage(error, sealed):
                return n_damaged, set()
            raise
    return 0, different


@contextmanager
def _attached_scratch(path: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """-> a cursor, and the name of the database it has for tables that go when it is over"""
    cursor, name = instance().cursor(), instance().next_name("scratch")
    cursor.execute(f"ATTACH '{quoted(path)}' AS {name}")
    try:
        yield cursor, name
    finally:
        cursor.execute(f"DETACH {name}")
        cursor.close()


def _is_compared(piece: Piece, run: Run) -> bool:
    file = piece.file
    return file.format == FORMAT and file.first_bucket < run[1] and run[0] < file.end_bucket


def _rows(table: KeptTable, database: str, run: Run, excluded: Sequence[Run]) -> str:
    first, end = run
    conditions = " AND ".join([f"bucket >= {first} AND bucket < {end}", *outside(excluded)])
    columns = ", ".join((*table.columns, "bucket"))
    return f"SELECT {columns} FROM {database}.{table.name} WHERE {conditions}"


def _differences(cursor: duckdb.DuckDBPyConnection, in_database: str, in_files: Sequence[str]) -> set[int]:
    """The buckets of rows that one side has more often than the other."""
    sealed = " UNION ALL ".join(in_files) or f"{in_database} LIMIT 0"
    only_one = "((FROM one) EXCEPT ALL (FROM other)) UNION ALL ((FROM other) EXCEPT ALL (FROM one))"
    cursor.execute(
        f"WITH one AS MATERIALIZED ({in_database}), other AS MATERIALIZED ({sealed})"
        f" SELECT DISTINCT bucket FROM ({only_one})"
    )
    return {bucket for (bucket,) in cursor.fetchall()}
