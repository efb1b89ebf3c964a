"""Which file speaks for a bucket, held to the plainest way of saying it."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from interactions.columnar.layout import Run, files_to_merge, hull, pieces_of, ranges_to_seal, runs_of
from interactions.models import SealedFile

N_BUCKETS = 30
# The same examples on every run, because a suite must not fail by chance.
repeatably = settings(derandomize=True, deadline=None)
buckets = st.sets(st.integers(0, N_BUCKETS - 1))


@st.composite
def files(draw: st.DrawFn, max_rows: int = 50) -> list[SealedFile]:
    file = st.tuples(st.integers(0, N_BUCKETS - 1), st.integers(1, 8), st.integers(0, max_rows))
    ranges = draw(st.lists(file, max_size=12))
    return [
        SealedFile(id=number, first_bucket=first, end_bucket=first + length, n_rows=n_rows)
        for number, (first, length, n_rows) in enumerate(ranges)
    ]


def speaker(files: list[SealedFile], bucket: int) -> SealedFile | None:
    covering = [file for file in files if file.first_bucket <= bucket < file.end_bucket]
    return max(covering, key=lambda file: file.id, default=None)


@repeatably
@given(buckets)
def test_runs_hold_the_buckets_and_never_touch(some: set[int]):
    runs = runs_of(some)

    assert {bucket for first, end in runs for bucket in range(first, end)} == some
    assert all(one[1] < other[0] for one, other in pairwise(runs))


@repeatably
@given(files(), buckets)
def test_newest_file_speaks_unless_the_bucket_is_marked(some: list[SealedFile], marked: set[int]):
    pieces = pieces_of(some, marked)

    for bucket in range(N_BUCKETS + 10):
        speaking = [
            piece.file
            for piece in pieces
            if piece.file.first_bucket <= bucket < piece.file.end_bucket
            and not any(first <= bucket < end for first, end in piece.excluded)
        ]
        expected = None if bucket in marked else speaker(some, bucket)
        assert speaking == ([expected] if expected is not None and expected.n_rows else [])


@repeatably
@given(files(max_rows=30_000), st.dictionaries(st.integers(0, N_BUCKETS - 1), st.integers(0, 900_000)))
def test_ranges_hold_what_is_to_be_sealed_and_few_rows_of_a_file_besides(
    some: list[SealedFile], n_rows: dict[int, int]
):
    ranges = [(parts[0][0], parts[-1][1]) for parts in ranges_to_seal(n_rows, some)]

    covered = [bucket for first, end in ranges for bucket in range(first, end)]
    assert len(covered) == len(set(covered))
    assert set(n_rows) <= set(covered)
    for run in runs_of(set(covered) - set(n_rows)):
        assert rows_of_files(some, run) <= 5_000
    for first, end in ranges:
        inside = [n_rows[bucket] for bucket in range(first, end) if bucket in n_rows]
        assert sum(inside) <= 4_000_000
        assert not any(first < edge < end for file in some for edge in (file.first_bucket, file.end_bucket))


@repeatably
@given(files(max_rows=30_000), st.dictionaries(st.integers(0, N_BUCKETS - 1), st.integers(0, 900_000)))
def test_parts_of_a_range_follow_on_each_other_and_are_as_large_as_may_be(
    some: list[SealedFile], n_rows: dict[int, int]
):
    for parts in ranges_to_seal(n_rows, some):
        assert all(one[1] == other[0] for one, other in pairwise(parts))
        assert all(rows_to_read(n_rows, some, part) <= 1_000_000 for part in parts)
        for one, (start, _) in pairwise(parts):
            next_bucket = min(bucket for bucket in n_rows if bucket >= start)
            assert rows_to_read(n_rows, some, (one[0], next_bucket + 1)) > 1_000_000


def test_minutes_without_a_row_do_not_make_a_file_of_every_hour():
    """All of a file is marked again: in its minutes that have rows, of which one in ten has none."""
    file = SealedFile(id=1, first_bucket=0, end_bucket=100_000, n_rows=300_000)
    marked = {bucket: 3 for bucket in range(100_000) if bucket % 10}

    assert ranges_to_seal(marked, [file]) == [[(1, 100_000)]]


def rows_of_files(some: list[SealedFile], run: Run) -> Fraction:
    """How many rows files have in a run, as if they were spread evenly."""
    return sum(
        Fraction(file.n_rows, file.end_bucket - file.first_bucket)
        for file in some
        for bucket in range(*run)
        if file.first_bucket <= bucket < file.end_bucket
    )


def rows_to_read(n_rows: dict[int, int], some: list[SealedFile], part: Run) -> Fraction:
    """Those that were counted, and those of buckets between, as far as files tell."""
    buckets = range(*part)
    between = runs_of(set(buckets) - set(n_rows))
    return sum(n_rows.get(bucket, 0) for bucket in buckets) + sum(rows_of_files(some, run) for run in between)


@repeatably
@given(files())
def test_merging_ends_with_few_files_and_takes_all_that_overlap(some: list[SealedFile]):
    next_id = len(some)
    while merged := files_to_merge(some):
        first, end = hull(merged)
        others = [file for file in some if file not in merged]
        assert len(merged) > 1
        assert not any(file.first_bucket < end and first < file.end_bucket for file in others)
        n_rows = sum(file.n_rows for file in merged)
        some = [*others, SealedFile(id=next_id, first_bucket=first, end_bucket=end, n_rows=n_rows)]
        next_id += 1
    assert len(some) <= 9 + 6
