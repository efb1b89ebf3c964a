"""Whom the products are there for: everybody who might ask, most of whom have not yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from interactions.eligible_users import NewEligibleUser

from .plans import N_DAYS, ProjectPlan
from .users import everybody

# What is known of a user before they ask, in both products.
_TAGS = ("plan", "region")


def demo_eligible_users(
    plan: ProjectPlan, *, count: int, seed: int, now: datetime
) -> Iterator[NewEligibleUser]:
    """List the users of `demo_interactions` of the same arguments, and those who never ask.

    Each from the day on which they might first ask, without an end. Lazily, in constant memory.
    """
    first_day = now.astimezone(UTC).date() - timedelta(days=N_DAYS - 1)
    for progress, user in everybody(plan, count=count, seed=seed):
        yield NewEligibleUser(
            external_id=user.id,
            tags={key: user.tags[key] for key in _TAGS},
            active_from=first_day + timedelta(days=int(progress * (N_DAYS - 1))),
            active_to=None,
        )
