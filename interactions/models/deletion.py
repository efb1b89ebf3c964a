"""Deletions: who asked for them, and what is still to be removed."""

from django.db import models
from django.db.models import Q

from .project import Project


class Deletion(models.Model):
    """A request to delete interactions: the line of the audit that stays."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="deletions", db_index=False)
    # The key that asked, by name and prefix: keys come and go.
    requested_by = models.CharField(max_length=120)
    requested_at = models.DateTimeField()
    # {"filters": [...], "time_range": {...}} as they were sent; {} stands for everything.
    selection = models.JSONField()
    n_interactions = models.BigIntegerField()
    # Null while there are rows of it.
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-requested_at", "-id"]
        indexes = [
            # Serves every question, which asks whether anything is hidden at all.
            models.Index(
                fields=["project"], condition=Q(finished_at__isnull=True), name="deletion_unfinished"
            ),
            # Serves the admin's list.
            models.Index(fields=["requested_at"], name="deletion_requested_at"),
        ]

    def __str__(self) -> str:
        return f"{self.n_interactions} interactions, {self.requested_at:%Y-%m-%d %H:%M} UTC"


class HiddenInteraction(models.Model):
    """An interaction that is deleted for everyone who asks, while its rows are being removed.

    Named by number, without a constraint that would be checked a million times in one transaction.
    """

    interaction_id = models.BigIntegerField(primary_key=True)
    deletion = models.ForeignKey(Deletion, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        default_permissions = ()
        # Without an index of the deletion: to fill it would take as long again, while writers wait. The
        # removal reads the keys in their order, and seldom has two deletions to tell apart.

    def __str__(self) -> str:
        return str(self.interaction_id)
