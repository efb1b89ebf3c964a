"""Words to ids: end users, conversations and labels, made when they are new.

Everything here runs inside the transaction that uses the ids. Words are inserted in sorted
order, so that two batches with the same new words wait for each other instead of locking
each other out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from interactions import dialect
from interactions.models import Conversation, Dimension, DimensionKind, EndUser, Label

from .lookups import find_dimensions, find_labels, find_names
from .records import InteractionRecord

# (kind, key): "tag" has one dimension a key, every other kind has the key "".
Axis = tuple[str, str]
# What a word is found by.
Word = TypeVar("Word", str, tuple[str, str], tuple[int, str])
FEEDBACK: Axis = (DimensionKind.USER_FEEDBACK.value, "")
COHORT: Axis = (DimensionKind.COHORT.value, "")


class WordIds:
    """The ids of every word of a batch."""

    def __init__(self, using: str, project_id: int, records: Iterable[InteractionRecord]):
        records = list(records)
        words = _words(records)
        self.dimensions = _dimension_ids(using, project_id, set(words))
        self._labels = _label_ids(using, self.dimensions, words)
        self._users = external_ids(using, EndUser, project_id, {r.end_user for r in records} - {None})
        self._conversations = external_ids(
            using, Conversation, project_id, {r.conversation for r in records} - {None}
        )

    def label(self, axis: Axis, value: str | None) -> int | None:
        return None if value is None else self._labels[axis][value]

    def end_user(self, external_id: str | None) -> int | None:
        return None if external_id is None else self._users[external_id]

    def conversation(self, external_id: str | None) -> int | None:
        return None if external_id is None else self._conversations[external_id]


def update_group_profiles(using: str, project_id: int, profiles: Mapping[str, str]) -> None:
    """Give stored users their group profiles.

    profiles: {"ada": "enterprise-eu"}; users that are not stored are passed over.
    """
    if not profiles:
        return
    users = EndUser.objects.using(using).filter(project_id=project_id, external_id__in=profiles)
    changed = defaultdict(list)
    for pk, external_id, profile in users.order_by("id").values_list(
        "id", "external_id", "group_profile__value"
    ):
        if profiles[external_id] != profile:
            changed[profiles[external_id]].append(pk)
    if changed:
        dimensions = _dimension_ids(using, project_id, {COHORT})
        labels = _label_ids(using, dimensions, {COHORT: set(changed)})
        for profile, pks in changed.items():
            EndUser.objects.using(using).filter(id__in=pks).update(group_profile_id=labels[COHORT][profile])


def _words(records: list[InteractionRecord]) -> dict[Axis, set[str]]:
    words: dict[Axis, set[str]] = defaultdict(set)
    for record in records:
        for kind, value in record.labels.items():
            words[kind, ""].add(value)
        for axis, values in record.many_labels.items():
            words[axis].update(values)
        if types := record.feedback_types:
            words[FEEDBACK].update(types)
    return words


def _dimension_ids(using: str, project_id: int, axes: set[Axis]) -> dict[Axis, int]:
    def find(missing: Collection[Axis]) -> dict[Axis, int]:
        return find_dimensions(using, project_id, {key for _, key in missing})

    def make(missing: Sequence[Axis]) -> dict[Axis, int]:
        rows = [(project_id, kind, key) for kind, key in missing]
        made = dialect.insert_new_rows(
            using, Dimension, ("project_id", "kind", "key"), rows, named_by=("kind", "key")
        )
        return {(kind, key): pk for kind, key, pk in made}

    return _found_or_made(axes, find, make)


def _label_ids(
    using: str, dimensions: Mapping[Axis, int], words: Mapping[Axis, set[str]]
) -> dict[Axis, dict[str, int]]:
    def find(missing: Collection[tuple[int, str]]) -> dict[tuple[int, str], int]:
        values = defaultdict(list)
        for dimension_id, value in missing:
            values[dimension_id].append(value)
        return find_labels(using, values)

    def make(missing: Sequence[tuple[int, str]]) -> dict[tuple[int, str], int]:
        rows = [(dimension_id, value, value.casefold(), False) for dimension_id, value in missing]
        made = dialect.insert_new_rows(
            using,
            Label,
            ("dimension_id", "value", "folded", "is_custom"),
            rows,
            named_by=("dimension_id", "value"),
        )
        return {(dimension_id, value): pk for dimension_id, value, pk in made}

    wanted = {(dimensions[axis], value) for axis, values in words.items() for value in values}
    known = _found_or_made(wanted, find, make)
    return {
        axis: {value: known[dimensions[axis], value] for value in values} for axis, values in words.items()
    }


def external_ids(
    using: str, model: type[EndUser] | type[Conversation], project_id: int, wanted: set[str]
) -> dict[str, int]:
    """The primary keys of end users or conversations, made when they are new."""

    def find(missing: Collection[str]) -> dict[str, int]:
        return find_names(using, model, project_id, missing)

    def make(missing: Sequence[str]) -> dict[str, int]:
        rows = [(project_id, external_id) for external_id in missing]
        fields = ("project_id", "external_id")
        return dict(dialect.insert_new_rows(using, model, fields, rows, named_by=("external_id",)))

    return _found_or_made(wanted, find, make)


def _found_or_made(
    wanted: set[Word],
    find: Callable[[Collection[Word]], dict[Word, int]],
    make: Callable[[Sequence[Word]], dict[Word, int]],
) -> dict[Word, int]:
    """make: gives only those that nobody made since we looked."""
    known = find(wanted) if wanted else {}
    if missing := sorted(wanted - known.keys()):
        known |= make(missing)
        if overtaken := wanted - known.keys():
            known |= find(overtaken)
    return known
