"""The interactions that are asked about: the same thousand in every run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

N_INTERACTIONS = 1000
# A user has twenty-five interactions and a conversation ten, much as in recorded dialogues.
N_USERS = 40
N_CONVERSATIONS = 100
SHARE_WITHOUT_INTENT = 0.1
SHARE_WITH_FEEDBACK = 0.2

_START = datetime(2024, 5, 1, tzinfo=UTC)
_RANGE = timedelta(days=30)
TIME_RANGE = {"start": _START.isoformat(), "end": (_START + _RANGE).isoformat()}

_INTENTS = (
    "ask price", "ask status", "cancel order", "change address", "change plan", "compare products",
    "complain", "find invoice", "find product", "greet", "request refund", "reset password",
)  # fmt: skip
_TOPICS = ("account", "billing", "other", "products", "returns", "shipping", "stock", "warranty")
_MODELS = ("large", "medium", "small")
_LANGUAGES = ("english", "french", "german", "italian")
_PLANS = ("enterprise", "free", "pro")
_REGIONS = ("asia", "eu", "us")
_KEYWORDS = tuple(f"keyword {number}" for number in range(40))
_FEEDBACK = ("copy_output", "edit", "regenerate", "thumbs_down", "thumbs_up")


def make_lines() -> list[dict[str, Any]]:
    """Import lines (contract 10) of N_INTERACTIONS interactions, all within TIME_RANGE."""
    random = Random(1000)
    plans = [random.choice(_PLANS) for _ in range(N_USERS)]
    conversations = [_conversation(random, number, plans) for number in range(N_CONVERSATIONS)]
    return [_line(random, random.choice(conversations)) for _ in range(N_INTERACTIONS)]


def _conversation(random: Random, number: int, plans: list[str]) -> dict[str, Any]:
    """What the interactions of a conversation have in common. plans: of the users, by number."""
    user = random.randrange(N_USERS)
    return {
        "conversation_id": f"conversation {number}",
        "end_user": f"user {user}",
        "end_user_group_profile": plans[user],
        "language": random.choice(_LANGUAGES),
        "tags": {"plan": plans[user], "region": random.choice(_REGIONS)},
    }


def _line(random: Random, conversation: Mapping[str, Any]) -> dict[str, Any]:
    started_at = _START + random.random() * (_RANGE - timedelta(seconds=10))
    return {
        **conversation,
        "time_start": started_at.isoformat(),
        "time_end": (started_at + timedelta(seconds=random.uniform(0.3, 9))).isoformat(),
        "input": f"Question {random.getrandbits(64):x}",
        "output": f"Answer {random.getrandbits(64):x}",
        "model": random.choice(_MODELS),
        "cost": random.randrange(50, 5000),
        "intent": None if random.random() < SHARE_WITHOUT_INTENT else random.choice(_INTENTS),
        "topic": random.choice(_TOPICS),
        "keywords": random.sample(_KEYWORDS, random.randrange(4)),
        "feedback_actions": (
            [{"slug": random.choice(_FEEDBACK)}] if random.random() < SHARE_WITH_FEEDBACK else []
        ),
    }
