"""Storing a batch: the whole rows it leaves, once, however often and in whatever pieces it is sent."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from interactions.ingest import (
    MAX_BATCH,
    BatchTooLarge,
    IngestResult,
    NewInteraction,
    Outcome,
    parse_interaction,
    record_interactions,
)
from interactions.models import Conversation, Dimension, EndUser, Interaction, Label, Project
from tests.storage import Row, every_row, ids, stored

START = datetime(2024, 5, 27, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ID, OTHER_ID = UUID(int=1, version=4), UUID(int=2, version=4)
STORED, UPDATED, UNCHANGED = Outcome.STORED, Outcome.UPDATED, Outcome.UNCHANGED

LINE: dict[str, Any] = {
    "id": str(ID),
    "end_user": "ada",
    "conversation_id": "c1",
    "time_start": "2024-05-27T10:00:00Z",
    "time_end": "2024-05-27T10:00:01Z",
    "input": "Where is my parcel?",
    "output": "On its way.",
}
# What is stored of LINE: everything it does not say is empty or unknown.
ROW: Row = {
    "id": ID,
    "end_user": "ada",
    "group_profile": None,
    "conversation": "c1",
    "started_at": START,
    "ended_at": START + SECOND,
    "latency_us": 1_000_000,
    **dict.fromkeys(("intent", "negative_intent", "topic", "type_of_problem", "language", "model")),
    **dict.fromkeys(("cost_microusd", "input_tokens", "output_tokens", "sentiment")),
    "has_pii": False,
    "n_positive_implicit": 0,
    "n_positive_explicit": 0,
    "n_negative_implicit": 0,
    "n_negative_explicit": 0,
    "labels": {},
    "feedback": [],
    "input": "Where is my parcel?",
    "output": "On its way.",
    "history": [],
    "messages": [],
    "traces": [],
    **dict.fromkeys(("user_query", "warning_message", "negative_intent_message")),
    **dict.fromkeys(("user_query_folded", "warning_message_folded", "negative_intent_message_folded")),
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="shop")


@pytest.fixture
def stranger() -> Project:
    return Project.objects.create(name="stranger")


def item(**changes: Any) -> NewInteraction:
    return parse_interaction(LINE | changes)


def send(project: Project, *batch: dict[str, Any], anonymize: bool = False) -> IngestResult:
    """Record a batch, given as what each line changes of LINE."""
    return record_interactions(project, [item(**changes) for changes in batch], anonymize=anonymize)


def action(slug: str, type: str | None = None, **changes: Any) -> Row:
    """A stored feedback action of Ada's."""
    unknown = dict.fromkeys(("text", "rating", "input", "output"))
    return {"slug": slug, "type": type, "end_user": "ada", "occurred_at": START + SECOND} | unknown | changes


# What is stored


def test_everything_given_is_stored_as_given(project: Project):
    result = send(
        project,
        {
            "end_user_group_profile": "enterprise",
            "time_start": "2024-05-27T12:00:00.000001+02:00",
            "model": "large",
            "input_tokens": 12,
            "output_tokens": 0,
            "cost": 250,
            "language": "english",
            "tags": {"plan": "pro", "seats": 3, "trial": False},
            "intent": "track",
            "topic": "shipping",
            "negative_intent": "impatient",
            "type_of_problem": "late",
            "keywords": ["parcel", "late", "parcel"],
            "data_sources": ["faq"],
            "emotions": ["joy", "anger"],
            "sentiment": -0.1,
            "user_query": "STRAẞE status",
            "warning_message": "Slow",
            "negative_intent_message": "Hurry",
            "feedback_actions": [
                {"slug": "rating", "timestamp": "2024-05-27T10:01:00Z", "text": "fine", "value": 4},
                {"slug": "thumbs_up"},
                {"slug": "copy_output", "text": "its way"},
                {"slug": "comment", "text": ""},
            ],
            "history": [["Hi", "Hello"]],
            "messages": [{"role": "user", "content": "Hi"}],
            "traces": [{"model": "large", "cost": 1.5, "ok": True, "none": None}],
        },
    )

    assert result == IngestResult(ids=[ID], outcomes=[STORED])
    assert stored(project) == [
        ROW
        | {
            "group_profile": "enterprise",
            "started_at": START + timedelta(microseconds=1),
            "latency_us": 999_999,
            "model": "large",
            "input_tokens": 12,
            "output_tokens": 0,
            "cost_microusd": 250,
            "language": "english",
            "intent": "track",
            "topic": "shipping",
            "negative_intent": "impatient",
            "type_of_problem": "late",
            "sentiment": -0.1,
            "n_positive_implicit": 1,
            "n_positive_explicit": 2,
            "labels": {
                "tag: plan": ["pro"],
                "tag: seats": ["3"],
                "tag: trial": ["false"],
                "keyword": ["late", "parcel"],
                "data_source": ["faq"],
                "emotion": ["anger", "joy"],
                "user_feedback": ["positive_explicit", "positive_implicit"],
            },
            "feedback": [
                action("comment", text=""),
                action("copy_output", "positive_implicit", text="its way"),
                action(
                    "rating",
                    "positive_explicit",
                    text="fine",
                    rating=4,
                    occurred_at=datetime(2024, 5, 27, 10, 1, tzinfo=UTC),
                ),
                action("thumbs_up", "positive_explicit"),
            ],
            "history": [["Hi", "Hello"]],
            "messages": [{"role": "user", "content": "Hi"}],
            "traces": [{"model": "large", "cost": 1.5, "ok": True, "none": None}],
            "user_query": "STRAẞE status",
            "warning_message": "Slow",
            "negative_intent_message": "Hurry",
            "user_query_folded": "strasse status",
            "warning_message_folded": "slow",
            "negative_intent_message_folded": "hurry",
        }
    ]


