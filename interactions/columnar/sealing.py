"""Rows of the database written as columns: sealed files, merged as they grow old."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import duckdb
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone

from interactions import dialect
from interactions.models import DirtyMark, Family, Project, SealedFile

from .catalog import FORMAT
from .copying import copy_in, copy_out
from .families import FAMILIES, KeptFamily, KeptTable, bucket_of
from .instance import instance, store_folder
from .layout import Run, files_to_merge, hull, pieces_of, ranges_to_seal

# Below so many rows a file has small blocks: a column takes at least one.
_SMALL_FILE_ROWS = 500_000
_SMALL_BLOCK_BYTES, _LARGE_BLOCK_BYTES = 65_536, 262_144
_IDS_A_STATEMENT = 10_000


@dataclass(kw_only=True)
class SealReport:
    """What a pass over the store did."""

    n_sealed: int = 0
    n_rows: int = 0
    n_merged: int = 0


@contextmanager
def sealer_lock() -> Iterator[None]:
    """Be the only one that writes to the store; waits for others. Ends with the process."""
    with (store_folder() / "sealer.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def seal_project(
    project: Project, *, until: datetime | None = None, using: str = DEFAULT_DB_ALIAS
) -> SealReport:
    """Seal what is marked in a project, and merge what has become too many files.

    until: interactions from here on stay unsealed, because more of them are coming; None seals all.
    Killed at any point, what was sealed is valid, and the rest is still marked.
    """
    report = SealReport()
    end = None if until is None else bucket_of(until)
    for family in FAMILIES.values():
        buckets = _marked(using, project.pk, family.kind)
        if family.kind is Family.INTERACTIONS and end is not None:
            buckets = [bucket for bucket in buckets if bucket < end]
        for file in valid_files(using, project.pk, family.kind):
            if file.format != FORMAT:
                # Damaged, or of a layout that is no longer read: its whole range is written anew.
                report.n_rows += _seal(using, family, project.pk, (file.first_bucket, file.end_bucket))
                report.n_sealed += 1
        files = valid_files(using, project.pk, family.kind)
        for run in ranges_to_seal(_count_rows(using, family, project.pk, buckets), files):
            report.n_rows += _seal(using, family, project.pk, run)
            report.n_sealed += 1
        report.n_merged += _merge_all(using, family, project.pk)
    _note_size(using, project)
    return report


def projects_with_marks(using: str = DEFAULT_DB_ALIAS) -> list[Project]:
    """Projects in which something changed since it was sealed, and those with damaged files."""
    marked = DirtyMark.objects.using(using).values("project_id")
    damaged = SealedFile.objects.using(using).filter(retired_at=None).exclude(format=FORMAT)
    wanted = Q(pk__in=marked) | Q(pk__in=damaged.values("project_id"))
    return list(Project.objects.using(using).filter(wanted))


def valid_files(using: str, project_id: int, kind: Family) -> list[SealedFile]:
    return list(SealedFile.objects.using(using).filter(project_id=project_id, family=kind, retired_at=None))


def _marked(using: str, project_id: int, kind: Family) -> list[int]:
    marks = DirtyMark.objects.using(using).filter(project_id=project_id, family=kind)
    return sorted(marks.order_by().values_list("bucket", flat=True).distinct())


def _count_rows(using: str, family: KeptFamily, project_id: int, buckets: Sequence[int]) -> Mapping[int, int]:
    """The rows of the family's main table in each of the buckets."""
    counts = dict.fromkeys(buckets, 0)
    if not buckets:
        return counts
    main = family.tables[0]
    kept = family.buckets.within(main.place, buckets[0], buckets[-1] + 1)
    groups = (
        main.rows(project_id)
        .using(using)
        .filter(kept)
        .values(place=family.buckets.grouped(main.place))
        .annotate(n_rows=Count("pk"))
    )
    for group in groups.iterator():
        bucket = family.buckets.bucket_of_group(group["place"])
        if bucket in counts:
            counts[bucket] = group["n_rows"]
    return counts


