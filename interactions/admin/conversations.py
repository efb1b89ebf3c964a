"""Conversations: found by id, read as a whole."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from interactions.models import Conversation, Interaction

from .browsing import RecordedAdmin
from .display import list_link
from .filters import ProjectFilter
from .search import find_by_external_id
from .texts import may_read_texts, show_conversation


@admin.register(Conversation)
class ConversationAdmin(RecordedAdmin):
    list_display = ("external_id", "project")
    list_filter = (("project", ProjectFilter),)
    list_select_related = ("project",)
    # Served by conversation_once_a_project.
    ordering = ("project_id", "external_id")
    search_fields = ("external_id",)
    search_help_text = "The whole id of a conversation."
    readonly_fields = ("interactions", "texts")
    fieldsets = (
        ("Texts", {"fields": ("texts",), "classes": ("texts",)}),
        ("Conversation", {"fields": ("external_id", "project", "interactions")}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Conversation | None = None) -> tuple:
        return self.fieldsets if may_read_texts(request) else self.fieldsets[1:]

    def search(self, request: HttpRequest, rows: QuerySet, text: str) -> QuerySet:
        return rows.filter(pk__in=find_by_external_id(Conversation, text))

    @admin.display
    def interactions(self, conversation: Conversation) -> SafeString:
        return list_link(Interaction, "All, newest first", conversation=conversation.pk)

    @admin.display
    def texts(self, conversation: Conversation) -> SafeString:
        return show_conversation(conversation)
