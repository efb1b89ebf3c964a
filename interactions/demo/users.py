"""Who asks: a few regulars, and many who come once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from random import Random

from .plans import ProjectPlan

# The most frequent users are about equally frequent; from here on a user at twice the rank
# comes half as often (Zipf-Mandelbrot). Smaller, and one person would be a tenth of the traffic.
_REGULARS = 15
# The part of all users that was there on the first day.
_FIRST_DAY_USERS = 0.3
# A prime above the number of users of the largest demo, and a multiplier that scatters.
_SCATTER_MODULUS, _SCATTER_FACTOR = 1_000_003, 612_361
_NAMES = (
    "ada", "alan", "aiko", "ben", "carla", "chloe", "dario", "edith", "elif", "felix", "frida", "grace",
    "hana", "ines", "ivan", "jonas", "kaya", "lea", "lin", "marta", "mateo", "nadia", "noor", "olga",
    "pablo", "quentin", "rosa", "samir", "tomas", "uma", "vera", "wim", "yuki", "zoe",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class User:
    """One person, the same in every conversation."""

    id: str
    language: str
    group_profile: str
    tags: Mapping[str, str]
    # 0.0: takes a new version of the app on the day it appears; 1.0: when the next one does.
    update_lag: float

    def app_version(self, plan: ProjectPlan, progress: float) -> str:
        """The version in use at `progress` (0.0 on the first day, 1.0 on the last)."""
        released = progress * len(plan.app_versions) - self.update_lag
        return plan.app_versions[max(0, min(int(released), len(plan.app_versions) - 1))]


def draw_user(plan: ProjectPlan, *, count: int, progress: float, seed: int, rng: Random) -> User:
    """Somebody who asks at `progress`. Later days know more people; early ones stay regulars.

    count: interactions in all, which says how many people there are.
    """
    n_users = _n_in_the_end(plan, count) * (_FIRST_DAY_USERS + (1 - _FIRST_DAY_USERS) * progress)
    # The inverse of the distribution: constant work and memory, however many users there are.
    rank = int(_REGULARS * ((1 + n_users / _REGULARS) ** rng.random() - 1))
    return _make_user(plan, rank, seed)


def everybody(plan: ProjectPlan, *, count: int, seed: int) -> Iterator[tuple[float, User]]:
    """Yield all whom `draw_user` may draw, and the progress from which it may."""
    n_users = _n_in_the_end(plan, count)
    for rank in range(ceil(n_users)):
        progress = (rank / n_users - _FIRST_DAY_USERS) / (1 - _FIRST_DAY_USERS)
        yield max(0.0, progress), _make_user(plan, rank, seed)


def _n_in_the_end(plan: ProjectPlan, count: int) -> float:
    """How many people there are on the last day."""
    return max(1.0, count * plan.users_per_interaction)


def _make_user(plan: ProjectPlan, rank: int, seed: int) -> User:
    """Make the user of this rank from nothing but the rank, so that nobody has to be remembered."""
    rng = Random(f"{seed}/{plan.slug}/user/{rank}")
    language = _draw({name: one.share for name, one in plan.languages.items()}, rng)
    # Multiplying modulo a prime scatters the ranks over the numbers without a collision.
    number = (rank + 1) * _SCATTER_FACTOR % _SCATTER_MODULUS
    return User(
        id=f"{rng.choice(_NAMES)}-{number}",
        language=language,
        group_profile=_draw(plan.group_profiles, rng),
        tags={
            **{key: _draw(values, rng) for key, values in plan.tags.items()},
            "region": rng.choice(plan.languages[language].regions),
        },
        update_lag=rng.random(),
    )


def _draw(weights: Mapping[str, float], rng: Random) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]