def test_what_is_not_given_is_empty_or_unknown(project: Project):
    send(project, {})

    assert stored(project) == [ROW]


def test_a_source_may_know_neither_user_nor_end(project: Project):
    unknown = item().model_copy(update={"end_user": None, "time_end": None, "conversation_id": None})

    record_interactions(project, [unknown])

    nothing = {"end_user": None, "conversation": None, "ended_at": None, "latency_us": None}
    assert stored(project) == [ROW | nothing]


def test_empty_texts_are_stored_and_empty_free_texts_are_unknown(project: Project):
    send(project, {"input": "", "output": "", "user_query": "", "warning_message": ""})

    assert stored(project) == [ROW | {"input": "", "output": ""}]


def test_ids_and_outcomes_come_in_the_order_of_the_items(project: Project):
    send(project, {"id": str(OTHER_ID), "input": "first"})

    result = send(project, {"id": None, "input": "third"}, {"input": "first", "id": None}, {"topic": "a"})

    assert result.outcomes == [STORED, UNCHANGED, STORED]
    assert result.ids[1:] == [OTHER_ID, ID]
    assert ids(project) == set(result.ids)
    assert (result.count(STORED), result.count(UPDATED), result.count(UNCHANGED)) == (2, 0, 1)


@pytest.mark.parametrize(
    "text",
    ["\x00", "a\ud800b", "\t\r\n\\N\\.", "😀 e\u0301 \ufffe", "x" * 5_000_000, "é" * 2_500_000],
    ids=["NUL", "lone half", "escapes", "beyond ASCII", "5 MB", "5 MB of two bytes"],
)
def test_any_text_is_stored(project: Project, text: str):
    kept = text.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")

    send(project, {"input": text, "user_query": text, "history": [text], "traces": {text[:9]: text[:9]}})

    assert stored(project) == [
        ROW
        | {
            "input": kept,
            "history": [kept],
            "traces": {kept[:9]: kept[:9]},
            "user_query": kept,
            "user_query_folded": kept.casefold(),
        }
    ]


def test_words_of_500_characters_of_four_bytes_are_stored(project: Project):
    word = "😀" * 500
    fields = ("end_user", "end_user_group_profile", "conversation_id", "topic", "model")

    send(project, {**dict.fromkeys(fields, word), "tags": {word: word}, "keywords": [word]})

    assert stored(project) == [
        ROW
        | {
            **dict.fromkeys(("end_user", "group_profile", "conversation", "topic", "model"), word),
            "labels": {f"tag: {word}": [word], "keyword": [word]},
        }
    ]


def test_words_are_kept_apart_by_every_character(project: Project):
    words = ["pro", "Pro", "pro ", " pro", "\u00e9", "e\u0301", "ß", "ss", "ſ", "s"]

    send(
        project,
        *(
            {"id": None, "end_user": word, "conversation_id": word, "topic": word, "tags": {word: word}}
            for word in words
        ),
    )

    rows = stored(project)
    assert sorted(row["topic"] for row in rows) == sorted(words)
    assert sorted(row["conversation"] for row in rows) == sorted(words)
    assert {row["end_user"]: row["labels"] for row in rows} == {
        word: {f"tag: {word}": [word]} for word in words
    }


