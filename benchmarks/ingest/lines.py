"""The interactions that are sent and imported: the same in every run, each another one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

# As in recorded dialogues, whose texts these are as long as.
INTERACTIONS_A_CONVERSATION = 5
INTERACTIONS_A_USER = 20
# One text in five holds a number, which the anonymiser has to look at.
SHARE_WITH_NUMBER = 0.2
SHARE_WITH_FEEDBACK = 0.1

_START = datetime(2024, 5, 1, tzinfo=UTC)
_SECONDS_APART = 20
_SYLLABLES = (
    "ba",
    "den",
    "fo",
    "gri",
    "hal",
    "jo",
    "ki",
    "lum",
    "mer",
    "no",
    "par",
    "qua",
    "ros",
    "ti",
    "ven",
    "za",
)
_MODELS = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4", "mistral-large")


def make_lines(seed: int) -> Iterator[dict[str, Any]]:
    """Import lines without end: three tags and three keywords each. Another seed, others."""
    random = Random(seed)
    words = ["".join(random.choices(_SYLLABLES, k=random.randint(1, 4))) for _ in range(4000)]
    for number in count():
        started_at = _START + timedelta(seconds=number * _SECONDS_APART + random.random() * _SECONDS_APART)
        yield {
            "conversation_id": f"conversation {seed} {number // INTERACTIONS_A_CONVERSATION}",
            "end_user": f"user {seed} {number // INTERACTIONS_A_USER}",
            "time_start": started_at.isoformat(),
            "time_end": (started_at + timedelta(seconds=random.uniform(0.3, 9))).isoformat(),
            "input": _text(random, words, 12),
            "output": _text(random, words, 40),
            "model": random.choice(_MODELS),
            "input_tokens": random.randrange(2000),
            "output_tokens": random.randrange(500),
            "language": "english",
            "intent": f"intent {random.randrange(300)}",
            "topic": f"topic {random.randrange(60)}",
            "tags": {
                "plan": f"plan {random.randrange(4)}",
                "region": f"region {random.randrange(50)}",
                "release": f"release {random.randrange(2000)}",
            },
            "keywords": [f"keyword {each}" for each in random.sample(range(5000), 3)],
            "feedback_actions": [{"slug": "thumbs_up"}] if random.random() < SHARE_WITH_FEEDBACK else [],
        }


def _text(random: Random, words: list[str], n_words: int) -> str:
    chosen = random.choices(words, k=n_words)
    if random.random() < SHARE_WITH_NUMBER:
        chosen[random.randrange(n_words)] = str(random.randrange(1000))
    return " ".join(chosen).capitalize() + "."
