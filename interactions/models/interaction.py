"""The narrow fact row, its many-valued labels, and its texts."""

import uuid
from typing import Any, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from interactions import dialect

from .deletion import Deletion, HiddenInteraction
from .project import Project
from .words import Conversation, Dimension, EndUser, Label

# Longer than any conversation with a machine, and short enough that sums of microseconds
# stay inside 64 bits on a billion ordinary rows.
MAX_DURATION_DAYS = 31
# One million dollars for one interaction; bounds sums as above.
MAX_COST_MICROUSD = 1_000_000_000_000
MAX_TOKENS = 2_000_000_000


class InteractionQuerySet(models.QuerySet):
    """The one door to rows: every question starts at `for_project`."""

    def for_project(self, project: Project | int) -> Self:
        """Only this project's interactions that no deletion hides; `project` may be its primary key."""
        return self.not_hidden().filter(project=project)

    def not_hidden(self) -> Self:
        """Without those that are deleted and their rows only still to be removed.

        The first condition asks once whether there are any at all, so that the second is rarely asked.
        """
        return self.filter(dialect.InDatabase(~Exists(Deletion.objects.hiding()), ~is_hidden()))

    def started_between(self, start, end) -> Self:
        """Interactions with start <= started_at < end."""
        return self.filter(started_at__gte=start, started_at__lt=end)


def is_hidden(column: str = "pk", **of_deletions: Any) -> Exists:
    """Whether the interaction that `column` names is deleted and its rows are only still to be removed.

    of_deletions: which of them can have done it, by lookups; all when it is not known.
    """
    # Served by the primary key, for each of the few deletions that hide.
    hiding = Deletion.objects.hiding().filter(**of_deletions)
    return Exists(HiddenInteraction.objects.filter(deletion__in=hiding, interaction_id=OuterRef(column)))


def _label(kind: str) -> models.ForeignKey:
    # Without an index of its own: labels are never deleted one by one, and every question
    # has a time range, which the index on (project, started_at) serves better.
    return models.ForeignKey(
        Label, on_delete=models.PROTECT, null=True, related_name="+", db_index=False, verbose_name=kind
    )


class Interaction(models.Model):
    """One user message and one answer: what is counted, without its texts."""

    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="interactions", db_index=False
    )
    end_user = models.ForeignKey(
        EndUser, on_delete=models.PROTECT, null=True, related_name="interactions", db_index=False
    )
    conversation = models.ForeignKey(
        Conversation, on_delete=models.PROTECT, null=True, related_name="interactions", db_index=False
    )
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    # ended_at - started_at, exactly; null when the end is unknown.
    latency_us = models.BigIntegerField(null=True)
    cost_microusd = models.BigIntegerField(null=True)
    # Computed from model and tokens; false when the cost was sent, or is not known.
    is_cost_computed = models.BooleanField(default=False, db_default=False, editable=False)
    input_tokens = models.IntegerField(null=True)
    output_tokens = models.IntegerField(null=True)
    sentiment = models.FloatField(null=True)
    has_pii = models.BooleanField(default=False)

    intent = _label("intent")
    negative_intent = _label("negative intent")
    topic = _label("topic")
    type_of_problem = _label("type of problem")
    language = _label("language")
    model = _label("model")

    # Feedback actions of each type, maintained in the transaction that writes the actions:
    # joining the actions would multiply every other sum.
    n_positive_implicit = models.PositiveSmallIntegerField(default=0)
    n_positive_explicit = models.PositiveSmallIntegerField(default=0)
    n_negative_implicit = models.PositiveSmallIntegerField(default=0)
    n_negative_explicit = models.PositiveSmallIntegerField(default=0)

    objects = InteractionQuerySet.as_manager()

    class Meta:
        constraints = [
            # Serves lookups by id: details, resends.
            models.UniqueConstraint(fields=["project", "public_id"], name="interaction_once_a_project"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="interaction_ends_after_start",
            ),
            models.CheckConstraint(
                # A comparison with NULL is unknown, and a check lets the unknown pass.
                condition=Q(latency_us__isnull=True, ended_at__isnull=True)
                | Q(latency_us__isnull=False, latency_us__gte=0, ended_at__isnull=False),
                name="interaction_latency_with_end",
            ),
            models.CheckConstraint(
                condition=Q(cost_microusd__isnull=True)
                | Q(cost_microusd__gte=0, cost_microusd__lte=MAX_COST_MICROUSD),
                name="interaction_cost_in_range",
            ),
            models.CheckConstraint(
                condition=Q(input_tokens__isnull=True) | Q(input_tokens__gte=0),
                name="interaction_input_tokens_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(output_tokens__isnull=True) | Q(output_tokens__gte=0),
                name="interaction_output_tokens_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(sentiment__isnull=True) | Q(sentiment__gte=-1.0, sentiment__lte=1.0),
                name="interaction_sentiment_in_range",
            ),
        ]
        indexes = [
            # Serves every question with a time range: aggregates, series, lists, exports.
            models.Index(fields=["project", "started_at"], name="interaction_project_started"),
            # Serves the admin's list over all projects and its date hierarchy.
            models.Index(fields=["started_at"], name="interaction_started"),
            # Serves linking of feedback and tags: a user's interactions, newest first.
            models.Index(fields=["end_user", "started_at"], name="interaction_user_started"),
            # Serves the conversation's details.
            models.Index(fields=["conversation", "started_at"], name="interaction_conv_started"),
        ]

    def __str__(self) -> str:
        return str(self.public_id)


class InteractionLabel(models.Model):
    """One label of a many-valued kind on one interaction.

    Carries the dimension, so that a tag key is filtered without joining the labels.
    """

    pk = models.CompositePrimaryKey("interaction_id", "dimension_id", "label_id")
    interaction = models.ForeignKey(
        Interaction, on_delete=models.CASCADE, related_name="labels", db_index=False
    )
    dimension = models.ForeignKey(Dimension, on_delete=models.PROTECT, related_name="+", db_index=False)
    label = models.ForeignKey(Label, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        verbose_name = "label of an interaction"

    def __str__(self) -> str:
        return f"{self.interaction_id}: {self.label_id}"


class InteractionText(models.Model):
    """Long texts, out of the row that is scanned."""

    interaction = models.OneToOneField(
        Interaction, on_delete=models.CASCADE, primary_key=True, related_name="text"
    )
    # Digest of project, user, conversation, start, input and output: what makes a resend the
    # same interaction. Here rather than in the fact row, because no question scans it.
    fingerprint = models.UUIDField(unique=True, editable=False)
    input = models.TextField()
    output = models.TextField()
    history = models.JSONField(default=list)
    messages = models.JSONField(default=list)
    traces = models.JSONField(default=list)
    user_query = models.TextField(null=True)
    warning_message = models.TextField(null=True)
    negative_intent_message = models.TextField(null=True)
    # Casefolded by Python, for search that ignores case alike on every database.
    user_query_folded = models.TextField(null=True, editable=False)
    warning_message_folded = models.TextField(null=True, editable=False)
    negative_intent_message_folded = models.TextField(null=True, editable=False)

    class Meta:
        verbose_name = "text"

    def __str__(self) -> str:
        return str(self.interaction_id)