def test_labels_are_stored_with_what_is_searched_for(project: Project):
    send(project, {"topic": "STRAẞE", "keywords": ["İ"]})

    labels = Label.objects.order_by("value")
    assert [(label.value, label.folded, label.is_custom) for label in labels] == [
        ("STRAẞE", "strasse", False),
        ("İ", "i̇", False),
    ]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(1, 1, 1), datetime(1, 1, 1, microsecond=1)),
        (datetime(9999, 12, 31, 23, 59, 59, 999_999), datetime.max),
        (datetime(2024, 2, 29), datetime(2024, 3, 31)),
    ],
    ids=["first", "last", "31 days"],
)
def test_any_moment_is_stored_exactly(project: Project, start: datetime, end: datetime):
    start, end = start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)
    times = {"time_start": start.isoformat(), "time_end": end.isoformat()}

    outcomes = [send(project, times).outcomes for _ in range(2)]

    assert outcomes == [[STORED], [UNCHANGED]]
    latency_us = (end - start) // timedelta(microseconds=1)
    assert stored(project) == [ROW | {"started_at": start, "ended_at": end, "latency_us": latency_us}]


@pytest.mark.parametrize("number", [0, -1, 1.5, 2**63 - 1, 1e16, 1e23, -1e300, 5e-324, 0.1 + 0.2])
def test_a_number_in_a_document_is_not_changed_by_being_sent_again(project: Project, number: float):
    outcomes = [send(project, {"traces": [number]}).outcomes for _ in range(2)]

    assert outcomes == [[STORED], [UNCHANGED]]
    # PostgreSQL keeps the value, not whether it was written as a whole number.
    assert float(stored(project)[0]["traces"][0]) == float(number)


def test_an_interaction_may_have_a_thousand_labels_of_each_kind(project: Project):
    words = [f"word {number}" for number in range(1000)]
    labels = {"tags": {word: word for word in words}, "keywords": words, "emotions": words}

    outcomes = [send(project, {"topic": "a", **labels}).outcomes for _ in range(2)]

    assert outcomes == [[STORED], [UNCHANGED]]
    (row,) = stored(project)
    assert row["topic"] == "a"
    assert row["labels"] == {
        "keyword": sorted(words),
        "emotion": sorted(words),
        **{f"tag: {word}": [word] for word in words},
    }


def test_the_largest_batch_is_stored(project: Project):
    batch = [
        {"id": None, "end_user": str(number), "conversation_id": str(number), "topic": str(number)}
        for number in range(MAX_BATCH)
    ]

    assert send(project, *batch).outcomes == [STORED] * MAX_BATCH
    assert send(project, *batch).outcomes == [UNCHANGED] * MAX_BATCH
    assert len(ids(project)) == MAX_BATCH


def test_an_empty_batch_is_no_mistake(project: Project):
    assert send(project) == IngestResult(ids=[], outcomes=[])
    assert stored(project) == []


# Sent again


def test_the_same_again_changes_nothing(project: Project):
    batch = [
        {"topic": "a", "tags": {"plan": "pro"}, "keywords": ["b", "a"], "end_user_group_profile": "big"},
        {"id": None, "feedback_actions": [{"slug": "edit"}, {"slug": "rating", "value": 3}], "input": "2"},
        {"id": None, "history": [["a", "b"]], "cost": 1.4, "sentiment": 0.1, "input": "3"},
    ]
    first = send(project, *batch)
    before = every_row()

    again = send(project, *batch)

    assert again == IngestResult(ids=first.ids, outcomes=[UNCHANGED] * 3)
    assert every_row() == before


NO_ID = {"id": None}
REPEATS = {
    "id and content": {},
    "content without the id": NO_ID,
    "content under another id": {"id": str(OTHER_ID)},
    "content, its start written otherwise": NO_ID | {"time_start": "2024-05-27T12:00:00.000000+02:00"},
    "id with another text": {"input": "Hello?"},
    "id of another user": {"end_user": "bob"},
    "id at another time": {"time_start": "2024-05-27T09:00:00Z"},
    "id without the conversation": {"conversation_id": None},
}


@pytest.mark.parametrize("changes", REPEATS.values(), ids=REPEATS.keys())
def test_the_same_interaction_is(project: Project, changes: dict[str, Any]):
    send(project, {})

    assert send(project, changes | {"topic": "a"}) == IngestResult(ids=[ID], outcomes=[UPDATED])

    assert [row["topic"] for row in stored(project)] == ["a"]


OTHERS = {
    "user": {"end_user": "bob"},
    "conversation": {"conversation_id": "c2"},
    "no conversation": {"conversation_id": None},
    "start": {"time_start": "2024-05-27T10:00:00.000001Z"},
    "input": {"input": "Where is my parcel? "},
    "output": {"output": ""},
    "texts moved from one to the other": {"input": "Where is my parcel?O", "output": "n its way."},
}


