"""Spans of traces that may still grow: exporters send a trace in pieces, often its end first."""

from django.db import models

from .project import Project


class SpanRole(models.TextChoices):
    """What a span is to an interaction: the call that may be one, a step of one, or neither."""

    CALL = "call"
    STEP = "step"
    OTHER = "other"


class KnownSpan(models.Model):
    """Where a span stands in its trace, and what it says as long as no interaction holds that."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    # In hexadecimal, as logs and tracing tools show them.
    trace_id = models.CharField(max_length=32)
    span_id = models.CharField(max_length=16)
    parent_id = models.CharField(max_length=16, null=True)
    role = models.CharField(max_length=5, choices=SpanRole.choices)
    # JSON: a step's content until its call comes, or what another span knows of user and conversation.
    content = models.TextField(null=True)
    has_pii = models.BooleanField(default=False)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Serves the look at what is known of a trace.
            models.UniqueConstraint(fields=["project", "trace_id", "span_id"], name="span_known_once"),
        ]
        indexes = [
            # Serves the removal of old ones.
            models.Index(fields=["expires_at"], name="known_span_expires"),
        ]

    def __str__(self) -> str:
        return f"{self.trace_id}/{self.span_id}"
