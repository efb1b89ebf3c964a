"""The admin's pages of what was recorded, as a browser gets them."""

from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from interactions.admin.texts import MAX_TEXT_CHARS, MAX_TURN_CHARS, MAX_TURNS
from interactions.models import Conversation, EndUser, FeedbackAction, Interaction, Label, Project
from tests.dataset import record
from tests.interactions.admin_browser import NOON, line_of, record_one

SCRIPT = "<script>alert(1)</script>"

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def shop() -> Project:
    return Project.objects.create(name="Shop")


def address(row: Any) -> str:
    return reverse(f"admin:interactions_{row._meta.model_name}_change", args=[row.pk])


def page(browser: Client, row: Any) -> str:
    """The HTML of the page of a row."""
    response = browser.get(address(row))
    assert response.status_code == 200
    return response.content.decode()


def everywhere(browser: Client) -> str:
    """The HTML of all lists, and of the page of every row."""
    models = (Interaction, Conversation, EndUser, FeedbackAction, Label, Project)
    lists = [
        browser.get(reverse(f"admin:interactions_{model._meta.model_name}_changelist")) for model in models
    ]
    pages = [page(browser, row) for model in models for row in model.objects.all()]
    return "".join([response.content.decode() for response in lists] + pages)


def test_site_says_what_it_is(browser: Client):
    response = browser.get("/admin/")

    assert '<a href="/admin/">Interaction analytics</a>' in response.content.decode()
    assert "<title>Site administration | Interaction analytics</title>" in response.content.decode()
    assert '<a href="/api/docs">View site</a>' in response.content.decode()


def test_page_of_an_interaction_shows_what_was_measured(browser: Client, shop: Project):
    interaction = record_one(
        shop, cost=1782, input_tokens=374, output_tokens=44, pii_removed=True, sentiment=-0.5
    )

    html = page(browser, interaction)

    for value in (
        str(interaction.public_id),
        "2024-05-27 12:00:00.000000 UTC",
        "2024-05-27 12:00:01.500000 UTC",
        "1.500 s",
        "$0.001782",
        "374",
        "44",
        "-0.5",
        "yes",
        "Shop",
        "ada",
    ):
        assert f">{value}</" in html


def test_what_is_unknown_is_not_shown_as_zero(browser: Client, shop: Project):
    interaction = record_one(shop)
    Interaction.objects.update(ended_at=None, latency_us=None, end_user=None)

    html = page(browser, interaction)

    # User, conversation, end, latency, cost, tokens twice, sentiment; six labels and the others.
    assert html.count('<div class="readonly">-</div>') == 8 + 7
    assert "$0" not in html
    assert "0.000 s" not in html


def test_page_of_an_interaction_shows_its_texts_in_order(browser: Client, shop: Project):
    interaction = record_one(
        shop,
        history=[["Earlier question", "Earlier answer"]],
        input="The question",
        output="The answer",
        user_query="the query",
        warning_message="the warning",
        negative_intent_message="the complaint",
        messages=[{"role": "system", "content": "the system prompt"}],
        traces=[{"model": "the traced model"}],
    )

    html = page(browser, interaction)

    texts = (
        "Earlier question",
        "Earlier answer",
        "The question",
        "The answer",
        "the query",
        "the warning",
        "the complaint",
        "the system prompt",
        "the traced model",
    )
    places = [html.index(text) for text in texts]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param([["Hi", "Hello"]], [("user", "Hi"), ("assistant", "Hello")], id="pairs"),
        pytest.param(
            [{"input": "Hi", "output": "Hello"}], [("user", "Hi"), ("assistant", "Hello")], id="turns"
        ),
        pytest.param([{"role": "system", "content": "Be kind"}], [("system", "Be kind")], id="messages"),
        pytest.param([{"role": "user", "content": [1]}], [("user", "[\n  1\n]")], id="parts"),
        pytest.param(["Hi", 7, None], [("", "Hi"), ("", "7"), ("", "null")], id="anything in a list"),
        pytest.param({"a": "ü"}, [("", escape('{\n  "a": "ü"\n}'))], id="anything"),
    ],
)
def test_history_is_readable_in_every_form(
    browser: Client, shop: Project, history: Any, expected: list[tuple[str, str]]
):
    html = page(browser, record_one(shop, history=history))

    assert f"Earlier messages ({len(expected)})" in html
    for speaker, text in expected:
        said = f'<div class="speaker">{speaker}</div>\n  <div class="said">{text}</div>'
        assert said in html