@pytest.mark.parametrize("changes", OTHERS.values(), ids=OTHERS.keys())
@pytest.mark.parametrize("other_id", [None, str(OTHER_ID)], ids=["without an id", "with another id"])
def test_another_interaction_is_one_of_another(
    project: Project, changes: dict[str, Any], other_id: str | None
):
    send(project, {})

    assert send(project, changes | {"id": other_id}).outcomes == [STORED]
    assert send(project, {"id": None}, changes | {"id": None}).outcomes == [UNCHANGED] * 2
    assert len(stored(project)) == 2


def test_an_interaction_is_known_by_what_it_was_changed_to_and_no_longer_by_what_it_was(project: Project):
    send(project, {"input": "before"})
    send(project, {"input": "after"})

    assert send(project, {"id": None, "input": "after"}) == IngestResult(ids=[ID], outcomes=[UNCHANGED])
    assert send(project, {"id": None, "input": "before"}).outcomes == [STORED]


def test_an_interaction_updated_without_its_conversation_is_still_known_by_it(project: Project):
    send(project, {"conversation_id": "c1"})
    send(project, {"conversation_id": None, "input": "changed"})

    result = send(project, {"id": None, "conversation_id": "c1", "input": "changed"})

    assert result == IngestResult(ids=[ID], outcomes=[UNCHANGED])


def test_two_interactions_that_are_given_one_content_stay_two(project: Project):
    send(project, {"input": "one"}, {"id": str(OTHER_ID), "input": "two"})

    assert send(project, {"input": "two"}).outcomes == [UPDATED]

    assert [(row["id"], row["input"]) for row in stored(project)] == [(ID, "two"), (OTHER_ID, "two")]
    assert send(project, {"input": "two"}).outcomes == [UNCHANGED]
    assert send(project, {"id": str(OTHER_ID), "input": "two"}).outcomes == [UNCHANGED]
    # By its content it is the one that had it first.
    assert send(project, {"id": None, "input": "two"}).ids == [OTHER_ID]


def test_two_interactions_may_swap_contents(project: Project):
    send(project, {"input": "one"}, {"id": str(OTHER_ID), "input": "two"})

    swapped = [{"input": "two"}, {"id": str(OTHER_ID), "input": "one"}]
    assert send(project, *swapped).outcomes == [UPDATED, UPDATED]

    assert [(row["id"], row["input"]) for row in stored(project)] == [(ID, "two"), (OTHER_ID, "one")]
    assert send(project, *swapped).outcomes == [UNCHANGED, UNCHANGED]


# Sent again within a batch

BY_ID, BY_CONTENT = {"input": "changed"}, {"id": None}


@pytest.mark.parametrize("n_before", range(4), ids=lambda n: f"{n} of them before")
@pytest.mark.parametrize(
    "batch",
    [
        pytest.param([{}, {}, {}], id="three times the same"),
        pytest.param([{}, BY_CONTENT, BY_CONTENT], id="by content"),
        pytest.param([BY_CONTENT, BY_CONTENT, BY_CONTENT], id="by content alone"),
        pytest.param([{}, BY_ID, BY_ID], id="by id"),
        pytest.param([{}, BY_CONTENT, BY_ID], id="by content, then by id"),
        pytest.param([{}, BY_ID, {"id": None, "input": "changed"}], id="by id, then by the new content"),
        pytest.param([{}, {"id": str(OTHER_ID)}, BY_ID], id="by content under another id"),
    ],
)
def test_within_a_batch_as_in_batches_of_one(project: Project, batch: list[dict[str, Any]], n_before: int):
    topics = ["a", "b", "c"]
    keys = ["x", "y", "z"]
    batch = [
        line | {"topic": topic, "tags": {key: topic}}
        for line, topic, key in zip(batch, topics, keys, strict=True)
    ]
    for line in batch[:n_before]:
        send(project, line)

    result = send(project, *batch[n_before:])

    assert len(set(result.ids)) <= 1
    (row,) = stored(project)
    assert row["topic"] == "c"
    assert row["labels"] == {"tag: x": ["a"], "tag: y": ["b"], "tag: z": ["c"]}
    assert row["input"] == batch[-1].get("input", LINE["input"])


def test_one_by_its_id_and_one_by_its_content_are_merged_in_the_order_of_the_batch(project: Project):
    send(project, {"input": "one"})

    # The second is no longer what the first one was: it is new.
    result = send(project, {"input": "two", "topic": "a"}, {"id": None, "input": "one", "topic": "b"})

    assert result.outcomes == [UPDATED, STORED]
    assert {row["input"]: row["topic"] for row in stored(project)} == {"two": "a", "one": "b"}


