"""The admin's lists: their order, their pages, and what they ask of the database."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from interactions.admin.browsing import MAX_LISTED
from interactions.models import (
    Conversation,
    Dimension,
    DimensionKind,
    EligibleUser,
    EndUser,
    FeedbackAction,
    Interaction,
    Label,
    Project,
)
from tests.dataset import LINES, record
from tests.interactions.admin_browser import NOON, ask, line_of, record_one, shown

MODELS = (
    "interaction",
    "conversation",
    "deletion",
    "enduser",
    "eligibleuser",
    "feedbackaction",
    "label",
    "dimension",
    "project",
    "projectapikey",
    "modelprice",
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def shop() -> Project:
    return Project.objects.create(name="Shop")


def record_varied(project: Project, numbers: range) -> None:
    """Record interactions that share no user, conversation, label or tag."""
    lines = [
        line_of(
            time_start=NOON + timedelta(minutes=number),
            end_user=f"user {number}",
            end_user_group_profile=f"group {number}",
            conversation_id=f"conversation {number}",
            topic=f"topic {number}",
            intent=f"intent {number}",
            model=f"model {number}",
            keywords=[f"keyword {number}"],
            tags={f"key {number}": "yes"},
            feedback_actions=[{"slug": "rating", "value": 5}],
        )
        for number in numbers
    ]
    record(project, lines)
    EligibleUser.objects.bulk_create(
        EligibleUser(project=project, external_id=f"user {number}", active_from=NOON.date())
        for number in numbers
    )


def test_newest_interaction_comes_first_and_the_latest_recorded_of_equals(browser: Client, shop: Project):
    old = record_one(shop, time_start=NOON - timedelta(days=1))
    new = record_one(shop)
    equal = record_one(shop, end_user="bob")

    assert shown(browser) == [equal, new, old]


def test_interactions_can_be_read_from_the_oldest(browser: Client, shop: Project):
    old, new = record_one(shop, time_start=NOON - timedelta(days=1)), record_one(shop)

    assert shown(browser, o="0") == [old, new]
    assert shown(browser, o="-0") == [new, old]


@pytest.mark.parametrize("order", ["2", "-3", "0.1", "99", "x", "", "9" * 5000])
def test_order_that_no_index_serves_is_ignored(browser: Client, shop: Project, order: str):
    old = record_one(shop, time_start=NOON - timedelta(days=1), end_user="zoe")
    new = record_one(shop, end_user="ada")

    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert shown(browser, o=order) == [new, old]
    orders = re.findall("ORDER BY (.*)", "\n".join(query["sql"] for query in queries))
    assert not [order for order in orders if "end_user" in order or "enduser" in order]


def test_pages_tile(browser: Client, shop: Project):
    record(shop, [line | {"id": str(uuid4()), "end_user": f"{n}"} for n in range(9) for line in LINES])
    pages = [shown(browser, p=page) for page in (1, 2, 3)]

    assert [len(page) for page in pages] == [50, 50, 8]
    everything = Interaction.objects.order_by("-started_at", "-id")
    assert [row for page in pages for row in page] == list(everything)
    assert "108 interactions" in ask(browser).content.decode()


def test_list_ends_at_a_bound_and_says_so(browser: Client, shop: Project):
    dimension = Dimension.objects.create(project=shop, kind=DimensionKind.TOPIC)
    Label.objects.bulk_create(
        Label(dimension=dimension, value=f"{number:05}", folded=f"{number:05}")
        for number in range(MAX_LISTED + 1)
    )

    last_page = ask(browser, "label", p=MAX_LISTED // 50)
    assert [label.value for label in last_page.context["cl"].result_list][-1] == f"{MAX_LISTED - 1:05}"
    assert f"The first {MAX_LISTED} labels; narrow them down" in last_page.content.decode()
    assert f"{MAX_LISTED} results" not in ask(browser, "label", q="0").content.decode()
    assert ask(browser, "label", p=MAX_LISTED // 50 + 1).status_code == 302
    Label.objects.filter(value="00000").delete()
    assert f"{MAX_LISTED} labels" in " ".join(ask(browser, "label").content.decode().split())


def test_nothing_is_counted_and_no_date_computed_for_every_row(browser: Client, shop: Project):
    record(shop)
    queries = CaptureQueriesContext(connection)
    with queries:
        for model in MODELS:
            ask(browser, model)
            ask(browser, model, project=shop.pk)
        ask(browser, started_at__year=2024, started_at__month=5)
        ask(browser, "feedbackaction", occurred_at__year=2024)

    statements = [query["sql"] for query in queries]
    assert len(statements) > len(MODELS)
    for statement in statements:
        assert not re.search(
            r"COUNT\(|DISTINCT|MIN\(|MAX\(|date_?trunc|datetime_trunc", statement, re.IGNORECASE
        )
        assert "LIMIT" in statement or " IN (" in statement or "auth_user" in statement


# session, user, projects to filter by, keys of the rows, rows; dates add the first and the last.
LIST_QUERIES = {
    "interaction": 7,
    "feedbackaction": 7,
    "conversation": 5,
    "enduser": 5,
    "eligibleuser": 5,
    "label": 5,
    "dimension": 5,
    "project": 4,
}


@pytest.mark.parametrize(("model", "count"), LIST_QUERIES.items())
def test_list_asks_as_much_for_fifty_rows_as_for_five(
    browser: Client, shop: Project, model: str, count: int, django_assert_num_queries
):
    record_varied(shop, range(5))
    with django_assert_num_queries(count):
        assert shown(browser, model)

    record_varied(shop, range(5, 50))
    for number in range(50):
        Project.objects.create(name=f"project {number}")
    with django_assert_num_queries(count):
        assert len(shown(browser, model)) == 50


def test_list_of_a_project_asks_once_more_for_each_kind_of_label(
    browser: Client, shop: Project, django_assert_num_queries
):
    record_varied(shop, range(5))
    with django_assert_num_queries(7 + 6):
        assert len(shown(browser, project=shop.pk)) == 5

    record_varied(shop, range(5, 50))
    with django_assert_num_queries(7 + 6):
        assert len(shown(browser, project=shop.pk)) == 50


@pytest.mark.parametrize(
    ("model", "count"),
    [
        # session, user, and: interaction, feedback, texts, labels
        pytest.param(Interaction, 6, id="interaction"),
        # conversation, project, its interactions
        pytest.param(Conversation, 5, id="conversation"),
        # end user, project, group
        pytest.param(EndUser, 5, id="end user"),
        # action, project, end user, interaction
        pytest.param(FeedbackAction, 6, id="feedback"),
        # label with dimension and project
        pytest.param(Label, 3, id="label"),
    ],
)
def test_page_asks_as_much_however_much_is_on_it(
    browser: Client, shop: Project, model: type, count: int, django_assert_num_queries
):
    for number, size in enumerate((5, 50)):
        words = [f"word {number} {index}" for index in range(size)]
        lines = [
            line_of(
                time_start=NOON + timedelta(seconds=index),
                conversation_id=f"c{number}",
                end_user_group_profile="x",
                topic="t",
                model="m",
                keywords=words,
                tags=dict.fromkeys(words, "x"),
                history=[words],
                feedback_actions=[{"slug": "paste"}, {"slug": "comment"}][: number + 1],
            )
            for index in range(size)
        ]
        record(shop, lines)
        row = model.objects.last()
        address = f"/admin/interactions/{model._meta.model_name}/{row.pk}/change/"
        # Once before, because the process remembers the content type.
        assert browser.get(address).status_code == 200
        with django_assert_num_queries(count):
            browser.get(address)
