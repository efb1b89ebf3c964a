"""Interactions: the list to browse, and the page of one with its texts, labels and feedback."""

from itertools import groupby

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from interactions.models import DimensionKind, FeedbackType, Interaction, InteractionLabel

from .browsing import RecordedAdmin
from .display import NOTHING, dollars, page_address, page_link, seconds, utc_exactly, utc_to_second
from .feedback import FeedbackInline
from .filters import ChosenFilter, FeedbackFilter, LabelFilter, PiiFilter, ProjectFilter
from .search import search_interactions
from .texts import cut, may_read_texts, show_texts, start_of

# What the list shows of an input: about a line.
MAX_EXCERPT_CHARS = 80


@admin.register(Interaction)
class InteractionAdmin(RecordedAdmin):
    date_hierarchy = "started_at"
    # interaction_conv_started, interaction_user_started, interaction_project_started.
    dated_by = ("conversation", "end_user", "project")
    # Served by interaction_started, or the one of the above that the filters choose.
    ordering = ("-started_at", "-id")
    sortable_by = ("started",)
    list_filter = (
        ("project", ProjectFilter),
        ("end_user", ChosenFilter),
        ("conversation", ChosenFilter),
        FeedbackFilter,
        ("has_pii", PiiFilter),
        ("topic", LabelFilter),
        ("intent", LabelFilter),
        ("negative_intent", LabelFilter),
        ("type_of_problem", LabelFilter),
        ("language", LabelFilter),
        ("model", LabelFilter),
    )
    # `search.py` says what is searched; without any field the admin offers no search.
    search_fields = ("public_id",)
    search_help_text = "The whole id of an interaction, an end user or a conversation."
    inlines = (FeedbackInline,)
    readonly_fields = (
        "texts",
        "whole_conversation",
        "started_exactly",
        "ended_exactly",
        "latency",
        "cost",
        "pii_found",
        "many_valued_labels",
    )
    fieldsets = (
        ("Texts", {"fields": ("texts",), "classes": ("texts",)}),
        (
            "Interaction",
            {
                "fields": (
                    "public_id",
                    "project",
                    "end_user",
                    "whole_conversation",
                    "started_exactly",
                    "ended_exactly",
                    "latency",
                    "cost",
                    "input_tokens",
                    "output_tokens",
                    "sentiment",
                    "pii_found",
                )
            },
        ),
        (
            "Labels",
            {
                "fields": (
                    "intent",
                    "negative_intent",
                    "topic",
                    "type_of_problem",
                    "language",
                    "model",
                    "many_valued_labels",
                )
            },
        ),
    )

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        texts = ("input",) if may_read_texts(request) else ()
        project = () if "project" in request.GET else ("project",)
        return ("started", *texts, "end_user", "topic", "model", "feedback", "latency", "cost", *project)

    def get_fieldsets(self, request: HttpRequest, obj: Interaction | None = None) -> tuple:
        return self.fieldsets if may_read_texts(request) else self.fieldsets[1:]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        related = [field.name for field in Interaction._meta.fields if field.is_relation]
        start = start_of("text__input", MAX_EXCERPT_CHARS)
        rows = super().get_queryset(request).not_hidden()
        return rows.select_related(*related).annotate(input_start=start)

    def search(self, request: HttpRequest, rows: QuerySet, text: str) -> QuerySet:
        return search_interactions(rows, text)

    @admin.display(description="started (UTC)", ordering="started_at")
    def started(self, interaction: Interaction) -> str:
        return utc_to_second(interaction.started_at)

    @admin.display(description="started")
    def started_exactly(self, interaction: Interaction) -> str:
        return utc_exactly(interaction.started_at)

    @admin.display(description="ended")
    def ended_exactly(self, interaction: Interaction) -> str:
        return utc_exactly(interaction.ended_at)

    @admin.display
    def latency(self, interaction: Interaction) -> str:
        return seconds(interaction.latency_us)

    @admin.display
    def cost(self, interaction: Interaction) -> str:
        return dollars(interaction.cost_microusd)

    @admin.display(description="PII found")
    def pii_found(self, interaction: Interaction) -> str:
        return "yes" if interaction.has_pii else "no"

    @admin.display
    def input(self, interaction: Interaction) -> str:
        return cut(interaction.input_start or "", MAX_EXCERPT_CHARS)

    @admin.display
    def feedback(self, interaction: Interaction) -> str:
        """2 positive explicit, 1 negative implicit"""
        counts = {kind.label.lower(): getattr(interaction, kind.counter) for kind in FeedbackType}
        return ", ".join(f"{count} {label}" for label, count in counts.items() if count)

    @admin.display
    def texts(self, interaction: Interaction) -> SafeString | str:
        return show_texts(interaction)

    @admin.display(description="conversation")
    def whole_conversation(self, interaction: Interaction) -> SafeString | str:
        """The way to the conversation, and in it to this interaction."""
        conversation = interaction.conversation
        if conversation is None:
            return NOTHING
        return format_html(
            '<a href="{}#interaction-{}">{}</a>', page_address(conversation), interaction.pk, conversation
        )

    @admin.display(description="other labels")
    def many_valued_labels(self, interaction: Interaction) -> SafeString | str:
        """A line for each dimension with its labels; feedback is shown by itself."""
        rows = (
            InteractionLabel.objects.filter(interaction=interaction)
            .exclude(dimension__kind=DimensionKind.USER_FEEDBACK)
            .select_related("dimension", "label")
            .order_by("dimension__kind", "dimension__key", "label__value")
        )
        lines = [
            (
                dimension,
                format_html_join(", ", "{}", ((page_link(row.label, row.label.value),) for row in of_it)),
            )
            for dimension, of_it in groupby(rows, key=lambda row: row.dimension)
        ]
        return format_html_join("", '<div><span class="quiet">{}:</span> {}</div>', lines) or NOTHING