def test_one_by_its_content_and_one_by_its_id_are_merged_in_the_order_of_the_batch(project: Project):
    send(project, {"input": "one"})

    result = send(project, {"id": None, "input": "one", "topic": "b"}, {"input": "two", "topic": "a"})

    assert result == IngestResult(ids=[ID, ID], outcomes=[UPDATED, UPDATED])
    assert [(row["input"], row["topic"]) for row in stored(project)] == [("two", "a")]


def test_a_content_given_up_in_a_batch_is_free_for_the_next_of_it(project: Project):
    send(project, {"input": "one"}, {"id": str(OTHER_ID), "input": "two"})

    send(project, {"input": "three"}, {"id": str(OTHER_ID), "input": "one"})

    assert send(project, {"id": None, "input": "one"}) == IngestResult(ids=[OTHER_ID], outcomes=[UNCHANGED])


# Merging


def test_what_is_given_overwrites_and_what_is_absent_stays(project: Project):
    given = {"topic": "a", "model": "m", "cost": 5, "user_query": "Q", "history": [["a", "b"]]}
    send(project, given | {"sentiment": 0.5, "input_tokens": 7})

    assert send(project, {"topic": "b", "cost": 0, "user_query": "R", "sentiment": 0}).outcomes == [UPDATED]

    assert stored(project) == [
        ROW
        | {
            "topic": "b",
            "model": "m",
            "cost_microusd": 0,
            "input_tokens": 7,
            "sentiment": 0.0,
            "user_query": "R",
            "user_query_folded": "r",
            "history": [["a", "b"]],
        }
    ]


@pytest.mark.parametrize(
    "nothing",
    [{"topic": None}, {"topic": ""}, {"tags": {}}, {"keywords": []}, {"history": []}, {"user_query": ""}],
    ids=str,
)
def test_nothing_overwrites_nothing(project: Project, nothing: dict[str, Any]):
    send(
        project,
        {"topic": "a", "tags": {"plan": "x"}, "keywords": ["k"], "history": [["a", "b"]], "user_query": "Q"},
    )

    assert send(project, nothing).outcomes == [UNCHANGED]


def test_given_tags_overwrite_and_others_stay(project: Project):
    send(project, {"tags": {"plan": "free", "region": "eu"}})

    send(project, {"tags": {"plan": "pro", "source": "web"}})

    assert stored(project)[0]["labels"] == {
        "tag: plan": ["pro"],
        "tag: region": ["eu"],
        "tag: source": ["web"],
    }


def test_lists_of_labels_are_replaced_as_a_whole(project: Project):
    send(project, {"keywords": ["a", "b"], "emotions": ["joy"]})

    send(project, {"keywords": ["c", "b"]})

    assert stored(project)[0]["labels"] == {"keyword": ["b", "c"], "emotion": ["joy"]}


def test_a_changed_text_changes_what_is_searched(project: Project):
    send(project, {"warning_message": "Slow"})

    send(project, {"warning_message": "FAST"})

    (row,) = stored(project)
    assert (row["warning_message"], row["warning_message_folded"]) == ("FAST", "fast")


def test_an_earlier_end_makes_the_latency_shorter(project: Project):
    send(project, {})

    send(project, {"time_end": "2024-05-27T10:00:00.25Z"})

    (row,) = stored(project)
    assert (row["ended_at"], row["latency_us"]) == (START + SECOND / 4, 250_000)


def test_an_end_does_not_outlive_its_start(project: Project):
    send(project, {})
    later = item(time_start="2024-05-28", time_end="2024-05-28").model_copy(update={"time_end": None})

    record_interactions(project, [later])

    (row,) = stored(project)
    assert (row["started_at"], row["ended_at"], row["latency_us"]) == (later.time_start, None, None)


def test_an_end_that_was_unknown_is_added(project: Project):
    record_interactions(project, [item().model_copy(update={"time_end": None})])

    assert send(project, {}).outcomes == [UPDATED]

    assert stored(project) == [ROW]


# Feedback


def test_an_action_replaces_the_earlier_one_of_its_slug(project: Project):
    send(project, {"feedback_actions": [{"slug": "rating", "value": 5, "text": "a"}, {"slug": "edit"}]})

    later = {"slug": "rating", "value": 1, "timestamp": "2024-05-27T11:00:00Z"}
    assert send(project, {"feedback_actions": [later]}).outcomes == [UPDATED]

    assert stored(project) == [
        ROW
        | {
            "n_negative_explicit": 1,
            "n_negative_implicit": 1,
            "labels": {"user_feedback": ["negative_explicit", "negative_implicit"]},
            "feedback": [
                action("edit", "negative_implicit"),
                action("rating", "negative_explicit", rating=1, occurred_at=START + timedelta(hours=1)),
            ],
        }
    ]


