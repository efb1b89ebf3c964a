"""Deletions: who asked for them, and what is still to be removed."""

from typing import Self

from django.db import models
from django.db.models import Q

from .project import Project


class DeletionQuerySet(models.QuerySet):
    def hiding(self) -> Self:
        """Those that hide interactions whose rows are still to be removed. Served by deletion_hiding."""
        return self.filter(hidden_at__isnull=False, finished_at__isnull=True)


class Deletion(models.Model):
    """A request to delete interactions: the line of the audit that stays."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="deletions", db_index=False)
    # The key that asked, by name and prefix: keys come and go.
    requested_by = models.CharField(max_length=120)
    requested_at = models.DateTimeField()
    # {"filters": [...], "time_range": {...}} as they were sent; {} stands for everything.
    selection = models.JSONField()
    # As found; less, once removed, what another deletion took first.
    n_interactions = models.BigIntegerField()
    # The moment at which all of them were gone for everyone. Null while it is prepared, and for ever when
    # the process that did was killed: then none was deleted.
    hidden_at = models.DateTimeField(null=True)
    # Null while there are rows of it.
    finished_at = models.DateTimeField(null=True)

    objects = DeletionQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at", "-id"]
        indexes = [
            # Serves every question, which asks whether anything is hidden at all.
            models.Index(
                fields=["project"],
                condition=Q(hidden_at__isnull=False, finished_at__isnull=True),
                name="deletion_hiding",
            ),
            # Serves the look for those that were prepared in vain, which are few.
            models.Index(
                fields=["requested_at"], condition=Q(hidden_at__isnull=True), name="deletion_never_hid"
            ),
            # Serves the admin's list.
            models.Index(fields=["requested_at"], name="deletion_requested_at"),
        ]

    def __str__(self) -> str:
        return f"{self.n_interactions} interactions, {self.requested_at:%Y-%m-%d %H:%M} UTC"


class HiddenInteraction(models.Model):
    """An interaction that its deletion names: gone for everyone who asks, once the deletion hides.

    Named by number, without a constraint that would be checked for each of a million.
    """

    # By deletion first: one is prepared while another is removed, and two may name the same interaction.
    pk = models.CompositePrimaryKey("deletion_id", "interaction_id")
    deletion = models.ForeignKey(Deletion, on_delete=models.CASCADE, related_name="+", db_index=False)
    interaction_id = models.BigIntegerField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.interaction_id)
