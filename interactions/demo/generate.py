"""Who asks when, and which model answers: the conversations of a made-up product."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from random import Random
from typing import Any
from uuid import UUID, uuid5

from .dialogue import make_turns
from .lines import Conversation, make_lines
from .material import read_material
from .plans import Incident, ModelPlan, ProjectPlan
from .rhythm import draw_start, planned_days
from .users import User, draw_user

_NAMESPACE = UUID("6f1c3a0e-52b7-4c1d-9d5e-0b8a7f2e4c11")


def demo_interactions(plan: ProjectPlan, *, count: int, seed: int, now: datetime) -> Iterator[dict[str, Any]]:
    """Make up import lines (contract 10): lazily, in constant memory, oldest day first.

    count: interactions in the 90 UTC days that end with that of `now`. What lies after `now`
        is left out, so there are fewer, by at most the rest of the day.
    Depends on nothing but the arguments. Later on the same day there is more, and what was
    there before is the same, ids included.
    -> {"id": "...", "conversation_id": "...", "end_user": "...", "time_start": "...Z", ...}
    """
    today = now.astimezone(UTC).date()
    stem = f"{seed}/{plan.slug}/{today}"
    rng = Random(stem)
    material = read_material(plan.material)
    n_made = 0
    for day, progress, due in planned_days(plan, count=count, today=today, rng=rng):
        while n_made < due:
            started_at = draw_start(plan, day, rng)
            user = draw_user(plan, count=count, progress=progress, seed=seed, rng=rng)
            model = _draw_model(plan, progress, rng)
            incident = _incident_at(plan, model, started_at, today)
            conversation = Conversation(
                id=str(uuid5(_NAMESPACE, f"{stem}/conversation/{n_made}")),
                plan=plan,
                material=material,
                started_at=started_at,
                user=user,
                tags={**user.tags, "app_version": user.app_version(plan, progress)},
                model=model,
                latency_factor=incident.latency_factor if incident else 1.0,
            )
            turns = make_turns(
                material,
                language=user.language,
                max_turns=min(_draw_n_turns(plan, rng), count - n_made),
                poor_answers=incident.poor_answers if incident else _usual_poor_answers(plan, model, user),
                rng=rng,
            )
            for ended_at, line in make_lines(conversation, turns, now=now, rng=rng):
                # Numbered whether it is left out or not: the hour must not change the ids.
                n_made += 1
                if ended_at <= now:
                    yield {"id": str(uuid5(_NAMESPACE, f"{stem}/interaction/{n_made}")), **line}


def _draw_model(plan: ProjectPlan, progress: float, rng: Random) -> ModelPlan:
    shares = [one.first_share + (one.last_share - one.first_share) * progress for one in plan.models]
    return rng.choices(plan.models, shares)[0]


def _draw_n_turns(plan: ProjectPlan, rng: Random) -> int:
    return rng.choices(range(1, len(plan.turn_weights) + 1), plan.turn_weights)[0]


def _incident_at(plan: ProjectPlan, model: ModelPlan, moment: datetime, today: date) -> Incident | None:
    if plan.incident is not None and plan.incident.covers(model, moment, today=today):
        return plan.incident
    return None


def _usual_poor_answers(plan: ProjectPlan, model: ModelPlan, user: User) -> float:
    """The part of the answers to `user` that miss, on an ordinary day."""
    by_prompt = model.poor_answers * plan.prompt_factors[user.tags["prompt"]]
    return by_prompt + plan.languages[user.language].extra_poor_answers
