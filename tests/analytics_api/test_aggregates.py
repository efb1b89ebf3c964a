"""The aggregate endpoint on twelve interactions whose numbers can be checked by hand."""

from typing import Any

import pytest
from django.test import Client

from interactions.keys import issue_key
from interactions.models import Label, Project
from tests.assertions import assert_rows
from tests.dataset import BY_TOPIC, COUNTS, LINES, PREVIOUS, SESSIONS, TIME_RANGE, TOTAL, record, row

PATH = "/api/external/get-interaction-aggregates"

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask():
    """Ask about the small dataset; another project holds the same interactions."""
    project = Project.objects.create(name="acme")
    record(project)
    record(Project.objects.create(name="decoy"))
    headers = {"Authorization": f"Bearer {issue_key(project, name='test')}"}

    def ask(**changes: Any):
        body = {"time_range": TIME_RANGE, "filters": [], "limit": 100, "offset": 0, **changes}
        return Client().post(PATH, body, content_type="application/json", headers=headers)

    return ask


def names(response) -> list[str]:
    return [row["group_name"] for row in response.json()["data"]]


def counts(response) -> dict[Any, int]:
    """{"billing": 5}, or {("billing", "pro"): 3} with additional groups."""
    return {
        (row["group_name"], *row["additional_groups"])
        if row["additional_groups"]
        else row["group_name"]: row["n_interactions"]
        for row in response.json()["data"]
    }


def test_without_group_by_it_is_one_row_of_all_seven_variables(ask):
    assert_rows(ask(), [TOTAL])


def test_grouped_the_rows_come_largest_first(ask):
    assert_rows(ask(group_by={"kind": "topic"}), BY_TOPIC)


def test_the_range_is_half_open_to_the_microsecond(ask):
    assert (
        ask(time_range={"start": TIME_RANGE["start"], "end": TIME_RANGE["start"]}).json()["data"][0][
            "n_interactions"
        ]
        == 0
    )
    until_end = ask(time_range={"start": "2024-06-02T23:59:59.999999Z", "end": "2024-06-03T00:00:00Z"})
    assert until_end.json()["data"][0]["n_interactions"] == 1
    with_end = ask(time_range={"start": "2024-06-02T23:59:59.999999Z", "end": "2024-06-03T00:00:00.000001Z"})
    assert with_end.json()["data"][0]["n_interactions"] == 2


def test_offsets_of_the_range_are_honoured(ask):
    shifted = {"start": "2024-05-27T02:00:00+02:00", "end": "2024-06-02T19:00:00-05:00"}
    assert_rows(ask(time_range=shifted), [TOTAL])


def test_nothing_matches_is_a_total_of_zeros_without_averages(ask):
    response = ask(filters=[{"kind": "topic", "values": ["nothing"]}])
    assert_rows(response, [row("total", 0, 0, (0, 0, 0, 0), cost=0, n_intents=0)])


def test_nothing_matches_is_no_row_when_grouped(ask):
    assert_rows(ask(group_by={"kind": "day"}, filters=[{"kind": "topic", "values": []}]), [])


def test_only_the_asked_variables_are_filled(ask):
    response = ask(variables=["session_length", "session_time", "stickiness"])
    assert_rows(response, [{"group_name": "total", "additional_groups": [], **SESSIONS}])


def test_previous_counts_stand_beside_the_current(ask):
    assert_rows(ask(include_previous=True), [TOTAL | PREVIOUS])


def test_interactions_without_a_value_are_left_out_unless_asked_for(ask):
    assert counts(ask(group_by={"kind": "tag", "tag": "plan"})) == {"pro": 4, "free": 3}
    with_empty = ask(group_by={"kind": "tag", "tag": "plan", "include_empty": True})
    assert counts(with_empty) == {"pro": 4, "free": 3, "": 2}


def test_an_additional_group_keeps_interactions_without_a_value(ask):
    response = ask(group_by={"kind": "user"}, additional_group_bys=[{"kind": "tag", "tag": "plan"}])
    assert counts(response) == {
        ("ada", "pro"): 4,
        ("bob", "free"): 2,
        ("cy", None): 1,
        ("dee", None): 1,
        ("dee", "free"): 1,
    }


@pytest.mark.parametrize(("group_by", "expected"), COUNTS, ids=lambda value: value.get("kind"))
def test_every_kind_of_group(ask, group_by, expected):
    assert counts(ask(group_by=group_by)) == expected


def test_sums_are_not_multiplied_by_labels(ask):
    response = ask(group_by={"kind": "user"}, additional_group_bys=[{"kind": "keyword"}], variables=["cost"])
    costs = {(row["group_name"], *row["additional_groups"]): row["cost"] for row in response.json()["data"]}
    assert costs["ada", "invoice"] == 100
    assert costs["ada", "refund"] == 300


def test_hours_are_named_with_their_zone(ask):
    expected = {"2024-05-27T00:00:00Z": 2, "2024-05-28T09:00:00Z": 2, "2024-05-30T14:00:00Z": 2}
    assert expected.items() <= counts(ask(group_by={"kind": "hour"})).items()


def test_labels_can_be_narrowed_by_what_they_contain(ask):
    response = ask(group_by={"kind": "topic", "similarity_search": "BILL"})
    assert counts(response) == {"billing": 5}


def test_labels_can_be_narrowed_to_those_of_the_staff(ask):
    assert counts(ask(group_by={"kind": "topic", "only_customs": True})) == {}
    Label.objects.filter(value="shipping", dimension__project__name="acme").update(is_custom=True)
    assert counts(ask(group_by={"kind": "topic", "only_customs": True})) == {"shipping": 2}


