"""Feedback: the list of actions, and those of one interaction on its page."""

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from interactions.models import FeedbackAction, is_hidden

from .browsing import RecordedAdmin
from .display import NOTHING, page_link, utc_exactly, utc_to_second
from .filters import ChoiceFilter, ProjectFilter, RecordedFilter
from .search import find_interactions
from .texts import MAX_TEXT_CHARS, cut, may_read_texts

# What lists show of a text: about a line.
MAX_EXCERPT_CHARS = 80


@admin.register(FeedbackAction)
class FeedbackActionAdmin(RecordedAdmin):
    date_hierarchy = "occurred_at"
    # Served by feedback_occurred_at.
    ordering = ("-occurred_at", "-id")
    sortable_by = ("occurred",)
    list_filter = (
        ("project", ProjectFilter),
        ("type", ChoiceFilter),
        ("slug", ChoiceFilter),
        RecordedFilter,
    )
    list_select_related = ("project", "end_user", "interaction")
    search_fields = ("interaction__public_id",)
    search_help_text = "The whole id of an interaction."
    readonly_fields = ("occurred_exactly", "whole_text", "whole_input", "whole_output", "its_interaction")

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        texts = ("excerpt",) if may_read_texts(request) else ()
        return ("occurred", "slug", "type", "rating", *texts, "project", "end_user", "its_interaction")

    def get_fields(self, request: HttpRequest, obj: FeedbackAction | None = None) -> tuple[str, ...]:
        texts = ("whole_text", "whole_input", "whole_output") if may_read_texts(request) else ()
        return (
            "occurred_exactly",
            "slug",
            "type",
            "rating",
            *texts,
            "project",
            "end_user",
            "its_interaction",
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).exclude(is_hidden("interaction"))

    def search(self, request: HttpRequest, rows: QuerySet, text: str) -> QuerySet:
        # Served by feedback_slug_once.
        return rows.filter(interaction__in=find_interactions(text))

    @admin.display(description="occurred (UTC)", ordering="occurred_at")
    def occurred(self, action: FeedbackAction) -> str:
        return utc_to_second(action.occurred_at)

    @admin.display(description="occurred")
    def occurred_exactly(self, action: FeedbackAction) -> str:
        return utc_exactly(action.occurred_at)

    @admin.display(description="text")
    def excerpt(self, action: FeedbackAction) -> str:
        return cut(action.text or "", MAX_EXCERPT_CHARS)

    @admin.display(description="text")
    def whole_text(self, action: FeedbackAction) -> str:
        return cut(action.text or NOTHING, MAX_TEXT_CHARS)

    @admin.display(description="input it was given on")
    def whole_input(self, action: FeedbackAction) -> str:
        return cut(action.input or NOTHING, MAX_TEXT_CHARS)

    @admin.display(description="output it was given on")
    def whole_output(self, action: FeedbackAction) -> str:
        return cut(action.output or NOTHING, MAX_TEXT_CHARS)

    @admin.display(description="interaction")
    def its_interaction(self, action: FeedbackAction) -> SafeString | str:
        """An action may arrive before its interaction, and waits for it."""
        if action.interaction is None:
            return "not recorded yet"
        return page_link(action.interaction, str(action.interaction))


class FeedbackInline(admin.TabularInline):
    """The actions on one interaction, in the order they happened."""

    model = FeedbackAction
    template = "admin/interactions/feedback.html"
    readonly_fields = ("occurred", "excerpt")

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        texts = ("excerpt",) if may_read_texts(request) else ()
        return ("occurred", "slug", "type", "rating", *texts)

    def has_add_permission(self, request: HttpRequest, obj: Model | None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description="occurred (UTC)")
    def occurred(self, action: FeedbackAction) -> str:
        return utc_to_second(action.occurred_at)

    @admin.display(description="text")
    def excerpt(self, action: FeedbackAction) -> str:
        return cut(action.text or NOTHING, MAX_EXCERPT_CHARS)