def test_page_of_an_interaction_groups_its_labels_by_dimension(browser: Client, shop: Project):
    interaction = record_one(
        shop,
        topic="billing",
        keywords=["refund", "invoice"],
        emotions=["joy"],
        tags={"plan": "pro", "region": "eu"},
        feedback_actions=[{"slug": "thumbs_up"}],
    )

    html = page(browser, interaction)

    def link(value: str) -> str:
        return f'<a href="{address(Label.objects.get(value=value))}">{value}</a>'

    assert f'<div class="readonly">{link("billing")}</div>' in html
    assert (
        f'<div><span class="quiet">emotion:</span> {link("joy")}</div>'
        f'<div><span class="quiet">keyword:</span> {link("invoice")}, {link("refund")}</div>'
        f'<div><span class="quiet">tag: plan:</span> {link("pro")}</div>'
        f'<div><span class="quiet">tag: region:</span> {link("eu")}</div></div>'
    ) in html


def test_page_of_an_interaction_shows_its_feedback_in_order(browser: Client, shop: Project):
    later, earlier = NOON + timedelta(minutes=2), NOON + timedelta(minutes=1)
    interaction = record_one(
        shop,
        feedback_actions=[
            {"slug": "rating", "value": 4, "timestamp": later},
            {"slug": "comment", "text": "fine", "timestamp": earlier},
        ],
    )

    html = "".join(page(browser, interaction).split())

    assert (
        "<tr><td>2024-05-2712:01:00</td><td>Comment</td><td>-</td><td>-</td><td>fine</td></tr>"
        "<tr><td>2024-05-2712:02:00</td><td>Rating</td><td>PositiveExplicit</td><td>4</td><td>-</td></tr>"
    ) in html


def test_interaction_leads_to_its_place_in_the_whole_conversation(browser: Client, shop: Project):
    first = record_one(shop, conversation_id="c1", input="First question")
    second = record_one(
        shop, conversation_id="c1", input="Second question", time_start=NOON + timedelta(seconds=1)
    )
    record_one(shop, conversation_id="c2", input="Unrelated question")

    assert f'<a href="{address(first.conversation)}#interaction-{second.pk}">c1</a>' in page(browser, second)
    html = page(browser, first.conversation)
    assert html.index("First question") < html.index("Second question")
    assert "Unrelated question" not in html
    for interaction in (first, second):
        assert f'id="interaction-{interaction.pk}"' in html
        assert f'href="{address(interaction)}"' in html


def test_long_conversation_is_shown_from_its_beginning(browser: Client, shop: Project):
    starts = [NOON + timedelta(milliseconds=number) for number in range(MAX_TURNS + 1)]
    record(shop, [line_of(conversation_id="c1", time_start=start) for start in starts])
    conversation = Conversation.objects.get()

    html = page(browser, conversation)

    assert html.count('class="turn"') == MAX_TURNS
    assert f"The first {MAX_TURNS}." in html
    everything = browser.get(f"/admin/interactions/interaction/?conversation={conversation.pk}")
    assert everything.context["cl"].result_count == MAX_TURNS + 1


