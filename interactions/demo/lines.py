"""Turns to import lines (contract 10): times, tokens, costs, feelings and feedback."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from random import Random
from typing import Any

from interactions.times import format_utc

from .dialogue import Turn
from .material import Material
from .plans import ModelPlan, ProjectPlan
from .users import User

# Rules of thumb of tokenizers: a Japanese character is most of a token.
_CHARS_PER_TOKEN = {"japanese": 1.4}
_OTHER_CHARS_PER_TOKEN = 4.0
# What a retrieved passage adds to the prompt, and what finding it adds to the latency.
_TOKENS_PER_SOURCE = 260
_MS_PER_SOURCE = 180
_LATENCY_SIGMA = 0.3
# Between an answer and the next question: time to read, to think and to type.
_READING_CHARS_PER_S = 40
_THINKING_S = 30
_FEEDBACK_AFTER_S = 12
_WAITING_SIGMA = 0.7
_SENTIMENTS = {"good": 0.75, "plain": 0.15, "poor": -0.55}
_SENTIMENT_SIGMA = 0.15
# The part of interactions in which feelings were recognised.
_HAS_EMOTION = {"good": 0.8, "plain": 0.25, "poor": 0.8}
_HAS_WARNING = 0.004
# The part of thumbs and ratings that come with a word of explanation.
_EXPLAINS = 0.2
_GOOD_RATINGS, _POOR_RATINGS = (5, 5, 4, 4, 3), (1, 1, 2, 2, 3)


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """What the turns of a conversation have in common."""

    id: str
    plan: ProjectPlan
    material: Material
    started_at: datetime
    user: User
    tags: Mapping[str, str]
    model: ModelPlan
    # 1.0 on an ordinary day.
    latency_factor: float


def make_lines(
    conversation: Conversation, turns: Iterable[Turn], *, now: datetime, rng: Random
) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Give every turn its numbers. -> (end of the interaction, its line without an id)

    Feedback after `now` is left out; interactions after it are not.
    """
    plan, model, user = conversation.plan, conversation.model, conversation.user
    started_at = conversation.started_at
    n_history_tokens = 0
    for turn in turns:
        n_question_tokens = _n_tokens(turn.question, user.language)
        output_tokens = _n_tokens(turn.answer, user.language)
        input_tokens = (
            plan.prompt_tokens
            + n_history_tokens
            + n_question_tokens
            + len(turn.data_sources) * _TOKENS_PER_SOURCE
        )
        latency_ms = _draw_latency_ms(conversation, turn, output_tokens, rng)
        ended_at = started_at + timedelta(milliseconds=round(latency_ms))
        feedback = _draw_feedback(conversation, turn, ended_at, rng)
        has_emotion = rng.random() < _HAS_EMOTION[turn.mood]
        line = {
            "conversation_id": conversation.id,
            "end_user": user.id,
            "end_user_group_profile": user.group_profile,
            "time_start": format_utc(started_at),
            "time_end": format_utc(ended_at),
            "input": turn.question,
            "output": turn.answer,
            "model": model.name,
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "cost": model.cost_microusd(input_tokens, output_tokens),
            "language": user.language,
            "tags": dict(conversation.tags),
            "intent": turn.intent,
            "topic": turn.topic,
            "negative_intent": turn.negative_intent,
            "negative_intent_message": turn.negative_intent_message,
            "type_of_problem": turn.type_of_problem,
            "keywords": list(turn.keywords),
            "data_sources": list(turn.data_sources),
            "emotions": [rng.choice(conversation.material.emotions[turn.mood])] if has_emotion else [],
            "sentiment": _draw_sentiment(turn, rng),
            "user_query": turn.user_query,
            "warning_message": (
                rng.choice(conversation.material.warnings) if rng.random() < _HAS_WARNING else None
            ),
            "feedback_actions": [
                {**action, "timestamp": format_utc(given_at)}
                for given_at, action in feedback
                if given_at <= now
            ],
        }
        yield ended_at, {name: value for name, value in line.items() if value not in (None, [])}
        n_history_tokens += n_question_tokens + output_tokens
        pause_s = len(turn.answer) / _READING_CHARS_PER_S + _draw_wait_s(_THINKING_S, rng)
        started_at = ended_at + timedelta(milliseconds=round(1000 * pause_s))


def _n_tokens(text: str, language: str) -> int:
    return ceil(len(text) / _CHARS_PER_TOKEN.get(language, _OTHER_CHARS_PER_TOKEN))


def _draw_latency_ms(conversation: Conversation, turn: Turn, output_tokens: int, rng: Random) -> float:
    model = conversation.model
    typical_ms = (
        model.first_token_ms
        + len(turn.data_sources) * _MS_PER_SOURCE
        + 1000 * output_tokens / model.tokens_per_second
    )
    return typical_ms * rng.lognormvariate(0, _LATENCY_SIGMA) * conversation.latency_factor


def _draw_wait_s(typical_s: float, rng: Random) -> float:
    """Seconds somebody takes: mostly about `typical_s`, sometimes much longer."""
    return typical_s * rng.lognormvariate(0, _WAITING_SIGMA)


def _draw_sentiment(turn: Turn, rng: Random) -> float:
    return round(max(-1.0, min(1.0, rng.gauss(_SENTIMENTS[turn.mood], _SENTIMENT_SIGMA))), 2)


def _draw_feedback(
    conversation: Conversation, turn: Turn, ended_at: datetime, rng: Random
) -> list[tuple[datetime, dict[str, Any]]]:
    """What the user did with the answer: (when, the action without its time), in order."""
    actions = {
        slug: _draw_action(conversation, turn, slug, rng)
        for slug, probabilities in conversation.plan.feedback.items()
        if rng.random() < probabilities[turn.is_poor]
    }
    if "thumbs_up" in actions:
        # The wire keeps one thumb a message.
        actions.pop("thumbs_down", None)
    given = [
        (ended_at + timedelta(milliseconds=round(1000 * _draw_wait_s(_FEEDBACK_AFTER_S, rng))), action)
        for action in actions.values()
    ]
    return sorted(given, key=lambda one: one[0])


def _draw_action(conversation: Conversation, turn: Turn, slug: str, rng: Random) -> dict[str, Any]:
    voice = conversation.material.voices[conversation.user.language]
    opinion = rng.choice(voice.disliked if turn.is_poor else voice.liked)
    action: dict[str, Any] = {"slug": slug}
    if slug == "rating":
        action["value"] = rng.choice(_POOR_RATINGS if turn.is_poor else _GOOD_RATINGS)
    if slug in ("thumbs_up", "thumbs_down", "rating"):
        return {**action, "text": opinion} if rng.random() < _EXPLAINS else action
    if slug == "comment":
        action["text"] = opinion
    elif slug in ("copy_output", "paste"):
        action["text"] = turn.answer
    elif slug in ("edit", "copy_input"):
        action["text"] = turn.question
    return action
