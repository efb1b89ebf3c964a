"""The list of eligible users of a project: read, extended, replaced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import F, QuerySet

from interactions import dialect
from interactions.models import EligibleUser, Project


@dataclass(frozen=True, kw_only=True)
class NewEligibleUser:
    """external_id: theirs alone in a list. active_to: their last day; None has no end."""

    external_id: str
    tags: Mapping[str, str]
    active_from: date
    active_to: date | None


_COLUMNS = ("external_id", "tags", "active_from", "active_to")


def list_eligible_users(project_id: int) -> list[NewEligibleUser]:
    """All of the project, by id."""
    rows = EligibleUser.objects.for_project(project_id)
    rows = rows.order_by(dialect.by_code_point(F("external_id")))
    return [NewEligibleUser(**row) for row in rows.values(*_COLUMNS)]


def add_eligible_users(project_id: int, users: Sequence[NewEligibleUser]) -> None:
    """Add users; one that is there already becomes what is given now. All or nothing."""
    with _alone_with_list(project_id):
        _named(project_id, [user.external_id for user in users]).delete()
        _insert(project_id, users)


def replace_eligible_users(project_id: int, users: Sequence[NewEligibleUser]) -> None:
    """Make these all there are. All or nothing."""
    with _alone_with_list(project_id):
        EligibleUser.objects.for_project(project_id).delete()
        _insert(project_id, users)


def remove_eligible_users(project_id: int, external_ids: Sequence[str]) -> int:
    """Remove users; ids that are not there are passed over. -> how many were removed"""
    with _alone_with_list(project_id):
        n_removed, _ = _named(project_id, external_ids).delete()
    return n_removed


@contextmanager
def _alone_with_list(project_id: int) -> Iterator[None]:
    """One transaction, that nobody else who writes the project's list is beside.

    Two replacements at once would otherwise leave a mixture of both, or fail on the same user.
    """
    with transaction.atomic():
        # Recording goes on: rows that refer to the project need its key alone. On SQLite every
        # transaction that writes is alone anyway.
        locked = Project.objects.select_for_update(no_key=True).filter(pk=project_id)
        locked.values_list("pk").first()
        yield


def _named(project_id: int, external_ids: Sequence[str]) -> QuerySet:
    # Served by eligible_user_once_a_project.
    named = dialect.is_one_of(DEFAULT_DB_ALIAS, "external_id", external_ids)
    return EligibleUser.objects.for_project(project_id).filter(named)


def _insert(project_id: int, users: Sequence[NewEligibleUser]) -> None:
    rows = ((project_id, *(getattr(user, column) for column in _COLUMNS)) for user in users)
    dialect.insert_rows(DEFAULT_DB_ALIAS, EligibleUser, ("project_id", *_COLUMNS), rows)
