"""Labels and the dimensions they belong to."""

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from interactions.models import Dimension, DimensionKind, EndUser, Interaction, Label, Project

from .browsing import BrowsingAdmin, RecordedAdmin
from .display import NOTHING, list_link
from .filters import ChoiceFilter, ChosenFilter, ProjectFilter


@admin.register(Dimension)
class DimensionAdmin(RecordedAdmin):
    list_display = ("__str__", "project")
    list_filter = (("project", ProjectFilter), ("kind", ChoiceFilter))
    list_select_related = ("project",)
    # Served by dimension_once_a_project.
    ordering = ("project_id", "kind", "key")
    search_fields = ("key",)
    search_help_text = "Part of a tag's key."
    fields = ("kind", "key", "project", "labels")
    readonly_fields = ("labels",)

    @admin.display(description="labels")
    def labels(self, dimension: Dimension) -> str:
        return list_link(Label, "All", dimension=dimension.pk)


@admin.register(Label)
class LabelAdmin(BrowsingAdmin):
    """Labels are recorded; only whether the project's staff defined one is theirs to say."""

    list_display = ("value", "dimension", "project", "is_custom")
    list_filter = (
        ("dimension__project", ProjectFilter),
        ("dimension__kind", ChoiceFilter),
        ("dimension", ChosenFilter),
        "is_custom",
    )
    list_select_related = ("dimension__project",)
    # Served by label_once_a_dimension.
    ordering = ("dimension_id", "value")
    search_fields = ("folded",)
    search_help_text = "Part of a label, in capitals or not."
    fields = ("value", "dimension", "project", "is_custom", "used_by")
    readonly_fields = ("value", "dimension", "project", "used_by")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("dimension__project")

    def search(self, request: HttpRequest, rows: QuerySet, text: str) -> QuerySet:
        # Not Django's icontains: it ignores case in ASCII alone on SQLite.
        return rows.filter(folded__contains=text.casefold())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description="project")
    def project(self, label: Label) -> Project:
        return label.dimension.project

    @admin.display(description="used by")
    def used_by(self, label: Label) -> str:
        """The way to what carries the label, where the big tables can be asked for it."""
        kind = label.dimension.kind
        if kind == DimensionKind.COHORT:
            return list_link(EndUser, "End users", group_profile=label.pk)
        if kind in {field.name for field in Interaction._meta.fields}:
            return list_link(
                Interaction, "Interactions", project=label.dimension.project_id, **{kind: label.pk}
            )
        return NOTHING
