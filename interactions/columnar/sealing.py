"""Rows of the database written as columns: sealed files, merged as they grow old."""

from __future__ import annotations

import fcntl
import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.models import Count, Max, Q, Sum

from interactions import dialect
from interactions.models import DirtyMark, Family, Project, SealedFile

from .catalog import FORMAT
from .copying import copy_rows, make_tables
from .families import FAMILIES, KeptFamily, KeptTable, bucket_of
from .instance import UnreadableFile, instance, store_folder
from .layout import MAX_READ_ROWS, Run, files_to_merge, ranges_to_seal
from .merging import merge
from .publishing import publish, write_file

logger = logging.getLogger(__name__)

# What goes wrong with a disk, a file or the database while sealing. It costs speed: what was
# recorded is safe, and stays marked.
SealingErrors = (OSError, duckdb.Error, UnreadableFile, Error)
# Rows that are not told apart when deciding what to seal at once.
_COUNTED_TOGETHER = MAX_READ_ROWS // 20
# While one part is read, another is sorted; PostgreSQL reads both at once.
_READ_AT_ONCE = 2
# For DuckDB. More makes sealing no faster, and a sealer works beside others.
_MEMORY_MB = 256


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
        with instance().in_memory_of(_MEMORY_MB):
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
    # Counting what to seal reads as many pages as copying it.
    with dialect.read_once(using):
        for family in FAMILIES.values():
            # Damaged, or of a layout that is no longer read: their whole ranges are written anew.
            runs = [
                (file.first_bucket, file.end_bucket)
                for file in valid_files(using, project.pk, family.kind)
                if file.format != FORMAT
            ]
            for run in runs:
                report.n_rows += _seal(using, family, project.pk, [run])
            later = _ranges_to_seal(using, family, project.pk, end)
            for parts in later:
                report.n_rows += _seal(using, family, project.pk, parts)
            report.n_sealed += len(runs) + len(later)
            while files := files_to_merge(valid_files(using, project.pk, family.kind)):
                merge(using, family, project.pk, files)
                report.n_merged += len(files)
        _note_size(using, project)
    return report


def seal_recorded(projects: Iterable[Project]) -> None:
    """Seal what a command recorded, as far as possible; what fails is logged.

    Does nothing when no question is to be answered from files.
    """
    if settings.QUERY_ENGINE == "database":
        return
    try:
        with sealer_lock():
            for project in projects:
                seal_project(project)
    except SealingErrors as error:
        logger.warning("Recorded, but not sealed: %s", error)


def projects_with_marks(using: str = DEFAULT_DB_ALIAS) -> list[Project]:
    """Projects in which something changed since it was sealed, and those with damaged files."""
    marked = DirtyMark.objects.using(using).values("project_id")
    damaged = SealedFile.objects.using(using).filter(retired_at=None).exclude(format=FORMAT)
    wanted = Q(pk__in=marked) | Q(pk__in=damaged.values("project_id"))
    return list(Project.objects.using(using).filter(wanted))


def newest_mark(using: str = DEFAULT_DB_ALIAS) -> int | None:
    """The number of the last mark there is, of any project; another one means that something changed."""
    return DirtyMark.objects.using(using).aggregate(newest=Max("id"))["newest"]


def valid_files(using: str, project_id: int, kind: Family) -> list[SealedFile]:
    return list(SealedFile.objects.using(using).filter(project_id=project_id, family=kind, retired_at=None))


def marked_buckets(using: str, project_id: int, kind: Family) -> list[int]:
    """Those that changed since they were sealed, in order."""
    marks = DirtyMark.objects.using(using).filter(project_id=project_id, family=kind)
    return sorted(marks.order_by().values_list("bucket", flat=True).distinct())


def rows_by_bucket(using: str, family: KeptFamily, project_id: int) -> Mapping[int, int]:
    """How many rows of the family's main table the database holds in each bucket that has any."""
    main = family.tables[0]
    rows = main.rows(project_id).using(using)
    groups = rows.values(place=family.buckets.grouped(main.place)).annotate(n_rows=Count("pk"))
    return {family.buckets.bucket_of_group(group["place"]): group["n_rows"] for group in groups.iterator()}


def _count_in(using: str, family: KeptFamily, project_id: int, run: Run) -> int:
    main = family.tables[0]
    return main.rows(project_id).using(using).filter(family.buckets.within(main.place, *run)).count()