def _seal(using: str, family: KeptFamily, project_id: int, run: Run) -> int:
    """Write a file of what the database holds in the run, and take away the marks that it knows of."""
    first, end = run
    with tempfile.TemporaryDirectory(dir=store_folder(), prefix="sealing-") as name:
        folder = Path(name)
        with dialect.snapshot(using):
            marks = DirtyMark.objects.using(using).filter(
                project_id=project_id, family=family.kind, bucket__gte=first, bucket__lt=end
            )
            seen = list(marks.values_list("id", flat=True))
            paths = copy_out(using, family, project_id, [run], folder)

        def fill(cursor: duckdb.DuckDBPyConnection, name_of: Callable[[KeptTable], str]) -> None:
            copy_in(cursor, family, paths, name_of)

        n_expected = paths[family.tables[0].name].stat().st_size // 30
        file = _write(folder, family, n_expected, fill)
        return _publish(using, family, project_id, run, file, seen)


def _merge_all(using: str, family: KeptFamily, project_id: int) -> int:
    n_merged = 0
    while files := files_to_merge(valid_files(using, project_id, family.kind)):
        _merge(using, family, project_id, files)
        n_merged += len(files)
    return n_merged


def _merge(using: str, family: KeptFamily, project_id: int, files: Sequence[SealedFile]) -> None:
    """One file in place of several that are neighbours. Marks stay: what they mean has not changed."""
    # Of the newest says: buckets that are marked are merged along, and not read.
    pieces = pieces_of(files, ())
    sources = [store_folder() / piece.file.name for piece in pieces]

    def fill(cursor: duckdb.DuckDBPyConnection, name_of: Callable[[KeptTable], str]) -> None:
        with instance().attached(sources) as names:
            for table in family.tables:
                selects = []
                for piece, source in zip(pieces, sources, strict=True):
                    conditions = [
                        f"NOT (bucket >= {first} AND bucket < {end})" for first, end in piece.excluded
                    ]
                    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
                    selects.append(f"SELECT * FROM {names[source]}.{table.name}{where}")
                cursor.execute(
                    f"CREATE TABLE {name_of(table)} AS {' UNION ALL '.join(selects)}"
                    f" ORDER BY {', '.join(table.order)}"
                )

    with tempfile.TemporaryDirectory(dir=store_folder(), prefix="merging-") as folder:
        file = None
        if pieces:
            file = _write(Path(folder), family, sum(piece.file.n_rows for piece in pieces), fill)
        _publish(using, family, project_id, hull(files), file, ())


@dataclass(frozen=True, kw_only=True)
class _Written:
    path: Path
    n_rows: int


def _write(
    folder: Path,
    family: KeptFamily,
    n_expected: int,
    fill: Callable[[duckdb.DuckDBPyConnection, Callable[[KeptTable], str]], None],
) -> _Written | None:
    """Make a database file and let `fill` make its tables; None when they hold nothing."""
    path = folder / f"{family.kind.name.lower()}-{uuid4().hex}.duckdb"
    block_bytes = _SMALL_BLOCK_BYTES if n_expected < _SMALL_FILE_ROWS else _LARGE_BLOCK_BYTES
    name = instance().next_name("new")
    cursor = instance().cursor()
    quoted = str(path).replace("'", "''")
    cursor.execute(f"ATTACH '{quoted}' AS {name} (BLOCK_SIZE {block_bytes})")
    try:
        fill(cursor, lambda table: f"{name}.main.{table.name}")
        (n_rows,) = cursor.execute(f"SELECT count(*) FROM {name}.main.{family.tables[0].name}").fetchone()
        cursor.execute(f"CHECKPOINT {name}")
    finally:
        cursor.execute(f"DETACH {name}")
        cursor.close()
    return _Written(path=path, n_rows=n_rows) if n_rows else None


def _publish(
    using: str, family: KeptFamily, project_id: int, run: Run, file: _Written | None, marks: Sequence[int]
) -> int:
    """Move a file into the store, and in one transaction make it valid and take away the marks."""
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
    return n_rows


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _note_size(using: str, project: Project) -> None:
    files = SealedFile.objects.using(using).filter(
        project_id=project.pk, family=Family.INTERACTIONS, retired_at=None
    )
    n_sealed = files.aggregate(n=Sum("n_rows", default=0))["n"]
    Project.objects.using(using).filter(pk=project.pk).exclude(n_sealed=n_sealed).update(n_sealed=n_sealed)
