"""What is stored already, found by queries that are compiled once for lists of any length.

Django would compile a list anew each time and prepare its values one by one, which took longer than
the database did.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import BigIntegerField, Exists, F, OuterRef, QuerySet, TextField, UUIDField

from interactions.dialect import OneOf
from interactions.models import (
    Conversation,
    Dimension,
    EndUser,
    FeedbackAction,
    Interaction,
    InteractionText,
    Label,
    WaitingTags,
    is_hidden,
)
from interactions.prepared import ListPlaceholder, Placeholder, PreparedQuery

Named = type[Conversation] | type[EndUser] | type[Label]

# Whom a name belongs to, which makes it unique together with it.
_OWNERS = {Conversation: "project_id", EndUser: "project_id", Label: "dimension_id"}
_NAMES = {Conversation: "external_id", EndUser: "external_id", Label: "value"}
_OWNER = Placeholder("owner_id", BigIntegerField())
_WANTED_TEXTS = ListPlaceholder("wanted", TextField())
_WANTED_UUIDS = ListPlaceholder("wanted", UUIDField())


def find_names(using: str, model: Named, owner_id: int, wanted: Collection[str]) -> dict[str, int]:
    """Primary keys by name. owner_id: of the project, or of the dimension of labels."""
    return _keys(using, _NAMED[model], {"owner_id": owner_id, "wanted": wanted})


def find_dimensions(using: str, project_id: int, keys: Collection[str]) -> dict[tuple[str, str], int]:
    """Primary keys by kind and key; of every kind that has such a key."""
    rows = _prepared(using, _dimensions).rows({"owner_id": project_id, "wanted": list(keys)})
    return {(row["kind"], row["key"]): row["pk"] for row in rows}


def find_public_ids(using: str, project_id: int, public_ids: Collection[UUID]) -> dict[int, bool]:
    """Interactions of the project by primary key, and whether a deletion hides each."""
    return _keys(using, _public_ids, {"owner_id": project_id, "wanted": public_ids})


def find_fingerprints(using: str, fingerprints: Collection[UUID]) -> dict[int, bool]:
    """As `find_public_ids`; a fingerprint is of one project alone."""
    return _keys(using, _fingerprints, {"wanted": fingerprints})


def find_awaited(using: str, project_id: int, end_users: Collection[str]) -> list[str]:
    """Those of the users for an interaction of whom something waits."""
    return list(_keys(using, _awaited, {"owner_id": project_id, "wanted": end_users}))


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
    """Served by the index that makes names unique."""
    name = _NAMES[model]
    rows = model.objects.filter(OneOf(F(name), _WANTED_TEXTS), **{_OWNERS[model]: _OWNER})
    return lambda: rows.values(name, "pk")


_NAMED = {model: _named(model) for model in _NAMES}


def _dimensions() -> QuerySet:
    rows = Dimension.objects.filter(OneOf(F("key"), _WANTED_TEXTS), project_id=_OWNER)
    return rows.values("kind", "key", "pk")


def _public_ids() -> QuerySet:
    rows = Interaction.objects.filter(OneOf(F("public_id"), _WANTED_UUIDS), project_id=_OWNER)
    return rows.values("pk", hidden=is_hidden())


def _fingerprints() -> QuerySet:
    rows = InteractionText.objects.filter(OneOf(F("fingerprint"), _WANTED_UUIDS))
    return rows.values("pk", hidden=is_hidden())


def _awaited() -> QuerySet:
    of_user = {"project": OuterRef("project"), "end_user": OuterRef("pk")}
    # Served by feedback_orphans and waiting_tags_of_user.
    feedback = FeedbackAction.objects.filter(interaction__isnull=True, **of_user)
    tags = WaitingTags.objects.filter(**of_user)
    rows = EndUser.objects.filter(OneOf(F("external_id"), _WANTED_TEXTS), project_id=_OWNER)
    return rows.filter(Exists(feedback) | Exists(tags)).values("external_id", "pk")