@pytest.mark.parametrize("slugs", [["thumbs_up", "thumbs_down"], ["thumbs_down", "thumbs_up", "thumbs_down"]])
@pytest.mark.parametrize("is_one_batch", [True, False], ids=["in one interaction", "in one after the other"])
def test_one_thumb_replaces_the_other(project: Project, slugs: list[str], is_one_batch: bool):
    actions = [{"slug": slug} for slug in slugs]
    for part in [actions] if is_one_batch else [[action] for action in actions]:
        send(project, {"feedback_actions": part})

    assert stored(project) == [
        ROW
        | {
            "n_negative_explicit": 1,
            "labels": {"user_feedback": ["negative_explicit"]},
            "feedback": [action("thumbs_down", "negative_explicit")],
        }
    ]


TYPES = [
    ({"slug": "thumbs_up"}, "positive_explicit"),
    ({"slug": "thumbs_down"}, "negative_explicit"),
    ({"slug": "rating", "value": 5}, "positive_explicit"),
    ({"slug": "rating", "value": 4}, "positive_explicit"),
    ({"slug": "rating", "value": 3}, None),
    ({"slug": "rating", "value": 2}, "negative_explicit"),
    ({"slug": "rating", "value": 1}, "negative_explicit"),
    ({"slug": "copy_output"}, "positive_implicit"),
    ({"slug": "regenerate"}, "negative_implicit"),
    ({"slug": "edit"}, "negative_implicit"),
    ({"slug": "copy_input"}, None),
    ({"slug": "paste"}, None),
    ({"slug": "comment"}, None),
]


@pytest.mark.parametrize(("given", "type"), TYPES, ids=lambda value: str(value))
def test_an_action_counts_for_its_type(project: Project, given: dict[str, Any], type: str | None):
    send(project, {"feedback_actions": [given]})

    counted = {f"n_{type}": 1, "labels": {"user_feedback": [type]}} if type else {}
    kept = action(given["slug"], type, rating=given.get("value"))
    assert stored(project) == [ROW | counted | {"feedback": [kept]}]


def test_two_actions_of_a_type_are_counted_twice_and_labelled_once(project: Project):
    send(project, {"feedback_actions": [{"slug": "edit"}, {"slug": "regenerate"}]})

    (row,) = stored(project)
    assert (row["n_negative_implicit"], row["labels"]) == (2, {"user_feedback": ["negative_implicit"]})


def test_a_value_belongs_to_a_rating_alone(project: Project):
    send(project, {"feedback_actions": [{"slug": "thumbs_up", "value": 1}]})

    assert stored(project)[0]["feedback"] == [action("thumbs_up", "positive_explicit")]


@pytest.mark.parametrize("traces", [5, True, "said", {"output": "said"}, ["said", 5, None]], ids=repr)
def test_traces_of_no_known_form_are_not_kept_with_hidden_content(project: Project, traces: Any):
    send(project, {"traces": traces, "hide_content": True})

    assert stored(project) == [ROW | {"input": "", "output": "", "traces": []}]


# Group profiles


def profiles() -> dict[str, str | None]:
    return dict(EndUser.objects.values_list("external_id", "group_profile__value"))


def test_the_last_profile_given_for_a_user_is_theirs(project: Project):
    send(
        project,
        {"id": None, "input": "1", "end_user_group_profile": "small"},
        {"id": None, "input": "2", "end_user_group_profile": "big"},
        {"id": None, "input": "3"},
        {"id": None, "input": "4", "end_user": "bob"},
    )

    assert profiles() == {"ada": "big", "bob": None}


def test_a_resend_gives_a_profile_too_and_none_takes_it_away(project: Project):
    send(project, {"end_user_group_profile": "small"})
    assert send(project, {"end_user_group_profile": "big"}).outcomes == [UNCHANGED]
    send(project, {})

    assert profiles() == {"ada": "big"}


def test_of_repeats_in_a_batch_the_last_one_gives_the_profile(project: Project):
    given = [{"end_user_group_profile": profile} for profile in ("a", "b", None, "c", None)]

    send(project, *given)

    assert profiles() == {"ada": "c"}


