"""What the database says of the store: which files are valid, and what is marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from django.db.models import BigIntegerField, Count, Max, Q

from interactions.models import DirtyMark, Family, SealedFile
from interactions.prepared import Placeholder, PreparedQuery

# The layout of the files, to be raised when it changes: the sealer then writes all of them anew.
FORMAT = 1
# More marked buckets than these are mostly unsealed data, for which the database is faster.
MAX_MARKED = 3_000

_PROJECT_ID = Placeholder("project_id", BigIntegerField())
_FIRST = Placeholder("first", BigIntegerField())
_END = Placeholder("end", BigIntegerField())


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """The store of a project, as of one snapshot, where a question looks at it.

    files: valid ones, by family.
    marks: {bucket: (number of marks, newest mark)}, by family.
    is_complete: False when this is not all there is to know: there are more than MAX_MARKED marked
        buckets, or files of another layout.
    """

    project_id: int
    files: Mapping[Family, Sequence[SealedFile]]
    marks: Mapping[Family, Mapping[int, tuple[int, int]]]
    is_complete: bool


def read_catalog(using: str, project_id: int, window: tuple[int, int]) -> Catalog:
    """Read what a question about the window needs to know; call inside its snapshot. Two queries.

    window: buckets of interactions; of words, all are needed.
    """
    values = {_PROJECT_ID.name: project_id, _FIRST.name: window[0], _END.name: window[1]}
    files: dict[Family, list[SealedFile]] = {family: [] for family in Family}
    is_complete = True
    for row in _files_statement(using).rows(values):
        files[Family(row["family"])].append(SealedFile(**row))
        is_complete &= row["format"] == FORMAT
    marks: dict[Family, dict[int, tuple[int, int]]] = {family: {} for family in Family}
    rows = _marks_statement(using).rows(values, limit=MAX_MARKED + 1)
    for row in rows:
        marks[Family(row["family"])][row["bucket"]] = row["n_marks"], row["newest"]
    is_complete &= len(rows) <= MAX_MARKED
    return Catalog(project_id=project_id, files=files, marks=marks, is_complete=is_complete)


@cache
def _files_statement(using: str) -> PreparedQuery:
    # Served by sealed_file_valid.
    meets = Q(end_bucket__gt=_FIRST, first_bucket__lt=_END)
    rows = SealedFile.objects.filter(
        ~Q(family=Family.INTERACTIONS) | meets, project_id=_PROJECT_ID, retired_at=None
    )
    fields = (
        "id", "project_id", "family", "first_bucket", "end_bucket", "name", "n_rows", "size_bytes", "format",
    )  # fmt: skip
    return PreparedQuery.of(rows.values(*fields).using(using))


@cache
def _marks_statement(using: str) -> PreparedQuery:
    # Served by dirty_mark_bucket.
    meets = Q(bucket__gte=_FIRST, bucket__lt=_END)
    rows = DirtyMark.objects.filter(~Q(family=Family.INTERACTIONS) | meets, project_id=_PROJECT_ID)
    rows = rows.order_by().values("family", "bucket").annotate(n_marks=Count("pk"), newest=Max("pk"))
    return PreparedQuery.of(rows.using(using))
