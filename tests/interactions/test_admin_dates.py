"""The way from years to days above the admin's lists."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from interactions.models import Conversation, Project
from tests.interactions.admin_browser import ask, record_one, shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def shop() -> Project:
    return Project.objects.create(name="Shop")


def drill_down(response: HttpResponse) -> list[str]:
    """The titles of the links above a list, the way back first."""
    links = response.context["cl"].drill_down
    back = [links.back] if links.back else []
    html = response.content.decode()
    for step in [*back, *links.choices]:
        assert f"{step.title}</a>" in html or step.link is None
    return [step.title for step in [*back, *links.choices]]


def test_dates_lead_from_years_to_days(browser: Client, shop: Project):
    before = record_one(shop, time_start=datetime(2023, 12, 31, 23, 59, 59, 999999, UTC))
    first = record_one(shop, time_start=datetime(2024, 1, 1, tzinfo=UTC))
    last = record_one(shop, time_start=datetime(2024, 3, 2, 5, tzinfo=UTC))

    assert drill_down(ask(browser)) == ["2023", "2024"]
    year = {"started_at__year": 2024}
    assert drill_down(ask(browser, **year)) == ["All dates", "January 2024", "February 2024", "March 2024"]
    assert shown(browser, **year) == [last, first]
    month = year | {"started_at__month": 3}
    assert drill_down(ask(browser, **month)) == ["2024", "March 1", "March 2"]
    assert shown(browser, **month) == [last]
    day = month | {"started_at__day": 2}
    assert drill_down(ask(browser, **day)) == ["March 2024", "March 2"]
    assert shown(browser, **day) == [last]
    assert shown(browser, started_at__year=2023) == [before]


def test_dates_begin_where_there_is_a_choice(browser: Client, shop: Project):
    record_one(shop, time_start=datetime(2024, 3, 1, tzinfo=UTC))
    record_one(shop, time_start=datetime(2024, 3, 2, tzinfo=UTC))

    assert drill_down(ask(browser)) == ["March 1", "March 2"]

    record_one(shop, time_start=datetime(2024, 4, 2, tzinfo=UTC))

    assert drill_down(ask(browser)) == ["March 2024", "April 2024"]


def test_dates_are_those_of_the_chosen_project_user_or_conversation(browser: Client, shop: Project):
    record_one(Project.objects.create(name="Other"), time_start=datetime(2020, 1, 1, tzinfo=UTC))
    record_one(shop, end_user="bob", time_start=datetime(2022, 1, 1, tzinfo=UTC))
    ada = record_one(shop, time_start=datetime(2023, 6, 1, tzinfo=UTC))
    record_one(shop, conversation_id="c1", time_start=datetime(2023, 7, 1, tzinfo=UTC))

    assert drill_down(ask(browser)) == ["2020", "2021", "2022", "2023"]
    assert drill_down(ask(browser, project=shop.pk)) == ["2022", "2023"]
    assert drill_down(ask(browser, project=shop.pk, end_user=ada.end_user_id)) == ["June 2023", "July 2023"]
    conversation = Conversation.objects.get()
    assert drill_down(ask(browser, end_user=ada.end_user_id, conversation=conversation.pk)) == ["July 1"]


def test_one_mistaken_date_does_not_fill_the_page(browser: Client, shop: Project):
    record_one(shop, time_start=datetime(1, 1, 1, tzinfo=UTC))
    record_one(shop)

    assert drill_down(ask(browser)) == [str(year) for year in range(1995, 2025)]


def test_feedback_has_dates_of_its_own(browser: Client, shop: Project):
    record_one(shop, feedback_actions=[{"slug": "paste", "timestamp": datetime(2025, 1, 1, tzinfo=UTC)}])

    assert drill_down(ask(browser, "feedbackaction")) == ["January 1"]
    assert len(shown(browser, "feedbackaction", occurred_at__year=2025)) == 1


def test_empty_list_offers_no_dates(browser: Client):
    response = ask(browser)

    assert response.context["cl"].drill_down is None
    assert "0 interactions" in " ".join(response.content.decode().split())
