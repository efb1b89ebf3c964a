"""One import line: what is read, what is repaired, and every reason to refuse it."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from interactions.ingest import InvalidInteraction, NewInteraction, Problem, parse_interaction
from interactions.json_input import decode_json

LINE: dict[str, Any] = {
    "end_user": "ada",
    "time_start": "2024-05-27T10:00:00Z",
    "time_end": "2024-05-27T10:00:01Z",
    "input": "Where is my parcel?",
    "output": "On its way.",
}
EVERYTHING: dict[str, Any] = {
    "id": "90dec857-9a0b-53b5-bff3-2ee0a6afdd35",
    "conversation_id": "c1",
    "end_user": "ada",
    "end_user_group_profile": "enterprise",
    "time_start": "2024-05-27T12:00:00.000001+02:00",
    "time_end": "2024-05-27T10:00:01Z",
    "input": "Where is my parcel?",
    "output": "On its way.",
    "model": "large",
    "input_tokens": 12,
    "output_tokens": 0,
    "model_calls": [{"model": "large", "input_tokens": 12, "output_tokens": None}],
    "cost": 250,
    "language": "english",
    "tags": {"plan": "pro"},
    "intent": "track",
    "topic": "shipping",
    "negative_intent": "impatient",
    "type_of_problem": "late",
    "keywords": ["parcel", "late"],
    "data_sources": ["faq"],
    "emotions": ["anger"],
    "feature_flags": ["new prompt"],
    "hide_content": False,
    "sentiment": -0.5,
    "user_query": "parcel status",
    "warning_message": "slow",
    "negative_intent_message": "hurry",
    "feedback_actions": [
        {"slug": "rating", "timestamp": "2024-05-27T10:01:00Z", "text": "fine", "value": 4},
        {"slug": "thumbs_up"},
    ],
    "history": [["Hi", "Hello"]],
    "messages": [{"role": "user", "content": "Hi"}],
    "traces": [{"model": "large", "cost": 1.5, "nested": {"ok": True, "none": None}}],
    "pii_removed": True,
}
LONGEST_WORD = "😀" * 500


def parse(**changes: Any) -> NewInteraction:
    return parse_interaction({**LINE, **changes})


def nested(levels: int) -> list:
    document: list = []
    for _ in range(levels - 1):
        document = [document]
    return document


def problems(line: Any) -> list[Problem]:
    with pytest.raises(InvalidInteraction) as refusal:
        parse_interaction(line)
    return refusal.value.problems


def test_null_in_a_feedback_action_means_absent():
    (action,) = parse(
        feedback_actions=[{"slug": "thumbs_up", "timestamp": None, "text": None, "value": None}]
    ).feedback_actions

    assert (action.timestamp, action.text, action.value) == (None, None, None)


def test_every_field_is_read():
    expected = EVERYTHING | {
        "id": UUID(EVERYTHING["id"]),
        "time_start": datetime(2024, 5, 27, 10, 0, 0, 1, tzinfo=UTC),
        "time_end": datetime(2024, 5, 27, 10, 0, 1, tzinfo=UTC),
        "feedback_actions": [
            {
                "slug": "rating",
                "timestamp": datetime(2024, 5, 27, 10, 1, tzinfo=UTC),
                "text": "fine",
                "value": 4,
            },
            {"slug": "thumbs_up", "timestamp": None, "text": None, "value": None},
        ],
    }
    assert parse_interaction(EVERYTHING).model_dump() == expected


def test_only_what_the_contract_requires_is_needed():
    given = parse_interaction(LINE).model_dump(exclude_none=True)

    # A document that is absent is an empty one.
    assert {name: value for name, value in given.items() if value != []} == {
        "end_user": "ada",
        "time_start": datetime(2024, 5, 27, 10, tzinfo=UTC),
        "time_end": datetime(2024, 5, 27, 10, 0, 1, tzinfo=UTC),
        "input": "Where is my parcel?",
        "output": "On its way.",
    }


def test_null_means_absent():
    nulls = dict.fromkeys(EVERYTHING.keys() - LINE.keys())

    assert parse(**nulls) == parse()


def test_empty_words_mean_absent():
    words = ("conversation_id", "end_user_group_profile", "model", "language", "intent", "topic")
    more = ("negative_intent", "type_of_problem")

    assert parse(**dict.fromkeys((*words, *more), "")) == parse()


def test_unknown_keys_are_ignored():
    assert parse(module="a", hierarchy={"deep": [1]}, **{"": 0}) == parse()


def test_empty_texts_are_texts():
    item = parse(input="", output="")

    assert (item.input, item.output) == ("", "")


def test_a_date_time_of_another_zone_is_the_same_moment():
    moment = datetime(2024, 5, 27, 10, tzinfo=UTC)
    elsewhere = moment.astimezone(timezone(timedelta(hours=2)))

    assert str(parse(time_start=elsewhere).time_start) == str(moment)


# Texts and words


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\x00b", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        ("\udc00\ud800", "\ufffd\ufffd"),
        ("\ud83d\ude00", "😀"),
        ("\ufffe\uffff", "\ufffe\uffff"),
        ("e\u0301", "e\u0301"),
    ],
    ids=["NUL", "lone half", "halves the wrong way round", "both halves", "no characters", "decomposed"],
)
def test_what_no_database_stores_is_replaced_everywhere(given: str, kept: str):
    item = parse(
        end_user=given,
        input=given,
        user_query=given,
        topic=given,
        keywords=[given],
        tags={given: given},
        history=[[given, {given: given}]],
        feedback_actions=[{"slug": "comment", "text": given}],
    )

    assert (item.end_user, item.input, item.user_query, item.topic) == (kept,) * 4
    assert (item.keywords, item.tags, item.history) == ([kept], {kept: kept}, [[kept, {kept: kept}]])
    assert item.feedback_actions[0].text == kept


def test_words_hold_500_characters_however_many_bytes_they_take():
    item = parse(end_user=LONGEST_WORD, tags={LONGEST_WORD: LONGEST_WORD}, keywords=[LONGEST_WORD])

    assert (item.end_user, item.keywords) == (LONGEST_WORD, [LONGEST_WORD])
    assert item.tags == {LONGEST_WORD: LONGEST_WORD}


def test_words_of_a_list_are_kept_once_in_the_order_given():
    assert parse(keywords=["b", None, "a", "", "b", "a "]).keywords == ["b", "a", "a "]


def test_words_that_repairs_make_equal_are_kept_once():
    assert parse(keywords=["\x00", "\ufffd", "\ud800"]).keywords == ["\ufffd"]


def test_tag_values_are_texts_as_json_writes_them():
    tags = {"int": 3, "float": 1.5, "yes": True, "no": False, "big": 2**70, "text": "x"}

    assert parse(tags={**tags, "null": None, "empty": "", "": "nameless"}).tags == {
        "int": "3",
        "float": "1.5",
        "yes": "true",
        "no": "false",
        "big": "1180591620717411303424",
        "text": "x",
    }


def test_a_thousand_labels_of_a_kind_are_taken():
    words = [str(number) for number in range(1000)]

    item = parse(keywords=words, tags=dict.fromkeys(words, "x"))

    assert (len(item.keywords), len(item.tags)) == (1000, 1000)


# Numbers


@pytest.mark.parametrize(
    ("given", "stored"),
    [(0, 0), (1.4, 1), (1.6, 2), (2e3, 2000), ("12", 12), (1e12, 10**12), (10**12, 10**12)],
)
def test_costs_are_rounded_to_micro_dollars(given: float | str, stored: int):
    assert parse(cost=given).cost == stored


def test_whole_numbers_may_be_written_as_floats():
    assert parse(input_tokens=12.0).input_tokens == 12


def test_numbers_may_be_as_large_as_their_limits():
    item = parse(input_tokens=2_000_000_000, output_tokens=2_000_000_000, sentiment=1)

    assert (item.input_tokens, item.output_tokens, item.sentiment) == (2 * 10**9, 2 * 10**9, 1.0)


# Times


@pytest.mark.parametrize("seconds", [0, 31 * 86_400], ids=["no time at all", "31 days"])
def test_an_interaction_may_last(seconds: int):
    end = parse().time_start + timedelta(seconds=seconds)

    assert parse(time_end=end.isoformat()).time_end == end


# JSON documents


def test_documents_may_be_250_levels_deep():
    assert parse(history=nested(250)).history == nested(250)


def test_documents_may_be_any_json():
    documents = {"history": {"a": 1}, "messages": "text", "traces": [1, 1.5, True, None, "😀", 1e300]}

    item = parse(**documents)

    assert {name: getattr(item, name) for name in documents} == documents


# Refusals

AT_LEAST_ONE = "String should have at least 1 character"
AT_MOST_500 = "String should have at most 500 characters"
NOT_A_MOMENT = "expected a date-time such as 2024-05-30T14:00:00Z, with any offset, or a date"
NOT_STORABLE = "expected JSON, nested at most 250 levels deep"
NO_BOOLEAN = "expected a whole number, not a boolean"
SLUGS = (
    "'thumbs_up', 'thumbs_down', 'rating', 'copy_input', 'copy_output', 'paste', 'comment', "
    "'regenerate' or 'edit'"
)
NOT_JSON_NUMBER = "Value error, Out of range float values are not JSON compliant"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [pytest.param({name: None}, ((name,), "missing", "Field required"), id=f"{name} null") for name in LINE]
    + [
        pytest.param({name: 5}, ((name,), "string_type", "Input should be a valid string"), id=f"{name} 5")
        for name in ("end_user", "input", "output", "topic", "user_query")
    ]
    + [
        pytest.param({name: "x" * 501}, ((name,), "value_error", AT_MOST_500), id=f"{name} too long")
        for name in ("end_user", "conversation_id", "end_user_group_profile", "model", "topic")
    ]
    + [
        pytest.param({name: text}, ((name,), "datetime_parsing", NOT_A_MOMENT), id=f"{name} {text}")
        for name in ("time_start", "time_end")
        for text in ("", "yesterday", "2016-12-31T23:59:60Z", "2024-02-30")
    ]
    + [
        pytest.param(changes, problem, id=name)
        for name, changes, problem in (
            ("no user", {"end_user": ""}, (("end_user",), "value_error", AT_LEAST_ONE)),
            (
                "seconds since 1970",
                {"time_start": 1717077600},
                (("time_start",), "datetime_parsing", "expected a date-time as a string"),
            ),
            (
                "naive date-time",
                {"time_start": datetime(2024, 5, 27)},
                (("time_start",), "datetime_parsing", "expected a date-time as a string"),
            ),
            (
                "ends before it starts",
                {"time_end": "2024-05-27T09:59:59.999999Z"},
                ((), "value_error", "time_end lies before time_start"),
            ),
            (
                "longer than 31 days",
                {"time_end": "2024-06-27T10:00:00.000001Z"},
                ((), "value_error", "time_end lies more than 31 days after time_start"),
            ),
            (
                "id without form",
                {"id": "7"},
                (
                    ("id",),
                    "uuid_parsing",
                    "Input should be a valid UUID, invalid length: found 1",
                ),
            ),
            (
                "id as number",
                {"id": 7},
                (("id",), "uuid_parsing", "UUID input should be a string, bytes or UUID object"),
            ),
            (
                "negative tokens",
                {"input_tokens": -1},
                (("input_tokens",), "greater_than_equal", "Input should be greater than or equal to 0"),
            ),
            (
                "too many tokens",
                {"output_tokens": 2_000_000_001},
                (
                    ("output_tokens",),
                    "less_than_equal",
                    "Input should be less than or equal to 2000000000",
                ),
            ),
            (
                "half a token",
                {"output_tokens": 1.5},
                (
                    ("output_tokens",),
                    "int_type",
                    "Input should be a valid integer, got a number with a fractional part",
                ),
            ),
            (
                "tokens in words",
                {"input_tokens": "ten"},
                (
                    ("input_tokens",),
                    "int_parsing",
                    "Input should be a valid integer, unable to parse string as an integer",
                ),
            ),
            ("true tokens", {"input_tokens": True}, (("input_tokens",), "int_type", NO_BOOLEAN)),
            (
                "negative cost",
                {"cost": -0.6},
                (("cost",), "greater_than_equal", "Input should be greater than or equal to 0"),
            ),
            (
                "cost over the limit",
                {"cost": 10**12 + 1},
                (("cost",), "less_than_equal", "Input should be less than or equal to 1000000000000"),
            ),
            (
                "cost not a number",
                {"cost": float("nan")},
                (("cost",), "value_error", "Input should be a finite number"),
            ),
            ("true cost", {"cost": False}, (("cost",), "int_type", NO_BOOLEAN)),
            (
                "sentiment out of range",
                {"sentiment": 1.01},
                (("sentiment",), "less_than_equal", "Input should be less than or equal to 1"),
            ),
            (
                "sentiment not a number",
                {"sentiment": float("nan")},
                (("sentiment",), "value_error", "Input should be a finite number"),
            ),
            (
                "keywords as text",
                {"keywords": "a, b"},
                (("keywords",), "list_type", "Input should be a valid list"),
            ),
            (
                "number among keywords",
                {"keywords": ["a", 1]},
                (("keywords", 1), "string_type", "Input should be a valid string"),
            ),
            (
                "long keyword",
                {"keywords": ["a", "x" * 501]},
                (("keywords", 1), "value_error", AT_MOST_500),
            ),
            (
                "too many keywords",
                {"keywords": [str(number) for number in range(1001)]},
                (
                    ("keywords",),
                    "value_error",
                    "List should have at most 1000 items after validation, not 1001",
                ),
            ),
            (
                "tags as list",
                {"tags": ["plan"]},
                (("tags",), "value_error", "Input should be a valid dictionary"),
            ),
            (
                "tag of several values",
                {"tags": {"plan": ["pro"]}},
                (("tags", "plan"), "string_type", "Input should be a valid string"),
            ),
            ("long tag", {"tags": {"plan": "x" * 501}}, (("tags", "plan"), "value_error", AT_MOST_500)),
            (
                "long tag key",
                {"tags": {"k" * 501: "x"}},
                (("tags", "k" * 501, "[key]"), "value_error", AT_MOST_500),
            ),
            ("tag not a number", {"tags": {"a": float("nan")}}, (("tags",), "value_error", NOT_JSON_NUMBER)),
            ("tag infinite", {"tags": {"a": float("inf")}}, (("tags",), "value_error", NOT_JSON_NUMBER)),
            (
                "too many tags",
                {"tags": {str(number): "x" for number in range(1001)}},
                (
                    ("tags",),
                    "value_error",
                    "Dictionary should have at most 1000 items after validation, not more",
                ),
            ),
            (
                "unknown feedback",
                {"feedback_actions": [{"slug": "thumbs_upp"}]},
                (("feedback_actions", 0, "slug"), "enum", f"Input should be {SLUGS}"),
            ),
            (
                "rating without value",
                {"feedback_actions": [{"slug": "thumbs_up"}, {"slug": "rating"}]},
                (("feedback_actions", 1), "value_error", "a rating needs a value from 1 to 5"),
            ),
            (
                "rating of 0",
                {"feedback_actions": [{"slug": "rating", "value": 0}]},
                (
                    ("feedback_actions", 0, "value"),
                    "greater_than_equal",
                    "Input should be greater than or equal to 1",
                ),
            ),
            (
                "rating of 6",
                {"feedback_actions": [{"slug": "rating", "value": 6}]},
                (
                    ("feedback_actions", 0, "value"),
                    "less_than_equal",
                    "Input should be less than or equal to 5",
                ),
            ),
            ("too deep", {"history": nested(251)}, (("history",), "value_error", NOT_STORABLE)),
            ("far too deep", {"traces": nested(100_000)}, (("traces",), "value_error", NOT_STORABLE)),
            ("no JSON", {"traces": [{1, 2}]}, (("traces",), "value_error", NOT_STORABLE)),
        )
    ],
)
def test_what_is_wrong_is_refused_at_its_place(changes: dict[str, Any], problem: tuple):
    assert problems({**LINE, **changes}) == [problem]


def test_all_problems_are_listed():
    line = {"time_start": "now", "time_end": "2024-05-27", "output": None, "cost": -1, "keywords": [1]}

    assert [(problem.loc, problem.type) for problem in problems(line)] == [
        (("end_user",), "missing"),
        (("time_start",), "datetime_parsing"),
        (("input",), "missing"),
        (("output",), "missing"),
        (("cost",), "greater_than_equal"),
        (("keywords", 0), "string_type"),
    ]


@pytest.mark.parametrize("line", [None, 5, "text", [LINE], True], ids=repr)
def test_only_objects_are_interactions(line: Any):
    assert problems(line) == [((), "value_error", "expected an object")]


def test_the_reason_names_places_and_never_quotes_a_text():
    secret = "my password is swordfish"
    line = LINE | {"input": [secret], "topic": {secret: secret}, "cost": secret, "time_end": secret}
    line |= {"keywords": [secret * 30], "feedback_actions": [{"slug": secret, "text": 5}], "id": secret}

    with pytest.raises(InvalidInteraction) as refusal:
        parse_interaction(line)

    assert "swordfish" not in str(refusal.value)
    assert str(refusal.value).startswith("id: Input should be a valid UUID")
    assert "; keywords.0: String should have at most 500 characters; " in str(refusal.value)


def test_the_reason_shows_no_more_of_a_long_or_unprintable_key_than_is_needed_to_find_it():
    with pytest.raises(InvalidInteraction) as refusal:
        parse(tags={"k" * 100_000: 1, "\x1b[2J": [1]})

    assert str(refusal.value) == (
        "tags.'kkkkkkkkkkkk...kkkkkkkkkkkkk'.[key]: String should have at most 500 characters; "
        r"tags.'\x1b[2J': Input should be a valid string"
    )


# Decoding


def test_halves_of_surrogate_pairs_are_decoded_for_the_repair():
    assert decode_json(b'{"a": "\\ud800", "b": "\\ud83d\\ude00"}') == {"a": "\ud800", "b": "😀"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": "\xff"}',
        b'{"a": "\n"}',
        b'{"a": 1} {"a": 2}',
        b'{"\\ud800": NaN}',
        b'{"\\ud800": Infinity, "b": }',
        b'{"a": "\\u12"}',
        b"[" * 100_000,
        b'["\\ud800", ' + b"[" * 100_000,
        '{"a": 1}'.encode("utf-16"),
    ],
    ids=lambda data: repr(data[:24]),
)
def test_what_is_no_json_is_refused(data: bytes):
    with pytest.raises(ValueError, match=r".") as refusal:
        decode_json(data)

    assert str(refusal.value).startswith("not valid JSON: ")
