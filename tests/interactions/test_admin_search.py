"""Search and filters of the admin's lists: exact, bounded, within a project."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from interactions.admin.filters import MAX_LABELS
from interactions.models import Dimension, DimensionKind, EligibleUser, FeedbackAction, Label, Project
from tests.dataset import LINES, record
from tests.interactions.admin_browser import NOON, ask, record_one, shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def shop() -> Project:
    return Project.objects.create(name="Shop")


def offered(response: HttpResponse, title: str) -> list[str]:
    """What the filter of this title offers, [] when it is not there."""
    specs = response.context["cl"].filter_specs
    return [
        choice["display"]
        for spec in specs
        if spec.title == title
        for choice in spec.choices(response.context["cl"])
    ]


# Search


@pytest.mark.parametrize(
    "sought",
    [
        pytest.param("00000000-0000-4000-8000-00000000000a", id="interaction"),
        pytest.param("0000000000004000800000000000000A", id="interaction without hyphens"),
        pytest.param("ada", id="end user"),
        pytest.param("c6", id="conversation"),
        pytest.param("  ada ", id="with spaces"),
    ],
)
def test_interactions_are_found_by_any_whole_id(browser: Client, shop: Project, sought: str):
    found = record_one(shop, id="00000000-0000-4000-8000-00000000000a", conversation_id="c6")
    record_one(shop, end_user="bob", conversation_id="c7")

    assert shown(browser, q=sought) == [found]
    assert "1 result (" in ask(browser, q=sought).content.decode()


def test_search_finds_the_same_id_in_every_project_or_the_chosen_one(browser: Client, shop: Project):
    other = Project.objects.create(name="Other")
    here, there = record_one(shop), record_one(other, time_start=NOON + timedelta(seconds=1))

    assert shown(browser, q="ada") == [there, here]
    assert shown(browser, q="ada", project=shop.pk) == [here]


def test_search_finds_users_and_conversations_of_one_name(browser: Client, shop: Project):
    of_user = record_one(shop, end_user="same", time_start=NOON + timedelta(seconds=1))
    in_conversation = record_one(shop, conversation_id="same")
    record_one(shop, end_user="other")

    assert shown(browser, q="same") == [of_user, in_conversation]


@pytest.mark.parametrize("sought", ["ad", "ADA", "nobody", "00000000", "%", "' OR 1=1 --", "x" * 10_000])
def test_search_for_anything_else_finds_nothing(browser: Client, shop: Project, sought: str):
    record_one(shop)

    for model in ("interaction", "enduser", "eligibleuser", "conversation", "feedbackaction"):
        assert shown(browser, model, q=sought) == []


def test_search_says_what_it_takes(browser: Client):
    assert "The whole id of an interaction, an end user or a conversation." in ask(browser).content.decode()


def test_other_lists_are_searched_by_their_own_words(browser: Client, shop: Project):
    interaction = record_one(
        shop,
        conversation_id="c1",
        topic="Über Billing",
        tags={"plan": "pro"},
        feedback_actions=[{"slug": "paste"}],
    )
    record_one(
        shop, end_user="bob", conversation_id="c2", topic="shipping", feedback_actions=[{"slug": "paste"}]
    )

    for name in ("bob", "bobby"):
        EligibleUser.objects.create(project=shop, external_id=name, active_from=NOON.date())

    assert [str(row) for row in shown(browser, "enduser", q="bob")] == ["bob"]
    assert [str(row) for row in shown(browser, "eligibleuser", q="bob")] == ["bob"]
    assert [str(row) for row in shown(browser, "conversation", q="c1")] == ["c1"]
    assert [str(row) for row in shown(browser, "label", q="ÜBER")] == ["Über Billing"]
    assert [str(row) for row in shown(browser, "dimension", q="pla")] == ["tag: plan"]
    assert [row.interaction for row in shown(browser, "feedbackaction", q=interaction.public_id)] == [
        interaction
    ]


# Filters


@pytest.mark.parametrize(
    "model", ["interaction", "conversation", "enduser", "feedbackaction", "label", "dimension"]
)
def test_project_narrows_the_list(browser: Client, shop: Project, model: str):
    record(shop)
    record(Project.objects.create(name="Other"), LINES[:1])

    assert 0 < len(shown(browser, model, project=shop.pk)) < len(shown(browser, model))


def test_labels_to_filter_by_are_those_of_the_chosen_project(browser: Client, shop: Project):
    other = Project.objects.create(name="Other")
    found = record_one(shop, topic="ours", language="ours too")
    record_one(shop, end_user="bob", topic="ours as well")
    record_one(other, topic="theirs")
    label = Label.objects.get(value="ours")

    assert offered(ask(browser), "topic") == []
    assert offered(ask(browser, project=shop.pk), "topic") == ["All", "ours", "ours as well"]
    assert offered(ask(browser, project=shop.pk), "language") == ["All", "ours too"]
    assert offered(ask(browser, project=other.pk), "language") == []
    assert shown(browser, project=shop.pk, topic=label.pk) == [found]


def test_labels_to_filter_by_are_bounded(browser: Client, shop: Project):
    dimension = Dimension.objects.create(project=shop, kind=DimensionKind.TOPIC)
    for number in range(MAX_LABELS + 2):
        last = Label.objects.create(dimension=dimension, value=f"topic {number:03}")

    title = f"topic (first {MAX_LABELS})"
    first = [f"topic {number:03}" for number in range(MAX_LABELS)]
    assert offered(ask(browser, project=shop.pk), title) == ["All", *first]
    # The chosen one can be taken back.
    assert offered(ask(browser, project=shop.pk, topic=last.pk), title) == ["All", last.value, *first]


def test_another_project_takes_back_what_it_does_not_have(browser: Client, shop: Project):
    other = Project.objects.create(name="Other")
    interaction = record_one(shop, topic="ours", conversation_id="c1")
    parameters = {
        "topic": interaction.topic_id,
        "end_user": interaction.end_user_id,
        "feedback": "negative_explicit",
    }

    html = ask(
        browser, project=shop.pk, conversation=interaction.conversation_id, **parameters
    ).content.decode()

    assert f'<a href="?feedback=negative_explicit&amp;project={other.pk}">Other</a>' in html


def test_chosen_user_and_conversation_are_named_and_can_be_taken_back(browser: Client, shop: Project):
    found = record_one(shop, conversation_id="c1")
    record_one(shop, end_user="bob", conversation_id="c2")

    for name, row in (("end user", found.end_user), ("conversation", found.conversation)):
        response = ask(browser, **{name.replace(" ", "_"): row.pk})
        assert list(response.context["cl"].result_list) == [found]
        assert offered(response, name) == ["All", str(row)]
    assert offered(ask(browser), "conversation") == []


def test_interactions_are_filtered_by_feedback_and_pii(browser: Client, shop: Project):
    disliked = record_one(shop, feedback_actions=[{"slug": "thumbs_down"}])
    with_pii = record_one(shop, end_user="bob", pii_removed=True)

    assert shown(browser, feedback="negative_explicit") == [disliked]
    assert shown(browser, feedback="positive_explicit") == []
    assert shown(browser, has_pii__exact="1") == [with_pii]
    assert shown(browser, has_pii__exact="0") == [disliked]


def test_feedback_is_filtered_by_what_it_is_and_whether_it_waits(browser: Client, shop: Project):
    record_one(shop, feedback_actions=[{"slug": "thumbs_down"}, {"slug": "paste"}])
    FeedbackAction.objects.create(project=shop, slug="comment", occurred_at=NOON)

    def slugs(**parameters: str) -> set[str]:
        return {action.slug for action in shown(browser, "feedbackaction", **parameters)}

    assert slugs(type="negative_explicit") == {"thumbs_down"}
    assert slugs(slug="paste") == {"paste"}
    assert slugs(interaction="waiting") == {"comment"}
    assert slugs(interaction="recorded") == {"thumbs_down", "paste"}
