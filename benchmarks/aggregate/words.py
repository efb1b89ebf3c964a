"""The words of the generated interactions: their dimensions, and where each one's labels begin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from interactions.models import DimensionKind, FeedbackType

PROJECTS = ("large", "small")
TAG_KEYS = ("release", "screen", "tenant")
N_TAG_VALUES = 2000
N_KEYWORDS = 5000
_SIZES = (
    (DimensionKind.INTENT, "", 300),
    (DimensionKind.NEGATIVE_INTENT, "", 40),
    (DimensionKind.TOPIC, "", 60),
    (DimensionKind.TYPE_OF_PROBLEM, "", 15),
    (DimensionKind.LANGUAGE, "", 12),
    (DimensionKind.MODEL, "", 8),
    (DimensionKind.COHORT, "", 12),
    (DimensionKind.KEYWORD, "", N_KEYWORDS),
    *((DimensionKind.TAG, key, N_TAG_VALUES) for key in TAG_KEYS),
    (DimensionKind.USER_FEEDBACK, "", len(FeedbackType)),
)


@dataclass(frozen=True, kw_only=True)
class GeneratedDimension:
    """A dimension of the first project; the second has the same, with ids that follow the first's.

    first_label_id: the labels are numbered from there, without gaps.
    """

    id: int
    kind: str
    key: str
    first_label_id: int
    n_labels: int

    @property
    def values(self) -> Sequence[str]:
        if self.kind == DimensionKind.USER_FEEDBACK:
            return FeedbackType.values
        return [f"{self.key or self.kind} {number}" for number in range(self.n_labels)]


def _dimensions() -> Iterator[GeneratedDimension]:
    first_label_id = 1
    for number, (kind, key, n_labels) in enumerate(_SIZES, start=1):
        yield GeneratedDimension(
            id=number, kind=kind.value, key=key, first_label_id=first_label_id, n_labels=n_labels
        )
        first_label_id += n_labels


DIMENSIONS = {(dimension.kind, dimension.key): dimension for dimension in _dimensions()}
N_DIMENSIONS = len(DIMENSIONS)
N_LABELS = sum(dimension.n_labels for dimension in DIMENSIONS.values())


def dimension_rows() -> Iterator[tuple[int, int, str, str]]:
    """-> (id, project_id, kind, key)"""
    for number in range(len(PROJECTS)):
        for dimension in DIMENSIONS.values():
            yield number * N_DIMENSIONS + dimension.id, number + 1, dimension.kind, dimension.key


def label_rows() -> Iterator[tuple[int, int, str, str, bool]]:
    """-> (id, dimension_id, value, folded, is_custom)"""
    for number in range(len(PROJECTS)):
        for dimension in DIMENSIONS.values():
            first = number * N_LABELS + dimension.first_label_id
            for place, value in enumerate(dimension.values):
                dimension_id = number * N_DIMENSIONS + dimension.id
                yield first + place, dimension_id, value, value.casefold(), place % 10 == 0