@pytest.mark.parametrize(
    ("filters", "n_interactions"),
    [
        pytest.param([{"kind": "topic", "values": ["billing", "other"]}], 6, id="alternatives"),
        pytest.param(
            [{"kind": "topic", "values": ["billing"]}, {"kind": "user", "values": ["ada"]}], 3, id="and"
        ),
        pytest.param(
            [{"kind": "topic", "values": ["billing"], "is_exclude": True}], 4, id="exclude keeps no value"
        ),
        pytest.param([{"kind": "topic", "values": []}], 0, id="no alternatives"),
        pytest.param([{"kind": "topic", "values": [], "is_exclude": True}], 9, id="no alternatives excluded"),
        pytest.param([{"kind": "intent", "values": ["cancel"]}], 2, id="alias"),
        pytest.param([{"kind": "keyword", "values": ["invoice", "refund"]}], 5, id="any label"),
        pytest.param([{"kind": "keyword", "values": ["invoice"], "is_exclude": True}], 5, id="no such label"),
        pytest.param([{"kind": "tag", "tag": "plan", "values": ["free"]}], 3, id="tag"),
        pytest.param([{"kind": "tag", "tag": "region", "values": ["free"]}], 0, id="tag of another key"),
        pytest.param(
            [{"kind": "cohort", "values": ["enterprise"]}], 6, id="group profile, whenever it was given"
        ),
        pytest.param([{"kind": "user_feedback", "values": ["negative_implicit"]}], 2, id="feedback"),
        pytest.param([{"kind": "pii", "values": [True]}], 1, id="PII"),
        pytest.param([{"kind": "pii", "values": [True, False]}], 9, id="both"),
        pytest.param([{"kind": "conversation_id", "values": ["c6", "c3"]}], 4, id="conversation"),
        pytest.param(
            [{"kind": "model", "values": ["large"]}, {"kind": "model", "values": ["small"]}],
            0,
            id="kind twice",
        ),
    ],
)
def test_filters(ask, filters, n_interactions):
    assert ask(filters=filters).json()["data"][0]["n_interactions"] == n_interactions


@pytest.mark.parametrize(
    ("filter_", "numbers"),
    [
        ({"search": "REFUND"}, {3}),
        ({"search": "refund", "is_exclude": True}, {4, 5}),
        ({"search": "refund", "allow_nulls": True}, {3, 5}),
        ({}, {3, 4}),
        ({"is_exclude": True}, {5}),
        ({"search": "straße"}, {4}),
        ({"search": "STRASSE"}, {4}),
        ({"search": "%"}, set()),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["user_query", "warning_message", "negative_intent_message"])
def test_free_texts_are_searched_ignoring_case(ask, kind, filter_, numbers):
    project = Project.objects.get(name="acme")
    texts = {3: "Wants a Refund", 4: "Lives in the Straße", 5: None}
    record(project, [{**LINES[number - 1], kind: text} for number, text in texts.items()])
    only = {"kind": "user", "values": ["ada", "bob"]}
    day = {"start": "2024-05-27", "end": "2024-05-28T09:01:00"}
    response = ask(
        time_range=day,
        filters=[only, {"kind": kind, **filter_}],
        group_by={"kind": "hour"},
        additional_group_bys=[{"kind": "user_intent"}],
    )
    by_intent = {
        ("2024-05-27T00:00:00Z", "refund"): 3,
        ("2024-05-27T00:00:00Z", "cancel"): 4,
        ("2024-05-28T09:00:00Z", "refund"): 5,
    }
    assert {by_intent[name] for name in counts(response)} == numbers


def test_rows_without_a_value_come_last_in_both_directions(ask):
    for direction in ("asc", "desc"):
        response = ask(
            group_by={"kind": "user"},
            order_by={"by": "trend", "direction": direction},
            variables=["n_interactions"],
        )
        # Cy and Dee were not there the week before.
        assert names(response)[:2] == (["bob", "ada"] if direction == "asc" else ["ada", "bob"])
        assert set(names(response)[2:]) == {"cy", "dee"}


def test_previous_counts_are_of_the_range_before(ask):
    response = ask(group_by={"kind": "user"}, include_previous=True, variables=["n_interactions", "cost"])
    assert response.json()["data"][0] == {
        "group_name": "ada",
        "additional_groups": [],
        "n_interactions": 4,
        "n_interactions_prev": 1,
        "cost": 620,
    }


def test_a_group_that_was_there_only_before_is_no_row(ask):
    response = ask(
        time_range={"start": "2024-05-30T12:00:00", "end": "2024-06-02"},
        include_previous=True,
        group_by={"kind": "user"},
    )
    assert sorted(names(response)) == ["ada", "dee"]


def test_the_page_past_the_end_is_empty_with_the_true_total(ask):
    response = ask(group_by={"kind": "topic"}, limit=2, offset=50)
    assert response.json() == {"total": 3, "offset": 50, "limit": 2, "data": []}
    assert ask(limit=1, offset=1).json() == {"total": 1, "offset": 1, "limit": 1, "data": []}


@pytest.mark.parametrize("previous", [False, True], ids=["alone", "with the previous period"])
def test_all_of_time_can_be_asked_about(ask, previous):
    response = ask(
        time_range={"start": "0001-01-01T00:00:00Z", "end": "9999-12-31T23:59:59.999999Z"},
        include_previous=previous,
        group_by={"kind": "week"},
        order_by={"by": "group_name", "direction": "asc"},
    )
    assert list(counts(response).items()) == [("2024-05-20", 2), ("2024-05-27", 9), ("2024-06-03", 1)]
