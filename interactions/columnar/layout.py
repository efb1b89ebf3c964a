"""Which file says what, and which files to write next: decided from the catalog alone.

Where files overlap, the newest says what a bucket holds. A range of buckets is half open.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from interactions.models import SealedFile

# (first, end): first <= bucket < end.
Run = tuple[int, int]

# A file this size is written once and left alone: merging more of them would gain nothing.
MAX_FILE_ROWS = 4_000_000
# What is read at once from the database; bounds its snapshot, and the space for sorting. Labels are sorted
# by dimension within so many interactions: with a quarter of them, files are 2 % larger.
MAX_READ_ROWS = 1_000_000
# Rows of a file that are sealed along, to make one range of two: reading them costs about as much as a file
# of its own. Where every minute with a row is marked and every tenth has none, it would be thousands.
_MAX_ROWS_BETWEEN = 5_000
# A file is merged with its younger neighbour unless it is so many times as large. So there are
# about log4(rows) files, and a row is written again about as often.
_GROWTH = 4
# Small files that say something newer about buckets of a large one. Each is a branch of every question.
_MAX_LAYERS = 8


@dataclass(frozen=True, kw_only=True)
class Piece:
    """The buckets of a file that no newer file and no mark speaks for.

    excluded: runs inside the file's range that are not read from it.
    """

    file: SealedFile
    excluded: tuple[Run, ...]


def runs_of(buckets: Iterable[int]) -> list[Run]:
    """Buckets, in any order, as the fewest runs: {7, 8, 3} -> [(3, 4), (7, 9)]."""
    runs: list[Run] = []
    for bucket in sorted(set(buckets)):
        if runs and runs[-1][1] == bucket:
            runs[-1] = (runs[-1][0], bucket + 1)
        else:
            runs.append((bucket, bucket + 1))
    return runs


def pieces_of(files: Iterable[SealedFile], marked: Iterable[int]) -> list[Piece]:
    """What is read from each file; files that say nothing any more are left out."""
    newer: list[Run] = runs_of(marked)
    pieces = []
    for file in sorted(files, key=lambda file: file.id, reverse=True):
        whole = (file.first_bucket, file.end_bucket)
        excluded = [_cut(run, whole) for run in newer if _overlap(run, whole)]
        if file.n_rows and _length(excluded) < whole[1] - whole[0]:
            pieces.append(Piece(file=file, excluded=tuple(excluded)))
        newer = _union([*newer, whole])
    return pieces


def ranges_to_seal(n_rows: Mapping[int, int], files: Sequence[SealedFile]) -> list[list[Run]]:
    """Ranges that hold all of the given buckets, each small enough for a file that is never merged.

    n_rows: rows of every bucket to be sealed, 0 where there are none any more.
    -> each range as parts that follow on each other, small enough to be read at once.
    Buckets between two of them are sealed along when few of a file's rows lie there: as a rule none. A
    range never reaches from one file into the next: the three would have to be merged together.
    """
    edges = sorted({edge for file in files for edge in (file.first_bucket, file.end_bucket)})
    ranges: list[list[Run]] = []
    n_in_range = n_in_part = 0.0
    for bucket in sorted(n_rows):
        n_more = n_rows[bucket]
        if ranges:
            parts = ranges[-1]
            start, end = parts[-1]
            meets_edge = bisect_left(edges, end) < bisect_right(edges, bucket)
            n_between = _n_rows_between(files, (end, bucket))
            n_more += n_between
            if not meets_edge and n_between <= _MAX_ROWS_BETWEEN and n_in_range + n_more <= MAX_FILE_ROWS:
                n_in_range += n_more
                if n_in_part + n_more <= MAX_READ_ROWS:
                    parts[-1] = (start, bucket + 1)
                    n_in_part += n_more
                else:
                    parts.append((end, bucket + 1))
                    n_in_part = n_more
                continue
        ranges.append([(bucket, bucket + 1)])
        n_in_range = n_in_part = n_rows[bucket]
    return ranges


def files_to_merge(files: Sequence[SealedFile]) -> list[SealedFile]:
    """Files whose ranges together should be one file; [] when all is well.

    All files that overlap the range of those returned are among them.
    """
    clusters = _clusters(files)
    for cluster in clusters:
        if len(cluster) > _MAX_LAYERS + 1:
            return cluster
    # From the youngest: what was sealed last is small, and grows until its neighbour is not much larger.
    for older, younger in reversed(list(pairwise(clusters))):
        n_older, n_younger = _n_rows(older), _n_rows(younger)
        if n_older < _GROWTH * n_younger and n_older + n_younger <= MAX_FILE_ROWS:
            return [*older, *younger]
    return []


def hull(files: Iterable[SealedFile]) -> Run:
    """The range from the first to the last bucket of the files."""
    files = list(files)
    return min(file.first_bucket for file in files), max(file.end_bucket for file in files)


def _clusters(files: Iterable[SealedFile]) -> list[list[SealedFile]]:
    """Files in the order of their ranges; those that overlap stand together."""
    clusters: list[list[SealedFile]] = []
    end = -1
    for file in sorted(files, key=lambda file: (file.first_bucket, file.end_bucket)):
        if clusters and file.first_bucket < end:
            clusters[-1].append(file)
        else:
            clusters.append([file])
        end = max(end, file.end_bucket)
    return clusters


def _n_rows_between(files: Iterable[SealedFile], run: Run) -> float:
    """About how many rows the files have in a run, as if they were spread evenly."""
    if run[0] == run[1]:
        return 0
    return sum(
        file.n_rows * _length([_cut(run, whole)]) / _length([whole])
        for file in files
        if _overlap(run, whole := (file.first_bucket, file.end_bucket))
    )


def _n_rows(files: Iterable[SealedFile]) -> int:
    return sum(file.n_rows for file in files)


def _overlap(one: Run, other: Run) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _cut(run: Run, whole: Run) -> Run:
    return max(run[0], whole[0]), min(run[1], whole[1])


def _length(runs: Iterable[Run]) -> int:
    return sum(end - first for first, end in runs)


def _union(runs: Iterable[Run]) -> list[Run]:
    """Runs that overlap or touch made one, in order."""
    union: list[Run] = []
    for first, end in sorted(runs):
        if union and first <= union[-1][1]:
            union[-1] = (union[-1][0], max(end, union[-1][1]))
        else:
            union.append((first, end))
    return union