def test_batches_in_which_a_profile_changes_may_be_sent_again(project: Project):
    batches = [
        [{"id": None, "input": f"{profile} {number}", "end_user_group_profile": profile} for number in (1, 2)]
        for profile in ("small", "big")
    ]
    for batch in batches:
        send(project, *batch)
    before = every_row()

    for batch in batches:
        send(project, *batch)

    assert every_row() == before
    assert profiles() == {"ada": "big"}


# All or nothing


def test_a_batch_over_the_limit_is_refused_before_anything_is_written(project: Project):
    batch = [item(id=None, input=str(number)) for number in range(MAX_BATCH + 1)]

    with pytest.raises(BatchTooLarge) as refusal:
        record_interactions(project, batch)

    assert str(refusal.value) == "1001 interactions in one batch; at most 1000 are accepted."
    assert stored(project) == []


def test_a_batch_that_cannot_be_stored_leaves_nothing_behind(project: Project):
    send(project, {})
    before = every_row()
    news = {"end_user": "bob", "conversation_id": "c2", "topic": "a", "tags": {"plan": "pro"}}
    impossible = item(id=None, input="bad").model_copy(update={"input_tokens": -1})

    with pytest.raises(IntegrityError, match="interaction_input_tokens_not_negative"):
        record_interactions(project, [item(**news), item(id=None, **news), impossible])

    assert every_row() == before


def test_a_caller_may_undo_what_was_recorded(project: Project):
    before = every_row()

    with transaction.atomic():
        send(project, {"topic": "a", "feedback_actions": [{"slug": "edit"}]})
        transaction.set_rollback(True)

    assert every_row() == before


# Projects


def test_projects_do_not_touch_each_other(project: Project, stranger: Project):
    line = {"topic": "a", "tags": {"plan": "pro"}, "end_user_group_profile": "big"}
    actions = {"feedback_actions": [{"slug": "edit"}]}
    send(project, line | actions)
    before = stored(project)

    assert send(stranger, line) == IngestResult(ids=[ID], outcomes=[STORED])
    send(stranger, line | {"topic": "b", "end_user_group_profile": "small", "tags": {"plan": "x"}})
    send(stranger, {"id": None, "output": "Lost.", "feedback_actions": [{"slug": "thumbs_up"}]})

    assert stored(project) == before
    assert [row["topic"] for row in stored(stranger)] == ["b", None]
    for model in (EndUser, Conversation, Dimension):
        owners = set(model.objects.values_list("project__name", flat=True))
        assert owners == {"shop", "stranger"}


# Masking

EMAIL = "ada@example.com"
LETTER = f"Write to {EMAIL}, please."
MASKED = "Write to [EMAIL], please."


