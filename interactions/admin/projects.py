"""Projects: made and renamed here, never deleted with everything in them by a click."""

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from interactions.models import (
    Conversation,
    EligibleUser,
    EndUser,
    Interaction,
    Label,
    Project,
    ProjectAPIKey,
)
from interactions.projects import validate_project_name

from .browsing import BrowsingAdmin
from .display import list_link


class ProjectForm(forms.ModelForm):
    """A project's name, by the rules that hold wherever projects are made."""

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        validate_project_name(name)
        return name


@admin.register(Project)
class ProjectAdmin(BrowsingAdmin):
    form = ProjectForm
    list_display = ("name", "public_id", "created_at")
    search_fields = ("name",)
    ordering = ("name",)

    def get_fields(self, request: HttpRequest, obj: Project | None = None) -> tuple[str, ...]:
        return ("name",) if obj is None else ("name", "public_id", "created_at", "contents")

    def get_readonly_fields(self, request: HttpRequest, obj: Project | None = None) -> tuple[str, ...]:
        return () if obj is None else ("public_id", "created_at", "contents")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description="contents")
    def contents(self, project: Project) -> SafeString:
        return format_html_join(
            " · ",
            "{}",
            (
                (list_link(model, str(model._meta.verbose_name_plural).capitalize(), project=project.pk),)
                for model in (Interaction, Conversation, EndUser, EligibleUser, Label, ProjectAPIKey)
            ),
        )
