"""Which file speaks for a bucket, held to the plainest way of saying it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from interactions.columnar.layout import files_to_merge, hull, pieces_of, ranges_to_seal, runs_of
from interactions.models import SealedFile

N_BUCKETS = 30
# The same examples on every run, because a suite must not fail by chance.
repeatably = settings(derandomize=True, deadline=None)
buckets = st.sets(st.integers(0, N_BUCKETS - 1))


@st.composite
def files(draw: st.DrawFn) -> list[SealedFile]:
    ranges = draw(
        st.lists(st.tuples(st.integers(0, N_BUCKETS - 1), st.integers(1, 8), st.integers(0, 50)), max_size=12)
    )
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
@given(files(), st.dictionaries(st.integers(0, N_BUCKETS - 1), st.integers(0, 900_000)))
def test_ranges_hold_what_is_to_be_sealed_and_no_bucket_of_a_file_besides(
    some: list[SealedFile], n_rows: dict[int, int]
):
    ranges = ranges_to_seal(n_rows, some)

    covered = [bucket for first, end in ranges for bucket in range(first, end)]
    assert len(covered) == len(set(covered))
    assert set(n_rows) <= set(covered)
    assert all(speaker(some, bucket) is None for bucket in set(covered) - set(n_rows))
    for first, end in ranges:
        inside = [n_rows[bucket] for bucket in range(first, end) if bucket in n_rows]
        assert sum(inside) <= 1_000_000 or len(inside) == 1


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
