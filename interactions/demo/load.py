"""Storing the demo: each of its projects once, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import transaction

from interactions.eligible_users import add_eligible_users
from interactions.ingest import MAX_BATCH, parse_interaction, record_interactions
from interactions.models import Interaction, Project

from .eligible import demo_eligible_users
from .generate import demo_interactions
from .plans import PLANS, ProjectPlan


@dataclass(frozen=True, kw_only=True)
class DemoProject:
    """What became of one project of the demo."""

    name: str
    n_interactions: int
    # False when it held interactions before, and was left as it was.
    is_new: bool


def create_demo_data(
    *, count: int, seed: int, now: datetime, on_progress: Callable[[int], object]
) -> list[DemoProject]:
    """Fill the demo's projects with about `count` interactions in all; see `demo_interactions`.

    Each lists its eligible users; see `demo_eligible_users`.

    A project that holds interactions is left alone, so that running it again, tomorrow or
    with other arguments, neither doubles nor changes what is there.
    on_progress: called with the number of interactions after each batch.
    """
    counts = [round(count * plan.share) for plan in PLANS[:-1]]
    counts.append(count - sum(counts))
    return [
        _fill_project(plan, count=part, seed=seed, now=now, on_progress=on_progress)
        for plan, part in zip(PLANS, counts, strict=True)
    ]


def _fill_project(
    plan: ProjectPlan, *, count: int, seed: int, now: datetime, on_progress: Callable[[int], object]
) -> DemoProject:
    # One transaction: a run that is interrupted leaves nothing, rather than a part that the
    # next run would take for the whole.
    with transaction.atomic():
        project, _ = Project.objects.select_for_update().get_or_create(name=plan.name)
        stored = Interaction.objects.for_project(project)
        if stored.exists():
            return DemoProject(name=project.name, n_interactions=stored.count(), is_new=False)
        lines = demo_interactions(plan, count=count, seed=seed, now=now)
        while batch := [parse_interaction(line) for line in islice(lines, MAX_BATCH)]:
            record_interactions(project, batch)
            on_progress(len(batch))
        eligible = demo_eligible_users(plan, count=count, seed=seed, now=now)
        while users := list(islice(eligible, MAX_BATCH)):
            add_eligible_users(project.pk, users)
        return DemoProject(name=project.name, n_interactions=stored.count(), is_new=True)
