"""Who might use the LLM product, whether they have or not."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q

from .project import Project
from .words import MAX_WORD_CHARS


class EligibleUserQuerySet(models.QuerySet):
    """The only door to rows: every question starts at one project."""

    def for_project(self, project: Project | int) -> Self:
        return self.filter(project=project)


class EligibleUser(models.Model):
    """A person the product is there for, by the id the application uses; they need not be an EndUser.

    active_to: the last of the days, none when there is no end in sight.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    external_id = models.CharField(max_length=MAX_WORD_CHARS)
    tags = models.JSONField(default=dict)
    active_from = models.DateField()
    active_to = models.DateField(null=True, blank=True)

    objects = EligibleUserQuerySet.as_manager()

    class Meta:
        constraints = [
            # Serves the replacement of users by their ids.
            models.UniqueConstraint(fields=["project", "external_id"], name="eligible_user_once_a_project"),
            models.CheckConstraint(condition=~Q(external_id=""), name="eligible_user_not_empty"),
            models.CheckConstraint(
                condition=Q(active_to__isnull=True) | Q(active_to__gte=F("active_from")),
                name="eligible_user_ends_after_start",
            ),
        ]
        indexes = [
            # Serves counting those who are eligible on some days, without their rows.
            models.Index(fields=["project", "active_from", "active_to"], name="eligible_user_period"),
        ]

    def __str__(self) -> str:
        return self.external_id
