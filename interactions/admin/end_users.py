"""End users, as the recorded interactions name them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from interactions.models import EndUser, Interaction

from .browsing import RecordedAdmin
from .display import list_link
from .filters import ChosenFilter, ProjectFilter
from .search import find_by_external_id


@admin.register(EndUser)
class EndUserAdmin(RecordedAdmin):
    list_display = ("external_id", "project", "group_profile")
    list_filter = (("project", ProjectFilter), ("group_profile", ChosenFilter))
    list_select_related = ("project", "group_profile")
    # Served by end_user_once_a_project.
    ordering = ("project_id", "external_id")
    search_fields = ("external_id",)
    search_help_text = "The whole id of an end user."
    fields = ("external_id", "project", "group_profile", "interactions")
    readonly_fields = ("interactions",)

    def search(self, request: HttpRequest, rows: QuerySet, text: str) -> QuerySet:
        return rows.filter(pk__in=find_by_external_id(EndUser, text))

    @admin.display(description="interactions")
    def interactions(self, end_user: EndUser) -> SafeString:
        return list_link(Interaction, "All, newest first", end_user=end_user.pk)
