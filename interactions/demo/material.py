"""What is said: the scenes and voices of a product, read from the TOML file beside this one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

_SLOT = re.compile(r"\{\{(\w+)\}\}")
_DIGIT = re.compile("#")


class Exchange(NamedTuple):
    """One question and its answer, with slots."""

    question: str
    answer: str


class PoorAnswer(NamedTuple):
    """An answer that misses, and in which way."""

    answer: str
    type_of_problem: str


class Complaint(NamedTuple):
    """What is said after a poor answer, and what it amounts to."""

    question: str
    negative_intent: str


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One thing people want; any of its questions goes with any of its answers."""

    topic: str
    intent: str
    weight: float
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    poor_answers: tuple[PoorAnswer, ...]
    follow_ups: tuple[Exchange, ...]
    keywords: tuple[str, ...]
    data_sources: tuple[str, ...]
    # What the sources are searched for; None without sources.
    user_query: str | None


@dataclass(frozen=True, kw_only=True)
class Voice:
    """What is said in one language, whatever the topic."""

    poor_answers: tuple[PoorAnswer, ...]
    complaints: tuple[Complaint, ...]
    apologies: tuple[str, ...]
    thanks: tuple[Exchange, ...]
    liked: tuple[str, ...]
    disliked: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Material:
    """Everything that is said in one product."""

    slots: Mapping[str, tuple[str, ...]]
    drawn_together: tuple[Mapping[str, str], ...]
    voices: Mapping[str, Voice]
    # By language.
    scenes: Mapping[str, tuple[Scene, ...]]
    # By mood: good, plain, poor.
    emotions: Mapping[str, tuple[str, ...]]
    # {negative intent: the message that explains it}
    negative_intents: Mapping[str, str]
    warnings: tuple[str, ...]

    def draw_words(self, rng: Random) -> dict[str, str]:
        """One word for every slot: what a conversation is about, from its first turn to its last."""
        drawn = {
            name: _DIGIT.sub(lambda _: rng.choice("0123456789"), rng.choice(values))
            for name, values in self.slots.items()
        }
        return {**drawn, **rng.choice(self.drawn_together)}


def fill(text: str, words: Mapping[str, str]) -> str:
    """Put the words into the slots of `text`. Raises KeyError for a slot that has none."""
    return _SLOT.sub(lambda slot: words[slot[1]], text)


@cache
def read_material(name: str) -> Material:
    """Read the file `name` of this folder."""
    raw = tomllib.loads(Path(__file__).with_name(name).read_text("utf-8"))
    scenes: dict[str, tuple[Scene, ...]] = {}
    for entry in raw["scenes"]:
        language = entry.get("language", "english")
        scenes[language] = (*scenes.get(language, ()), _scene(entry))
    return Material(
        slots={slot: tuple(values) for slot, values in raw["slots"].items()},
        drawn_together=tuple(raw["drawn_together"]),
        voices={language: _voice(entry) for language, entry in raw["voices"].items()},
        scenes=scenes,
        emotions={mood: tuple(words) for mood, words in raw["emotions"].items()},
        negative_intents=raw["negative_intents"],
        warnings=tuple(raw["warnings"]),
    )


def _scene(entry: Mapping[str, Any]) -> Scene:
    return Scene(
        topic=entry["topic"],
        intent=entry["intent"],
        weight=entry.get("weight", 1),
        questions=tuple(entry["ask"]),
        answers=tuple(entry["answer"]),
        poor_answers=tuple(PoorAnswer(*pair) for pair in entry.get("poor", ())),
        follow_ups=tuple(Exchange(*pair) for pair in entry.get("then", ())),
        keywords=tuple(entry["keywords"]),
        data_sources=tuple(entry.get("sources", ())),
        user_query=entry.get("query"),
    )


def _voice(entry: Mapping[str, Any]) -> Voice:
    return Voice(
        poor_answers=tuple(PoorAnswer(*pair) for pair in entry["poor"]),
        complaints=tuple(Complaint(*pair) for pair in entry["complaints"]),
        apologies=tuple(entry["apologies"]),
        thanks=tuple(Exchange(*pair) for pair in entry["thanks"]),
        liked=tuple(entry["liked"]),
        disliked=tuple(entry["disliked"]),
    )