def test_long_texts_are_cut_where_the_page_ends(browser: Client, shop: Project):
    interaction = record_one(
        shop, conversation_id="c1", input="x" * 200_000, history=[["y" * 200_000, "too late"]]
    )

    html = page(browser, interaction)
    assert f'<div class="said">{"x" * MAX_TEXT_CHARS}…</div>' in html
    assert f'<div class="said">{"y" * MAX_TEXT_CHARS}…</div>' in html
    assert "too late" not in html
    assert f'<div class="said">{"x" * MAX_TURN_CHARS}…</div>' in page(browser, interaction.conversation)
    assert f"{'x' * 80}…</td>" in browser.get("/admin/interactions/interaction/").content.decode()


def test_hidden_content_is_said_to_be_missing(browser: Client, shop: Project):
    html = page(browser, record_one(shop, input="", output=""))

    assert html.count('<div class="said quiet">no text</div>') == 2


def test_feedback_waiting_for_its_interaction_has_a_page(browser: Client, shop: Project):
    action = FeedbackAction.objects.create(
        project=shop, slug="paste", text="pasted", input="asked", output="told", occurred_at=NOON
    )

    html = page(browser, action)

    for value in ("2024-05-27 12:00:00.000000 UTC", "Paste", "pasted", "asked", "told", "not recorded yet"):
        assert f'<div class="readonly">{value}</div>' in html


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param(
            {"topic": "x"}, "interaction/?project={0.dimension.project_id}&amp;topic={0.pk}", id="topic"
        ),
        pytest.param({"end_user_group_profile": "x"}, "enduser/?group_profile={0.pk}", id="cohort"),
    ],
)
def test_label_leads_to_what_carries_it(
    browser: Client, shop: Project, fields: dict[str, str], expected: str
):
    record_one(shop, **fields)
    label = Label.objects.get(value="x")

    link = f"/admin/interactions/{expected.format(label)}"

    assert f'<a href="{link}">' in page(browser, label)
    assert len(browser.get(link.replace("&amp;", "&")).context["cl"].result_list) == 1


def test_end_user_leads_to_their_interactions(browser: Client, shop: Project):
    interaction = record_one(shop)
    record_one(shop, end_user="bob")
    link = f"/admin/interactions/interaction/?end_user={interaction.end_user_id}"

    assert f'<a href="{link}">' in page(browser, interaction.end_user)
    assert list(browser.get(link).context["cl"].result_list) == [interaction]


def test_whatever_was_recorded_is_escaped(browser: Client, shop: Project):
    record_one(
        shop,
        end_user=SCRIPT,
        conversation_id=SCRIPT,
        end_user_group_profile=SCRIPT,
        topic=SCRIPT,
        keywords=[SCRIPT],
        tags={SCRIPT: SCRIPT},
        input=SCRIPT,
        output=SCRIPT,
        history=[[SCRIPT, SCRIPT], {"role": SCRIPT, "content": SCRIPT}, SCRIPT],
        messages=[SCRIPT],
        traces=[{SCRIPT: SCRIPT}],
        warning_message=SCRIPT,
        feedback_actions=[{"slug": "comment", "text": SCRIPT}],
    )
    Project.objects.update(name=SCRIPT)

    html = everywhere(browser)

    assert "<script>alert" not in html
    assert html.count(escape(SCRIPT)) > 20


class InlineCode(HTMLParser):
    """Collects what the Content-Security-Policy keeps a browser from running or applying."""

    def __init__(self, html: str):
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        is_script = tag == "script" and "src" not in given
        is_handler = any(name == "style" or name.startswith("on") for name in given)
        if tag == "style" or is_script or is_handler:
            self.found.append(self.get_starttag_text())


def test_pages_work_under_the_content_security_policy(browser: Client, shop: Project):
    interaction = record_one(
        shop,
        conversation_id="c1",
        topic="billing",
        history=[["Hi", "Hello"]],
        feedback_actions=[{"slug": "paste"}],
    )
    forms = [browser.get(f"/admin/interactions/{model}/add/") for model in ("project", "projectapikey")]

    assert InlineCode(everywhere(browser) + "".join(form.content.decode() for form in forms)).found == []
    policy = browser.get(address(interaction))["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
