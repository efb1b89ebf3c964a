"""New files of the store: written beside it, moved into place, and made valid in one transaction."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import duckdb
from django.db import transaction
from django.utils import timezone

from interactions.models import DirtyMark, SealedFile

from .catalog import FORMAT
from .copying import quoted
from .families import KeptFamily, KeptTable
from .instance import instance, store_folder
from .layout import Run

# Below so many rows a file has small blocks: a column takes at least one.
_SMALL_FILE_ROWS = 500_000
_SMALL_BLOCK_BYTES, _LARGE_BLOCK_BYTES = 65_536, 262_144
_IDS_A_STATEMENT = 10_000
# Makes the tables of a family, given what each of them is to be called.
Fill = Callable[[duckdb.DuckDBPyConnection, Callable[[KeptTable], str]], None]


@dataclass(frozen=True, kw_only=True)
class WrittenFile:
    path: Path
    n_rows: int


def write_file(folder: Path, family: KeptFamily, n_expected: int, fill: Fill) -> WrittenFile | None:
    """Write a database file with the tables that `fill` makes; None when they hold nothing.

    n_expected: about how many rows its main table will have.
    """
    path = folder / f"{family.kind.name.lower()}-{uuid4().hex}.duckdb"
    block_bytes = _SMALL_BLOCK_BYTES if n_expected < _SMALL_FILE_ROWS else _LARGE_BLOCK_BYTES
    name = instance().next_name("new")
    cursor = instance().cursor()
    cursor.execute(f"ATTACH '{quoted(path)}' AS {name} (BLOCK_SIZE {block_bytes})")
    try:
        fill(cursor, lambda table: f"{name}.main.{table.name}")
        (n_rows,) = cursor.execute(f"SELECT count(*) FROM {name}.main.{family.tables[0].name}").fetchone()
        cursor.execute(f"CHECKPOINT {name}")
    finally:
        cursor.execute(f"DETACH {name}")
        cursor.close()
    return WrittenFile(path=path, n_rows=n_rows) if n_rows else None


def publish(
    using: str,
    family: KeptFamily,
    project_id: int,
    run: Run,
    file: WrittenFile | None,
    marks: Sequence[int] = (),
) -> None:
    """Let a file, or nothing, stand for a run, and take away the marks that it knows of.

    Files that lie within the run are retired.
    """
    first, end = run
    name, n_rows, size_bytes = "", 0, 0
    if file is not None:
        name, n_rows, size_bytes = file.path.name, file.n_rows, file.path.stat().st_size
        _make_durable(file.path)
        file.path.rename(store_folder() / name)
        _make_durable(store_folder())
    with transaction.atomic(using=using):
        files = SealedFile.objects.using(using)
        files.filter(
            project_id=project_id,
            family=family.kind,
            retired_at=None,
            first_bucket__gte=first,
            end_bucket__lte=end,
        ).update(retired_at=timezone.now())
        files.create(
            project_id=project_id,
            family=family.kind,
            first_bucket=first,
            end_bucket=end,
            name=name,
            n_rows=n_rows,
            size_bytes=size_bytes,
            format=FORMAT,
            sealed_at=timezone.now(),
        )
        for start in range(0, len(marks), _IDS_A_STATEMENT):
            some = marks[start : start + _IDS_A_STATEMENT]
            DirtyMark.objects.using(using).filter(id__in=some)._raw_delete(using)


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