def _ranges_to_seal(using: str, family: KeptFamily, project_id: int, end: int | None) -> list[list[Run]]:
    """Runs that hold all marked buckets before `end`, each as large as a file may be, in parts."""
    buckets = marked_buckets(using, project_id, family.kind)
    if family.kind is Family.INTERACTIONS and end is not None:
        buckets = [bucket for bucket in buckets if bucket < end]
    if not buckets:
        return []
    n_rows = _count_in(using, family, project_id, _range_of(buckets))
    counts = _count_rows(using, family, project_id, buckets, n_rows)
    return ranges_to_seal(counts, valid_files(using, project_id, family.kind))


def _count_rows(
    using: str, family: KeptFamily, project_id: int, buckets: Sequence[int], n_rows: int
) -> dict[int, int]:
    """How many rows there are in the buckets; a few, up to the next, are counted for the first of them.

    Far cheaper than each bucket by itself, and close enough to tell how much is sealed at once.
    n_rows: from the first bucket to the last.
    """
    if len(buckets) == 1 or n_rows <= _COUNTED_TOGETHER:
        return {**dict.fromkeys(buckets, 0), buckets[0]: n_rows}
    middle = len(buckets) // 2
    first, second = buckets[:middle], buckets[middle:]
    n_first = _count_in(using, family, project_id, _range_of(first))
    if first[-1] + 1 == second[0]:
        n_second = n_rows - n_first
    else:
        n_second = _count_in(using, family, project_id, _range_of(second))
    counts = _count_rows(using, family, project_id, first, n_first)
    return counts | _count_rows(using, family, project_id, second, n_second)


def _range_of(buckets: Sequence[int]) -> Run:
    return buckets[0], buckets[-1] + 1


def _seal(using: str, family: KeptFamily, project_id: int, parts: Sequence[Run]) -> int:
    """Write a file of what the database holds in the parts, and take away the marks that it knows of.

    parts: follow on each other. Each is read in a snapshot of its own, with the marks that are there by
        then: what changes later leaves others.
    """
    run = parts[0][0], parts[-1][1]
    seen: list[int] = []
    turn = dialect.turn_to_read(using)

    def fill(cursor: duckdb.DuckDBPyConnection, name_of: Callable[[KeptTable], str]) -> None:
        def copy_part(part: Run) -> None:
            with dialect.read_once(using), dialect.snapshot(using):
                seen.extend(_marks_in(using, family, project_id, part))
                copy_rows(using, family, project_id, [part], cursor, name_of, turn)

        make_tables(family, cursor, name_of)
        _do_side_by_side(using, copy_part, parts)

    with tempfile.TemporaryDirectory(dir=store_folder(), prefix="sealing-") as folder:
        n_expected = _count_in(using, family, project_id, run)
        file = write_file(Path(folder), family, n_expected, fill)
        publish(using, family, project_id, run, file, seen)
    return 0 if file is None else file.n_rows


def _do_side_by_side(using: str, copy_part: Callable[[Run], None], parts: Sequence[Run]) -> None:
    """Copy parts, so many at a time, each over a connection of its own.

    Inside a transaction one after the other: no other connection sees what it sees.
    """
    if len(parts) == 1 or connections[using].in_atomic_block:
        for part in parts:
            copy_part(part)
        return

    def copy_and_disconnect(part: Run) -> None:
        try:
            copy_part(part)
        finally:
            connections[using].close()

    with ThreadPoolExecutor(max_workers=_READ_AT_ONCE) as readers:
        copied = [readers.submit(copy_and_disconnect, part) for part in parts]
        try:
            for each in copied:
                each.result()
        finally:
            # When one has failed, those that have not begun are not needed.
            readers.shutdown(cancel_futures=True)


def _marks_in(using: str, family: KeptFamily, project_id: int, run: Run) -> list[int]:
    first, end = run
    marks = DirtyMark.objects.using(using).filter(
        project_id=project_id, family=family.kind, bucket__gte=first, bucket__lt=end
    )
    return list(marks.values_list("id", flat=True))


def _note_size(using: str, project: Project) -> None:
    files = SealedFile.objects.using(using).filter(
        project_id=project.pk, family=Family.INTERACTIONS, retired_at=None
    )
    n_sealed = files.aggregate(n=Sum("n_rows", default=0))["n"]
    Project.objects.using(using).filter(pk=project.pk).exclude(n_sealed=n_sealed).update(n_sealed=n_sealed)
