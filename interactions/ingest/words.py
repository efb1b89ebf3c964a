"""Words to ids: end users, conversations and labels, made when they are new.

Everything here runs inside the transaction that uses the ids. Words are inserted in sorted
order, so that two batches with the same new words wait for each other instead of locking
each other out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from interactions import dialect
from interactions.models import Conversation, Dimension, DimensionKind, EndUser, Label

from .lookups import find_dimensions, find_labels, find_names
from .records import InteractionRecord

# (kind, key): "tag" has one dimension a key, every other kind has the key "".
Axis = tuple[str, str]
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
    def find(axes: set[Axis]) -> dict[Axis, int]:
        return find_dimensions(using, project_id, {key for _, key in axes}) if axes else {}

    known = find(axes)
    if missing := sorted(axes - known.keys()):
        rows = [(project_id, kind, key) for kind, key in missing]
        dialect.insert_new_rows(using, Dimension, ("project_id", "kind", "key"), rows)
        known |= find(set(missing))
    return known


def _label_ids(
    using: str, dimensions: Mapping[Axis, int], words: Mapping[Axis, set[str]]
) -> dict[Axis, dict[str, int]]:
    wanted = {dimensions[axis]: values for axis, values in words.items()}
    known = find_labels(using, wanted)
    missing = {
        dimension_id: new
        for dimension_id, values in sorted(wanted.items())
        if (new := sorted(value for value in values if (dimension_id, value) not in known))
    }
    if missing:
        rows = [
            (dimension_id, value, value.casefold(), False)
            for dimension_id, values in missing.items()
            for value in values
        ]
        dialect.insert_new_rows(using, Label, ("dimension_id", "value", "folded", "is_custom"), rows)
        known |= find_labels(using, missing)
    return {
        axis: {value: known[dimensions[axis], value] for value in values} for axis, values in words.items()
    }


def external_ids(
    using: str, model: type[EndUser] | type[Conversation], project_id: int, wanted: set[str]
) -> dict[str, int]:
    """The primary keys of end users or conversations, made when they are new."""
    known = find_names(using, model, project_id, wanted)
    if missing := sorted(wanted - known.keys()):
        rows = [(project_id, external_id) for external_id in missing]
        dialect.insert_new_rows(using, model, ("project_id", "external_id"), rows)
        known |= find_names(using, model, project_id, missing)
    return known
