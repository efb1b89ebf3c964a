"""Garbage in the addresses of the admin: answered with a page, and never with a wide query."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from interactions.models import Project
from tests.interactions.admin_browser import ask, record_one

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
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def shop() -> Project:
    return Project.objects.create(name="Shop")


NUMBER = "9" * 40
GARBAGE = [
    "q=%00",
    "q=%FF%ED%A0%80",
    "p=x",
    "p=-1",
    f"p={NUMBER}",
    "all=",
    "e=1",
    "o=%00.-.99",
    "_facets=True",
    "_popup=1",
    "_changelist_filters=%00",
    "project=",
    "project=x",
    "project=%00",
    "project=-1",
    "project=0",
    f"project={NUMBER}",
    f"project={'9' * 5000}",
    f"project={NUMBER}&topic=1",
    "project=%D9%A3",
    "project=1&project=x",
    "topic=x",
    "topic=12345",
    "topic=12345&project=x",
    "end_user=%00",
    "conversation=9223372036854775808",
    "feedback=%00",
    "has_pii__exact=%00",
    "has_pii__exact=7",
    "has_pii__isnull=x",
    "started_at__year=x",
    "started_at__year=%00",
    "started_at__year=0",
    "started_at__year=-2024",
    "started_at__year=99999",
    f"started_at__year={NUMBER}",
    "started_at__year=9999&started_at__month=12&started_at__day=31",
    "started_at__year=2024&started_at__month=13",
    "started_at__year=2024&started_at__month=x",
    "started_at__year=2023&started_at__month=2&started_at__day=29",
    "started_at__year=2024&started_at__day=5",
    "started_at__month=5",
    "started_at__day=5",
    "started_at__gte=x",
    "started_at__regex=(",
    f"id__exact={NUMBER}",
    "id__in=1,x",
    "text__input__contains=x",
    "project__api_keys__hashed_key__startswith=s",
    "nothing=1",
    "%00=1",
    "=",
]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_in_an_address_breaks_no_list(browser: Client, shop: Project, garbage: str):
    record_one(shop)

    response = browser.get(f"/admin/interactions/interaction/?{garbage}", follow=True)

    assert response.status_code == 200
    assert "Database error" not in response.content.decode()


@pytest.mark.parametrize(
    ("model", "garbage"),
    [
        ("feedbackaction", ["type=nothing", "slug=%00", "interaction=%00", f"occurred_at__year={NUMBER}"]),
        ("conversation", ["external_id__regex=(", "interactions__id__gt=0"]),
        ("enduser", ["group_profile=x", f"group_profile={NUMBER}"]),
        ("label", ["kind=%00", "dimension=x", "is_custom__exact=x"]),
        ("dimension", ["kind=nothing", "key__contains=%00"]),
        ("project", ["name=%00", "api_keys__hashed_key__startswith=s"]),
        ("modelprice", ["model__regex=(", "starts_on__year=99999"]),
        ("projectapikey", ["revoked__exact=%00", "hashed_key__startswith=s", "id__startswith=s"]),
    ],
)
def test_garbage_breaks_none_of_the_other_lists(
    browser: Client, shop: Project, model: str, garbage: list[str]
):
    for query in [*garbage, "project=%00", "nothing=1", "p=-1"]:
        response = browser.get(f"/admin/interactions/{model}/?{query}", follow=True)
        assert response.status_code == 200
        assert "Database error" not in response.content.decode()
    assert "Null characters are not allowed" in ask(browser, model, q="\x00").content.decode()


@pytest.mark.parametrize("field", ["project", "end_user", "conversation", "topic"])
@pytest.mark.parametrize("term", ["\x00", "x", " "])
def test_garbage_breaks_no_choice_of_a_related_row(browser: Client, shop: Project, field: str, term: str):
    record_one(shop)
    parameters = {"app_label": "interactions", "model_name": "interaction", "field_name": field, "term": term}

    assert browser.get("/admin/autocomplete/", parameters).status_code == 200


@pytest.mark.parametrize(
    "unknown",
    [
        "latency_us__gt=0",
        "text__input__contains=x",
        "started_at__gte=2024-01-01",
        "started_at__month=5",
        "project__name=Shop",
        "feedback=nothing",
        "topic=12345",
    ],
)
def test_what_a_list_does_not_know_is_said_and_not_asked(browser: Client, shop: Project, unknown: str):
    interaction = record_one(shop)

    response = browser.get(f"/admin/interactions/interaction/?{unknown}", follow=True)

    assert response.redirect_chain == [("/admin/interactions/interaction/?e=1", 302)]
    assert "nothing is filtered now" in response.content.decode()
    assert list(response.context["cl"].result_list) == [interaction]


def test_pop_up_for_a_column_that_is_none_is_refused(browser: Client):
    assert ask(browser, _to_field="nothing").status_code == 400


@pytest.mark.parametrize("model", MODELS)
def test_garbage_in_place_of_a_key_finds_no_page(browser: Client, model: str):
    for key in ("0", "-1", "x", "%00", "_00", NUMBER, "9" * 5000, "%D9%A3", "' OR 1=1"):
        for page in ("change", "history"):
            response = browser.get(f"/admin/interactions/{model}/{key}/{page}/", follow=True)
            assert response.redirect_chain == [("/admin/", 302)]
            assert "doesn’t exist" in response.content.decode()
