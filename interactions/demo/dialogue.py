"""What is asked and answered in one conversation, turn by turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal

from .material import Complaint, Material, Scene, Voice, fill

# After a poor answer most people say so; the others go on as if nothing had happened.
_COMPLAINS = 0.65
_SAYS_THANKS = 0.35
_FOLLOWS_UP = 0.75
# The next subject is rather one of the same topic.
_SAME_TOPIC_FACTOR = 5
_MAX_KEYWORDS = 3


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One user message and one answer. Labels are None where nothing was recognised."""

    question: str
    answer: str
    # How the user feels about it.
    mood: Literal["good", "plain", "poor"]
    # Whether the answer misses.
    is_poor: bool = False
    topic: str | None = None
    intent: str | None = None
    negative_intent: str | None = None
    negative_intent_message: str | None = None
    type_of_problem: str | None = None
    keywords: tuple[str, ...] = ()
    data_sources: tuple[str, ...] = ()
    user_query: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Subject:
    """What the user wants to know next, and the answers that would do."""

    scene: Scene
    question: str
    answers: tuple[str, ...]


def make_turns(
    material: Material, *, language: str, max_turns: int, poor_answers: float, rng: Random
) -> Iterator[Turn]:
    """Hold a conversation of 1 to `max_turns` turns; it ends early when all has been asked.

    poor_answers: the part of answers that miss.
    """
    speaker = _Speaker(material, language=language, poor_answers=poor_answers, rng=rng)
    subjects = _draw_subjects(material.scenes[language], rng)
    subject = next(subjects)
    turn = speaker.ask(subject)
    yield turn
    for number in range(2, max_turns + 1):
        if turn.is_poor and rng.random() < _COMPLAINS:
            turn = speaker.complain(subject)
        elif not turn.is_poor and number == max_turns and rng.random() < _SAYS_THANKS:
            turn = speaker.thank()
        else:
            try:
                subject = next(subjects)
            except StopIteration:
                return
            turn = speaker.ask(subject)
        yield turn


def _draw_subjects(scenes: tuple[Scene, ...], rng: Random) -> Iterator[_Subject]:
    """The scenes in a plausible order, each once, with some of their follow-ups."""
    unasked = list(scenes)
    topic = None
    while unasked:
        weights = [one.weight * (_SAME_TOPIC_FACTOR if one.topic == topic else 1) for one in unasked]
        (scene,) = rng.choices(unasked, weights)
        unasked.remove(scene)
        topic = scene.topic
        yield _Subject(scene=scene, question=rng.choice(scene.questions), answers=scene.answers)
        for follow_up in scene.follow_ups:
            if rng.random() >= _FOLLOWS_UP:
                break
            yield _Subject(scene=scene, question=follow_up.question, answers=(follow_up.answer,))


class _Speaker:
    """Both sides of a conversation: one language, and one set of words from beginning to end."""

    def __init__(self, material: Material, *, language: str, poor_answers: float, rng: Random):
        self._material = material
        self._voice: Voice = material.voices[language]
        self._poor_answers = poor_answers
        self._rng = rng
        self._words: Mapping[str, str] = material.draw_words(rng)

    def ask(self, subject: _Subject) -> Turn:
        return self._turn(subject)

    def complain(self, subject: _Subject) -> Turn:
        """Complain about the answer; the next one has to do what the last did not."""
        return self._turn(subject, self._rng.choice(self._voice.complaints))

    def thank(self) -> Turn:
        question, answer = self._rng.choice(self._voice.thanks)
        return Turn(question=question, answer=answer, mood="good")

    def _turn(self, subject: _Subject, complaint: Complaint | None = None) -> Turn:
        rng, scene = self._rng, subject.scene
        words = {**self._words, "topic": scene.topic}
        is_poor = rng.random() < self._poor_answers
        if is_poor:
            answer, problem = rng.choice(scene.poor_answers + self._voice.poor_answers)
        else:
            answer, problem = rng.choice(subject.answers), None
            if complaint:
                answer = f"{rng.choice(self._voice.apologies)}\n\n{answer}"
        n_keywords = min(len(scene.keywords), rng.randint(0, _MAX_KEYWORDS))
        return Turn(
            question=fill(complaint.question if complaint else subject.question, words),
            answer=fill(answer, words),
            mood="poor" if is_poor or complaint else "plain",
            is_poor=is_poor,
            topic=scene.topic,
            intent=scene.intent,
            negative_intent=complaint.negative_intent if complaint else None,
            negative_intent_message=(
                fill(self._material.negative_intents[complaint.negative_intent], words) if complaint else None
            ),
            type_of_problem=problem,
            keywords=tuple(rng.sample(scene.keywords, n_keywords)),
            data_sources=scene.data_sources,
            user_query=None if scene.user_query is None else fill(scene.user_query, words),
        )
