"""Deletions: the audit of what was taken away, read and never changed here."""

from django.contrib import admin

from interactions.models import Deletion

from .browsing import RecordedAdmin
from .display import NOTHING, utc_exactly, utc_to_second
from .filters import ProjectFilter


@admin.register(Deletion)
class DeletionAdmin(RecordedAdmin):
    # Served by deletion_requested_at.
    ordering = ("-requested_at", "-id")
    sortable_by = ()
    list_display = ("requested", "project", "requested_by", "n_interactions", "hidden", "finished")
    list_filter = (("project", ProjectFilter),)
    list_select_related = ("project",)
    fields = (
        "requested_exactly",
        "project",
        "requested_by",
        "selection",
        "n_interactions",
        "hidden_exactly",
        "finished",
    )
    readonly_fields = ("requested_exactly", "hidden_exactly", "finished")

    @admin.display(description="requested (UTC)")
    def requested(self, deletion: Deletion) -> str:
        return utc_to_second(deletion.requested_at)

    @admin.display(description="requested")
    def requested_exactly(self, deletion: Deletion) -> str:
        return utc_exactly(deletion.requested_at)

    @admin.display(description="gone (UTC)")
    def hidden(self, deletion: Deletion) -> str:
        """The moment from which nobody saw them."""
        return utc_to_second(deletion.hidden_at) if deletion.hidden_at else NOTHING

    @admin.display(description="gone")
    def hidden_exactly(self, deletion: Deletion) -> str:
        if deletion.hidden_at:
            return utc_exactly(deletion.hidden_at)
        return "Never: it was cut off, and no interaction was deleted." if deletion.finished_at else NOTHING

    @admin.display(description="finished (UTC)")
    def finished(self, deletion: Deletion) -> str:
        """Between the two moments rows are being removed, which nobody sees any more."""
        return utc_to_second(deletion.finished_at) if deletion.finished_at else NOTHING
