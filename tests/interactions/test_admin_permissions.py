"""What members of staff may see and do in the admin: read much, change little."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client

from interactions.keys import issue_key
from interactions.models import (
    Conversation,
    Dimension,
    EligibleUser,
    EndUser,
    FeedbackAction,
    Interaction,
    InteractionLabel,
    InteractionText,
    Label,
    Project,
    ProjectAPIKey,
)
from tests.dataset import record

RECORDED = (Interaction, Conversation, EndUser, EligibleUser, FeedbackAction, Dimension)
LISTED = (*RECORDED, Label, Project, ProjectAPIKey)
EVERYTHING = (*LISTED, InteractionText, InteractionLabel)

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Project:
    project = Project.objects.create(name="Shop")
    record(project)
    EligibleUser.objects.create(project=project, external_id="ada", active_from=date(2024, 5, 1))
    issue_key(project, name="a test")
    return project


def browser_of(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def superuser() -> Client:
    return browser_of(User.objects.create_superuser("root"))


def viewer(models: Iterable[type[Model]] = EVERYTHING) -> Client:
    """Staff who may view these models and nothing else."""
    user = User.objects.create_user("viewer", is_staff=True)
    names = [f"view_{model._meta.model_name}" for model in models]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return browser_of(user)


STAFF = [pytest.param(superuser, id="superuser"), pytest.param(viewer, id="viewer")]


def list_of(model: type[Model]) -> str:
    return f"/admin/interactions/{model._meta.model_name}/"


def page_of(row: Model) -> str:
    key = row.prefix if isinstance(row, ProjectAPIKey) else row.pk
    return f"{list_of(type(row))}{key}/change/"


def everything_stored() -> dict[str, list[Any]]:
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in EVERYTHING}


# Reading


@pytest.mark.parametrize("staff", STAFF)
@pytest.mark.parametrize("model", LISTED)
def test_staff_who_may_view_read_every_list_and_page(shop: Project, model: type[Model], staff):
    browser = staff()

    assert browser.get(list_of(model)).status_code == 200
    assert browser.get(page_of(model.objects.first())).status_code == 200


@pytest.mark.parametrize("model", LISTED)
def test_staff_without_permission_read_nothing(shop: Project, model: type[Model]):
    browser = viewer(set(EVERYTHING) - {model})

    assert browser.get(list_of(model)).status_code == 403
    assert browser.get(page_of(model.objects.first())).status_code == 403


@pytest.mark.parametrize("model", LISTED)
def test_strangers_are_asked_to_log_in(client: Client, shop: Project, model: type[Model]):
    client.force_login(User.objects.create_user("no staff"))

    for address in (list_of(model), page_of(model.objects.first())):
        response = client.get(address)
        assert (response.status_code, response["Location"]) == (302, f"/admin/login/?next={address}")


def test_texts_are_kept_from_staff_who_may_not_view_them(shop: Project):
    interaction = Interaction.objects.get(text__input="Question 8")
    action = FeedbackAction.objects.create(
        project=shop,
        slug="paste",
        text="Comment 8",
        input="Question 8",
        output="Answer 8",
        occurred_at=interaction.started_at,
    )
    FeedbackAction.objects.filter(interaction=interaction).update(text="Comment 8")
    pages = [
        list_of(Interaction),
        list_of(FeedbackAction),
        page_of(interaction),
        page_of(interaction.conversation),
        page_of(action),
    ]

    def told(browser: Client, address: str) -> bool:
        html = browser.get(address).content.decode()
        return any(f"{text} 8<" in html for text in ("Question", "Answer", "Comment"))

    reader, outsider = superuser(), viewer(LISTED)
    assert all(told(reader, address) for address in pages)
    assert not any(told(outsider, address) for address in pages)


def test_feedback_is_kept_from_staff_who_may_not_view_it(shop: Project):
    interaction = FeedbackAction.objects.filter(slug="rating").first().interaction

    assert "<td>Rating</td>" in superuser().get(page_of(interaction)).content.decode()
    browser = viewer(set(EVERYTHING) - {FeedbackAction})
    assert "Rating" not in browser.get(page_of(interaction)).content.decode()


# Changing


@pytest.mark.parametrize("staff", STAFF)
@pytest.mark.parametrize("model", RECORDED)
def test_nothing_recorded_can_be_added_changed_or_deleted(shop: Project, model: type[Model], staff):
    browser, page, before = staff(), page_of(model.objects.first()), everything_stored()
    form = {"external_id": "changed", "slug": "paste", "kind": "topic", "project": shop.pk, "post": "yes"}

    def status(address: str) -> int:
        return browser.post(address, form | {"_save": "Save"}).status_code

    assert status(f"{list_of(model)}add/") == 403
    assert browser.get(f"{list_of(model)}add/").status_code == 403
    assert status(page) == 403
    assert browser.post(page, form | {"_saveasnew": "1"}).status_code == 403
    assert status(page.replace("/change/", "/delete/")) == 403
    assert browser.get(page.replace("/change/", "/delete/")).status_code == 403
    assert everything_stored() == before


@pytest.mark.parametrize("staff", STAFF)
@pytest.mark.parametrize("model", LISTED)
def test_lists_offer_no_action(shop: Project, model: type[Model], staff):
    browser, before = staff(), everything_stored()
    keys = [str(key) for key in model.objects.values_list("pk", flat=True)]
    form = {
        "action": "delete_selected",
        "_selected_action": keys,
        "post": "yes",
        "index": "0",
        "select_across": "1",
    }

    response = browser.post(list_of(model), form)

    assert "_selected_action" not in response.content.decode()
    assert everything_stored() == before


@pytest.mark.parametrize("staff", STAFF)
@pytest.mark.parametrize("model", [Label, Project, ProjectAPIKey])
def test_labels_projects_and_keys_cannot_be_deleted(shop: Project, model: type[Model], staff):
    browser, before = staff(), everything_stored()
    page = page_of(model.objects.first())

    assert "deletelink" not in browser.get(page).content.decode()
    assert browser.post(page.replace("/change/", "/delete/"), {"post": "yes"}).status_code == 403
    assert everything_stored() == before


@pytest.mark.parametrize("model", [Label, Project, ProjectAPIKey])
def test_staff_who_may_only_view_change_no_label_project_or_key(shop: Project, model: type[Model]):
    browser, before = viewer(), everything_stored()
    form = {"name": "changed", "is_custom": "on", "revoked": "on", "project": shop.pk, "scopes": ["query"]}

    assert browser.post(page_of(model.objects.first()), form).status_code == 403
    assert browser.post(f"{list_of(model)}add/", form).status_code == 403
    assert everything_stored() == before


@pytest.mark.parametrize("model", [InteractionText, InteractionLabel])
def test_texts_and_bridges_have_no_pages_of_their_own(shop: Project, model: type[Model]):
    assert superuser().get(list_of(model)).status_code == 404


# Labels


def change_label(browser: Client, label: Label, **form: str) -> HttpResponse:
    return browser.post(page_of(label), form, follow=True)


def test_label_can_be_marked_as_the_staffs_own(shop: Project):
    browser, label = superuser(), Label.objects.get(value="billing")

    change_label(browser, label, is_custom="on")
    label.refresh_from_db()
    assert label.is_custom
    change_label(browser, label)
    label.refresh_from_db()
    assert not label.is_custom


def test_nothing_else_of_a_label_can_be_changed(shop: Project):
    label = Label.objects.get(value="billing")
    before = Label.objects.filter(pk=label.pk).values().get()

    change_label(superuser(), label, value="changed", folded="changed", dimension="1", is_custom="on")

    assert Label.objects.filter(pk=label.pk).values().get() == before | {"is_custom": True}


def test_label_cannot_be_added(shop: Project):
    dimension = Dimension.objects.first()

    response = superuser().post(f"{list_of(Label)}add/", {"value": "new", "dimension": dimension.pk})

    assert response.status_code == 403


# Projects


def save_project(address: str, name: str) -> HttpResponse:
    return superuser().post(address, {"name": name, "public_id": "1" * 32}, follow=True)


def test_project_can_be_made(shop: Project):
    save_project(f"{list_of(Project)}add/", "New")

    assert set(Project.objects.values_list("name", flat=True)) == {"Shop", "New"}


def test_project_can_be_renamed_and_nothing_more(shop: Project):
    before = Project.objects.values().get()

    save_project(page_of(shop), "Store")

    assert Project.objects.values().get() == before | {"name": "Store"}


@pytest.mark.parametrize("name", ["", "Shop", "a\x07b", "x" * 201])
def test_name_that_breaks_the_rules_of_projects_is_refused(shop: Project, name: str):
    response = save_project(f"{list_of(Project)}add/", name)

    assert "Please correct the error below." in response.content.decode()
    assert Project.objects.count() == 1


def test_project_leads_to_what_it_holds(shop: Project):
    other = Project.objects.create(name="Other")
    html = superuser().get(page_of(shop)).content.decode()

    for model in (Interaction, Conversation, EndUser, EligibleUser, Label, ProjectAPIKey):
        assert f'<a href="{list_of(model)}?project={shop.pk}">' in html
    assert f"?project={other.pk}" not in html
