"""What waits: tags for their interaction, and answers for the client that may ask again."""

from django.db import models

from .project import Project
from .words import EndUser


class WaitingTags(models.Model):
    """Tags of an interaction that has not arrived; orphan feedback waits as a FeedbackAction."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    end_user = models.ForeignKey(EndUser, on_delete=models.CASCADE, related_name="+", db_index=False)
    moment = models.DateTimeField()
    # Whether the moment is the interaction's start, or one after its end.
    is_start = models.BooleanField()
    input = models.TextField(null=True)
    output = models.TextField(null=True)
    tags = models.JSONField()

    class Meta:
        verbose_name = verbose_name_plural = "waiting tags"
        indexes = [
            # Serves linking, what waits for a user when an interaction of theirs arrives, and the removal
            # of users.
            models.Index(fields=["end_user", "project"], name="waiting_tags_of_user"),
            # Serves the removal of everything.
            models.Index(fields=["project"], name="waiting_tags_of_project"),
        ]

    def __str__(self) -> str:
        return ", ".join(self.tags)


class IdempotentAnswer(models.Model):
    """What was answered to a request with an Idempotency-Key, stored along with what it recorded."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    # Of the body: the same key with another body is a mistake.
    digest = models.BinaryField(max_length=32)
    answer = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Serves the look for an earlier answer, and makes one of two that come at once wait.
            models.UniqueConstraint(fields=["project", "key"], name="idempotency_key_once"),
        ]
        indexes = [
            # Serves the removal of old ones.
            models.Index(fields=["created_at"], name="idempotent_answer_created"),
        ]

    def __str__(self) -> str:
        return self.key
