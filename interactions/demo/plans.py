"""The two products in numbers: how many people ask, when, which model answers, and how well.

A few stories are told on purpose, so that the analytics have something to find:

* Twelve days ago, one model of the web shop was slow and wrong for a day and a half.
* The web shop moves from a large model to a small one: cost and latency fall over the weeks.
* Answers in Japanese miss more often, sometimes because they are in English.
* The prompt named "thorough" gets fewer thumbs down than the one named "concise".
* Developers rest at the weekend, shoppers hardly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

# The day of the run and the 89 before it.
N_DAYS = 90


@dataclass(frozen=True, kw_only=True)
class ModelPlan:
    """One model and what it is like."""

    name: str
    # Its part of the conversations on the first and on the last day; in between it moves evenly.
    first_share: float
    last_share: float
    first_token_ms: int
    tokens_per_second: int
    # The part of its answers that miss.
    poor_answers: float
    # None for a model the team runs itself: what it costs is not known.
    input_microusd_per_1000_tokens: int | None
    output_microusd_per_1000_tokens: int | None

    def cost_microusd(self, input_tokens: int, output_tokens: int) -> int | None:
        """The price of one answer, to the nearest micro-dollar; None when it is not known."""
        if self.input_microusd_per_1000_tokens is None or self.output_microusd_per_1000_tokens is None:
            return None
        thousandths = (
            input_tokens * self.input_microusd_per_1000_tokens
            + output_tokens * self.output_microusd_per_1000_tokens
        )
        return (thousandths + 500) // 1000


@dataclass(frozen=True, kw_only=True)
class Incident:
    """Some hours in which one model is slow and wrong."""

    model: str
    days_ago: int
    start_hour: int
    n_hours: int
    latency_factor: float
    poor_answers: float

    def covers(self, model: ModelPlan, moment: datetime, *, today: date) -> bool:
        """Whether `model` misbehaves at `moment`."""
        start = datetime.combine(today - timedelta(days=self.days_ago), time(self.start_hour), UTC)
        return model.name == self.model and start <= moment < start + timedelta(hours=self.n_hours)


@dataclass(frozen=True, kw_only=True)
class LanguagePlan:
    """One language: its part of the users, where they live, and what it adds to poor answers."""

    share: float
    regions: tuple[str, ...]
    extra_poor_answers: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ProjectPlan:
    """One product. Weights need not sum to one."""

    name: str
    # Part of user ids, and of what ids of interactions are made from.
    slug: str
    # The file beside this one that holds what is said.
    material: str
    # Its part of all the interactions of the demo.
    share: float
    prompt_tokens: int
    models: tuple[ModelPlan, ...]
    incident: Incident | None
    # By hour of the day, UTC, and by day of the week from Monday.
    hour_weights: tuple[float, ...]
    weekday_weights: tuple[float, ...]
    # Traffic of the last day, when that of the first is 1.
    growth: float
    # Weights of 1, 2, 3 ... turns in a conversation.
    turn_weights: tuple[float, ...]
    # Distinct people for every interaction, when everybody who might ask did.
    users_per_interaction: float
    languages: Mapping[str, LanguagePlan]
    group_profiles: Mapping[str, float]
    # {"channel": {"web": 5, "ios": 3}}; the tags `region` and `app_version` are added to these.
    tags: Mapping[str, Mapping[str, float]]
    # What the tag `prompt` does to the part of poor answers.
    prompt_factors: Mapping[str, float]
    # Released at even distances over the days; the first was there before.
    app_versions: tuple[str, ...]
    # {slug: (probability after a good answer, after a poor one)}
    feedback: Mapping[str, tuple[float, float]]


_GPT_4O = {"input_microusd_per_1000_tokens": 2_500, "output_microusd_per_1000_tokens": 10_000}
_GPT_4O_MINI = {"input_microusd_per_1000_tokens": 150, "output_microusd_per_1000_tokens": 600}
_MISTRAL_LARGE = {"input_microusd_per_1000_tokens": 2_000, "output_microusd_per_1000_tokens": 6_000}
_CLAUDE_SONNET_4 = {"input_microusd_per_1000_tokens": 3_000, "output_microusd_per_1000_tokens": 15_000}
_SELF_HOSTED = {"input_microusd_per_1000_tokens": None, "output_microusd_per_1000_tokens": None}

_WEB_SHOP = ProjectPlan(
    name="Web shop assistant (demo)",
    slug="shop",
    material="web_shop.toml",
    share=0.6,
    prompt_tokens=380,
    models=(
        ModelPlan(
            name="gpt-4o",
            first_share=0.7,
            last_share=0.15,
            first_token_ms=620,
            tokens_per_second=75,
            poor_answers=0.07,
            **_GPT_4O,
        ),
        ModelPlan(
            name="gpt-4o-mini",
            first_share=0.1,
            last_share=0.7,
            first_token_ms=420,
            tokens_per_second=110,
            poor_answers=0.09,
            **_GPT_4O_MINI,
        ),
        ModelPlan(
            name="mistral-large",
            first_share=0.2,
            last_share=0.15,
            first_token_ms=700,
            tokens_per_second=55,
            poor_answers=0.12,
            **_MISTRAL_LARGE,
        ),
    ),
    incident=Incident(
        model="gpt-4o-mini", days_ago=12, start_hour=6, n_hours=36, latency_factor=4.5, poor_answers=0.65
    ),
    # Quiet nights, a first peak at lunch and a higher one on the sofa.
    hour_weights=(
        1, 0.6, 0.4, 0.3, 0.4, 0.8, 2, 4, 6, 7, 8, 9,
        10, 8, 7, 7, 8, 9, 11, 13, 13, 10, 6, 3,
    ),
    weekday_weights=(1.15, 1.05, 1, 1, 0.95, 0.8, 0.75),
    growth=1.7,
    turn_weights=(34, 22, 15, 10, 7, 4, 3, 2, 1.2, 0.8, 0.6, 0.4),
    users_per_interaction=0.9,
    languages={
        "english": LanguagePlan(share=62, regions=("uk", "us", "ie")),
        "german": LanguagePlan(share=15, regions=("de", "at", "ch")),
        "french": LanguagePlan(share=9, regions=("fr", "be", "ch")),
        "spanish": LanguagePlan(share=6, regions=("es",)),
        "italian": LanguagePlan(share=4, regions=("it", "ch")),
        "japanese": LanguagePlan(share=4, regions=("jp",), extra_poor_answers=0.25),
    },
    group_profiles={"guest": 50, "member": 38, "business": 12},
    tags={
        "channel": {"web": 55, "ios": 25, "android": 20},
        "plan": {"standard": 80, "plus": 20},
        "prompt": {"concise": 1, "thorough": 1},
    },
    prompt_factors={"concise": 1.25, "thorough": 0.75},
    app_versions=("5.2", "5.3", "5.4", "6.0"),
    feedback={
        "thumbs_up": (0.07, 0.005),
        "thumbs_down": (0.008, 0.26),
        "rating": (0.03, 0.06),
        "copy_output": (0.04, 0.005),
        "regenerate": (0.01, 0.12),
        "edit": (0.005, 0.04),
        "comment": (0.006, 0.03),
    },
)  # fmt: skip

_CODING = ProjectPlan(
    name="Coding assistant (demo)",
    slug="coding",
    material="coding.toml",
    share=0.4,
    prompt_tokens=950,
    models=(
        ModelPlan(
            name="claude-sonnet-4",
            first_share=0.45,
            last_share=0.6,
            first_token_ms=850,
            tokens_per_second=70,
            poor_answers=0.06,
            **_CLAUDE_SONNET_4,
        ),
        ModelPlan(
            name="gpt-4o",
            first_share=0.45,
            last_share=0.2,
            first_token_ms=640,
            tokens_per_second=75,
            poor_answers=0.1,
            **_GPT_4O,
        ),
        ModelPlan(
            name="qwen2.5-coder-32b",
            first_share=0.1,
            last_share=0.2,
            first_token_ms=300,
            tokens_per_second=38,
            poor_answers=0.16,
            **_SELF_HOSTED,
        ),
    ),
    incident=None,
    # Office hours, with a dip at lunch.
    hour_weights=(
        0.3, 0.2, 0.2, 0.2, 0.3, 0.8, 3, 8, 12, 13, 12, 9,
        7, 11, 13, 12, 9, 6, 4, 3, 3, 2, 1.2, 0.6,
    ),
    weekday_weights=(1.05, 1.15, 1.1, 1.05, 0.9, 0.2, 0.18),
    growth=2.4,
    turn_weights=(20, 18, 16, 13, 10, 7, 5, 4, 3, 2, 1.2, 0.8),
    users_per_interaction=0.15,
    languages={
        "english": LanguagePlan(share=84, regions=("emea", "americas", "apac")),
        "german": LanguagePlan(share=8, regions=("emea",)),
        "french": LanguagePlan(share=4, regions=("emea",)),
        "japanese": LanguagePlan(share=4, regions=("apac",), extra_poor_answers=0.2),
    },
    group_profiles={"platform": 30, "web": 35, "data": 20, "contractors": 15},
    tags={
        "editor": {"vscode": 60, "jetbrains": 28, "neovim": 12},
        "plan": {"team": 55, "enterprise": 45},
        "prompt": {"concise": 1, "thorough": 1},
    },
    prompt_factors={"concise": 1.25, "thorough": 0.75},
    app_versions=("1.8", "1.9", "1.10", "1.11", "2.0"),
    feedback={
        "thumbs_up": (0.05, 0.004),
        "thumbs_down": (0.006, 0.14),
        "rating": (0.015, 0.03),
        "copy_output": (0.3, 0.05),
        "copy_input": (0.01, 0.01),
        "paste": (0.03, 0.01),
        "regenerate": (0.015, 0.16),
        "edit": (0.03, 0.08),
        "comment": (0.004, 0.02),
    },
)  # fmt: skip

PLANS = (_WEB_SHOP, _CODING)
