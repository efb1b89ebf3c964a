"""Eligible users, as the application lists them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from interactions.models import EligibleUser

from .browsing import RecordedAdmin
from .filters import ProjectFilter
from .search import find_by_external_id


@admin.register(EligibleUser)
class EligibleUserAdmin(RecordedAdmin):
    list_display = ("external_id", "project", "active_from", "active_to")
    list_filter = (("project", ProjectFilter),)
    list_select_related = ("project",)
    # Served by eligible_user_once_a_project.
    ordering = ("project_id", "external_id")
    search_fields = ("external_id",)
    search_help_text = "The whole id of an eligible user."
    fields = ("external_id", "project", "active_from", "active_to", "tags")

    def search(self, request: HttpRequest, rows: QuerySet, text: str) -> QuerySet:
        return rows.filter(pk__in=find_by_external_id(EligibleUser, text))
