"""What is stored already, found by queries that are compiled once for lists of any length.

Django would compile a list anew each time and prepare its values one by one, which took longer than
the database did.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, QuerySet, UUIDField

from interactions.dialect import OneOf
from interactions.models import (
    Conversation,
    Dimension,
    EndUser,
    FeedbackAction,
    Interaction,
    InteractionText,
    Label,
    ModelPrice,
    WaitingTags,
    is_hidden,
)
from interactions.prepared import ListPlaceholder, Placeholder, PreparedQuery, TextsPlaceholder

# Labels of dimensions with more values to find are looked for dimension by dimension.
_FEW = 30

Named = type[Conversation] | type[EndUser]

_PROJECT = Placeholder("project_id", BigIntegerField())
_DIMENSIONS = ListPlaceholder("dimension_ids", BigIntegerField())
_WANTED_TEXTS = TextsPlaceholder("wanted")
_WANTED_UUIDS = ListPlaceholder("wanted", UUIDField())


def find_names(using: str, model: Named, project_id: int, wanted: Collection[str]) -> dict[str, int]:
    """Primary keys by external id."""
    return _keys(using, _NAMED[model], {"project_id": project_id, "wanted": wanted})


def find_labels(using: str, wanted: Mapping[int, Collection[str]]) -> dict[tuple[int, str], int]:
    """Primary keys by dimension and value; beside those wanted there may be others.

    wanted: {dimension_id: ["pro", "free"], ...}
    """
    few = {dimension: values for dimension, values in wanted.items() if len(values) <= _FEW}
    portions = [few] + [{dimension: values} for dimension, values in wanted.items() if dimension not in few]
    found = {}
    for portion in filter(None, portions):
        values = {"dimension_ids": list(portion), "wanted": list(set().union(*portion.values()))}
        for row in _prepared(using, _labels).rows(values):
            found[row["dimension_id"], row["value"]] = row["pk"]
    return found


def find_prices(using: str, project_id: int) -> list[dict[str, Any]]:
    """The prices that staff set for the project and for all: rows of `ModelPrice`."""
    return _prepared(using, _prices).rows({"project_id": project_id})


def find_dimensions(using: str, project_id: int, keys: Collection[str]) -> dict[tuple[str, str], int]:
    """Primary keys by kind and key; of every kind that has such a key."""
    rows = _prepared(using, _dimensions).rows({"project_id": project_id, "wanted": list(keys)})
    return {(row["kind"], row["key"]): row["pk"] for row in rows}


def find_public_ids(using: str, project_id: int, public_ids: Collection[UUID]) -> dict[int, bool]:
    """Interactions of the project by primary key, and whether a deletion hides each."""
    return _keys(using, _public_ids, {"project_id": project_id, "wanted": public_ids})


def find_fingerprints(using: str, project_id: int, fingerprints: Collection[UUID]) -> dict[int, bool]:
    """As `find_public_ids`; a fingerprint is of one project alone."""
    return _keys(using, _fingerprints, {"project_id": project_id, "wanted": fingerprints})


def find_awaited(using: str, project_id: int, end_users: Collection[str]) -> list[str]:
    """Those of the users for an interaction of whom something waits."""
    return list(_keys(using, _awaited, {"project_id": project_id, "wanted": end_users}))


def _keys(using: str, rows: Callable[[], QuerySet], values: dict[str, Any]) -> dict[Any, Any]:
    """What was asked for: rows of two columns, the second by the first."""
    if not values["wanted"]:
        return {}
    found = _prepared(using, rows).rows(values | {"wanted": list(values["wanted"])})
    return dict(row.values() for row in found)


@cache
def _prepared(using: str, rows: Callable[[], QuerySet]) -> PreparedQuery:
    return PreparedQuery.of(rows().using(using))


def _named(model: Named) -> Callable[[], QuerySet]:
    """Served by the index that makes external ids unique."""
    rows = model.objects.filter(OneOf(F("external_id"), _WANTED_TEXTS), project_id=_PROJECT)
    return lambda: rows.values("external_id", "pk")


_NAMED = {model: _named(model) for model in (Conversation, EndUser)}


def _labels() -> QuerySet:
    """Served by label_once_a_dimension, which is asked for every dimension with every value."""
    rows = Label.objects.filter(OneOf(F("dimension_id"), _DIMENSIONS), OneOf(F("value"), _WANTED_TEXTS))
    return rows.values("dimension_id", "value", "pk")


def _prices() -> QuerySet:
    rows = ModelPrice.objects.filter(Q(project_id=_PROJECT) | Q(project=None))
    return rows.values(
        "model", "project_id", "starts_on", "input_microusd_per_mtok", "output_microusd_per_mtok"
    )


def _dimensions() -> QuerySet:
    rows = Dimension.objects.filter(OneOf(F("key"), _WANTED_TEXTS), project_id=_PROJECT)
    return rows.values("kind", "key", "pk")


def _public_ids() -> QuerySet:
    rows = Interaction.objects.filter(OneOf(F("public_id"), _WANTED_UUIDS), project_id=_PROJECT)
    return rows.values("pk", hidden=is_hidden(project_id=_PROJECT))


def _fingerprints() -> QuerySet:
    rows = InteractionText.objects.filter(OneOf(F("fingerprint"), _WANTED_UUIDS))
    return rows.values("pk", hidden=is_hidden(project_id=_PROJECT))


def _awaited() -> QuerySet:
    of_user = {"project": OuterRef("project"), "end_user": OuterRef("pk")}
    # Served by feedback_orphans and waiting_tags_of_user.
    feedback = FeedbackAction.objects.filter(interaction__isnull=True, **of_user)
    tags = WaitingTags.objects.filter(**of_user)
    rows = EndUser.objects.filter(OneOf(F("external_id"), _WANTED_TEXTS), project_id=_PROJECT)
    return rows.filter(Exists(feedback) | Exists(tags)).values("external_id", "pk")
