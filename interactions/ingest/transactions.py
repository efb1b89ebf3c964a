"""What every write to a project has in common: one transaction, and again when another was faster."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from django.db import IntegrityError, OperationalError, transaction

from interactions import dialect
from interactions.models import Interaction

from .reading import read_records
from .records import InteractionRecord

Answer = TypeVar("Answer")

# The second attempt has the project for itself. The third is for losing to somebody who deletes.
_ATTEMPTS = 3


class ChangedMeanwhile(OperationalError):
    """An interaction we were about to update was replaced by another sender."""


def in_project(
    using: str,
    project_id: int,
    end_users: Collection[str | None],
    work: Callable[[], Answer],
    *,
    alone: bool = False,
) -> Answer:
    """Do `work` in one transaction that writes to a project; it may be done more than once.

    end_users: whom it is about; None is anybody. alone: beside no other writer about them.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with dialect.turn_to_write(using), transaction.atomic(using=using):
                dialect.enter_project(using, project_id, alone=attempt > 1)
                dialect.enter_users(using, project_id, end_users, alone=alone)
                return work()
        except (IntegrityError, OperationalError) as error:
            # Another sender stored the same between our look and our write, or the database broke a
            # deadlock in their favour: look again.
            may_help = isinstance(error, ChangedMeanwhile) or dialect.was_lost_to_another(error)
            if not may_help or attempt == _ATTEMPTS or transaction.get_connection(using).in_atomic_block:
                raise
    raise AssertionError("the loop above returns or raises")


def read_locked(using: str, primary_keys: Sequence[int]) -> dict[int, InteractionRecord]:
    """Read stored interactions, held until the transaction ends, in an order all writers share."""
    rows = Interaction.objects.using(using).filter(id__in=primary_keys).order_by("id")
    records = read_records(using, list(rows.select_for_update().values_list("id", flat=True)))
    if len(records) < len(primary_keys):
        raise ChangedMeanwhile
    return records