def test_pii_is_masked_in_every_text_by_default(project: Project):
    texts = dict.fromkeys(("input", "output", "user_query", "warning_message"), LETTER)
    texts |= {"negative_intent_message": LETTER}
    documents = {"history": [[LETTER, "b"]], "messages": [{"content": LETTER}], "traces": {"a": [LETTER]}}
    actions = {"feedback_actions": [{"slug": "comment", "text": LETTER}]}

    record_interactions(project, [item(**texts, **documents, **actions)])

    folded = dict.fromkeys(
        ("user_query_folded", "warning_message_folded", "negative_intent_message_folded"),
        "write to [email], please.",
    )
    assert stored(project) == [
        ROW
        | dict.fromkeys(texts, MASKED)
        | folded
        | {
            "has_pii": True,
            "history": [[MASKED, "b"]],
            "messages": [{"content": MASKED}],
            "traces": {"a": [MASKED]},
            "feedback": [action("comment", text=MASKED)],
        }
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"input": LETTER},
        {"output": LETTER},
        {"user_query": LETTER},
        {"warning_message": LETTER},
        {"negative_intent_message": LETTER},
        {"history": [[LETTER, ""]]},
        {"messages": [{"content": [{"text": LETTER}]}]},
        {"traces": [{"a": {"b": LETTER}}]},
        {"feedback_actions": [{"slug": "edit", "text": LETTER}]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_pii_anywhere_is_reported_and_nothing_of_it_is_left(project: Project, changes: dict[str, Any]):
    send(project, changes, anonymize=True)

    assert [row["has_pii"] for row in stored(project)] == [True]
    assert EMAIL not in repr(every_row())


def test_texts_without_pii_are_left_alone(project: Project):
    send(project, {"history": [["Hi", "Hello"]]}, anonymize=True)

    assert stored(project) == [ROW | {"history": [["Hi", "Hello"]]}]


def test_nothing_is_masked_when_masking_is_off(project: Project):
    texts = dict.fromkeys(("input", "output"), LETTER)

    send(project, texts | {"history": [[LETTER, LETTER]]}, anonymize=False)

    assert stored(project) == [ROW | texts | {"history": [[LETTER, LETTER]]}]


def test_masked_texts_sent_again_are_one_interaction(project: Project):
    line = {"id": None, "input": LETTER, "history": [[LETTER, "b"]]}

    outcomes = [send(project, line, anonymize=True).outcomes for _ in range(2)]

    assert outcomes == [[STORED], [UNCHANGED]]
    # What was masked stays what it is when it is masked again, as an import of an export does.
    assert send(project, line | {"input": MASKED}, anonymize=True).outcomes == [UNCHANGED]
    assert stored(project)[0]["has_pii"] is True


def test_pii_that_was_removed_before_is_not_forgotten(project: Project):
    send(project, {"pii_removed": True})
    assert send(project, {}, {"pii_removed": False}).outcomes == [UNCHANGED] * 2

    assert stored(project) == [ROW | {"has_pii": True}]


@pytest.mark.parametrize("n_keywords", [1, 30, 31, 100])
def test_words_of_dimensions_with_few_and_with_many_are_told_apart(project: Project, n_keywords: int):
    keywords = [f"word {number:03}" for number in range(n_keywords)]
    line = {"keywords": keywords, "tags": {"a": keywords[0], "b": keywords[0]}, "topic": keywords[-1]}

    assert send(project, line).outcomes == [STORED]
    assert send(project, line, line | {"emotions": [keywords[0]]}).outcomes == [UNCHANGED, UPDATED]
    (row,) = stored(project)
    assert row["topic"] == keywords[-1]
    assert row["labels"] == {
        "keyword": keywords, "emotion": keywords[:1], "tag: a": keywords[:1], "tag: b": keywords[:1]
    }  # fmt: skip
    assert Label.objects.count() == n_keywords + 4


# Cost


def batch_of(size: int, **changes: Any) -> list[NewInteraction]:
    """New interactions with all there is; of few words, because SQLite inserts words in portions."""
    return [
        item(
            id=str(UUID(int=number, version=4)) if number % 2 else None,
            input=f"{size} {number}",
            end_user=f"user {number % 5}",
            conversation_id=f"conversation {size} {number % 7}",
            end_user_group_profile=f"profile {number % 3}",
            topic=f"topic {number % 4}",
            tags={"plan": f"plan {number % 3}"},
            keywords=[f"keyword {number % 6}"],
            feedback_actions=[{"slug": "edit"}],
            **changes,
        )
        for number in range(size)
    ]


def queries_of(project: Project, batch: list[NewInteraction], outcome: Outcome | None) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        outcomes = set(record_interactions(project, batch).outcomes)
    assert outcome is None or outcomes == {outcome}
    return [query["sql"] for query in queries]


def test_the_number_of_queries_does_not_depend_on_the_size_of_the_batch(project: Project, stranger: Project):
    counts = [
        [
            len(queries_of(owner, batch_of(size), STORED)),
            len(queries_of(owner, batch_of(size), UNCHANGED)),
            len(queries_of(owner, batch_of(size, model="large"), UPDATED)),
        ]
        for owner, size in ((project, 8), (stranger, 400))
    ]

    assert counts[0] == counts[1]


def test_the_number_of_queries_does_not_depend_on_repeats(project: Project, stranger: Project):
    once, often = (
        len(queries_of(owner, [item(topic=f"topic {number}") for number in range(times)], None))
        for owner, times in ((project, 1), (stranger, 200))
    )

    assert once == often


def test_resends_are_found_by_indexes(project: Project):
    record_interactions(project, batch_of(50))
    plans = {}

    def explain(execute, sql, params, many, context):
        if sql.startswith(("SELECT", "UPDATE", "DELETE")) and "interactions_" in sql:
            plans[sql] = plan_of(sql, params)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        record_interactions(project, batch_of(50, model="large"))

    # A list of values is read as a table, from its start to its end.
    scans = re.compile(r"Seq Scan|SCAN (?!JSON_EACH)")
    assert {sql: plan for sql, plan in plans.items() if scans.search(plan)} == {}
    assert len(plans) > 10


def plan_of(sql: str, params: Any) -> str:
    """How the database would find the rows if the tables were too large to be read whole."""
    words = {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN"}[connection.vendor]
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Small tables are read whole for good reasons; this forbids it where there is another way.
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"{words} {sql}", params)
        plan = "\n".join(str(row) for row in cursor.fetchall())
        transaction.set_rollback(True)
    return plan


def test_a_batch_of_one_repeated_interaction_costs_no_more_rows_than_one(project: Project):
    send(project, *[{}] * 20)

    assert Interaction.objects.count() == 1
