"""Prices in the admin: set for a project or for all, from a day on."""

from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from interactions.models import ModelPrice, Project
from tests.interactions.admin_browser import ask, record_one

LIST = "/admin/interactions/modelprice/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def shop() -> Project:
    return Project.objects.create(name="Shop")


def save(browser: Client, page: str = "add/", **form: Any) -> HttpResponse:
    filled_in = {
        "project": "",
        "model": "ours",
        "starts_on": "2024-05-01",
        "input_microusd_per_mtok": "150000",
        "output_microusd_per_mtok": "600000",
        **form,
    }
    return browser.post(f"{LIST}{page}", filled_in, follow=True)


def test_set_price_is_listed_in_dollars_and_holds_from_then_on(browser: Client, shop: Project):
    save(browser)

    html = ask(browser, "modelprice").content.decode()
    assert all(text in html for text in ("ours", "$0.150000", "$0.600000"))
    interaction = record_one(shop, model="ours", input_tokens=20, output_tokens=10)
    assert interaction.cost_microusd == 3 + 6


def test_price_can_be_changed_and_deleted(browser: Client, shop: Project):
    save(browser, project=shop.pk)
    page = f"{ModelPrice.objects.get().pk}/"

    save(browser, f"{page}change/", project=shop.pk, input_microusd_per_mtok="7", starts_on="2024-06-01")
    price = ModelPrice.objects.get()
    assert (price.project, price.input_microusd_per_mtok, price.starts_on) == (shop, 7, date(2024, 6, 1))

    browser.post(f"{LIST}{page}delete/", {"post": "yes"})
    assert not ModelPrice.objects.exists()


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        pytest.param({}, "is set already", id="twice for all projects"),
        pytest.param({"model": ""}, "required", id="no model"),
        pytest.param({"starts_on": ""}, "required", id="no day"),
        pytest.param({"input_microusd_per_mtok": "-1"}, "Prices lie between", id="negative"),
        pytest.param({"output_microusd_per_mtok": str(10**13)}, "Prices lie between", id="beyond reason"),
        pytest.param({"output_microusd_per_mtok": "0.5"}, "whole number", id="part of a micro-dollar"),
    ],
)
def test_price_that_makes_no_sense_is_refused(browser: Client, form: dict[str, str], reason: str):
    save(browser)

    response = save(browser, **form)

    assert reason in " ".join(response.content.decode().split())
    assert ModelPrice.objects.count() == 1


def test_price_of_a_project_is_set_once_for_a_day(browser: Client, shop: Project):
    save(browser, project=shop.pk)

    assert "is set already" in save(browser, project=shop.pk).content.decode()
    assert ModelPrice.objects.count() == 1


def test_staff_who_may_not_set_prices_do_not(client: Client, shop: Project):
    client.force_login(User.objects.create_user("viewer", is_staff=True))

    assert save(client).status_code == 403
    assert ask(client, "modelprice").status_code == 403
    assert not ModelPrice.objects.exists()
