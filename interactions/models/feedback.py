"""What users did with an answer: the events behind the counters of the fact row."""

from django.db import models
from django.db.models import Q

from .interaction import Interaction
from .project import Project
from .words import EndUser


class FeedbackType(models.TextChoices):
    """Kinds of feedback, in the order the public API lists them."""

    POSITIVE_IMPLICIT = "positive_implicit"
    POSITIVE_EXPLICIT = "positive_explicit"
    NEGATIVE_IMPLICIT = "negative_implicit"
    NEGATIVE_EXPLICIT = "negative_explicit"

    @property
    def counter(self) -> str:
        """The field of Interaction that counts this type."""
        return f"n_{self.value}"


class FeedbackSlug(models.TextChoices):
    """Actions the public wire knows."""

    THUMBS_UP = "thumbs_up"
    THUMBS_DOWN = "thumbs_down"
    RATING = "rating"
    COPY_INPUT = "copy_input"
    COPY_OUTPUT = "copy_output"
    PASTE = "paste"
    COMMENT = "comment"
    REGENERATE = "regenerate"
    EDIT = "edit"


class FeedbackAction(models.Model):
    """One action of one user on one interaction, or an orphan waiting for its interaction."""

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="feedback_actions", db_index=False
    )
    interaction = models.ForeignKey(
        Interaction, on_delete=models.CASCADE, null=True, related_name="feedback_actions", db_index=False
    )
    end_user = models.ForeignKey(
        EndUser, on_delete=models.PROTECT, null=True, related_name="feedback_actions", db_index=False
    )
    slug = models.CharField(max_length=20, choices=FeedbackSlug.choices)
    # What the slug meant when it was recorded; null for actions that say nothing of quality.
    type = models.CharField(max_length=20, choices=FeedbackType.choices, null=True)
    text = models.TextField(null=True)
    rating = models.PositiveSmallIntegerField(null=True)
    occurred_at = models.DateTimeField()
    # What an orphan is matched by, anonymised like the texts it is compared with.
    input = models.TextField(null=True)
    output = models.TextField(null=True)

    class Meta:
        ordering = ["occurred_at", "id"]
        constraints = [
            # Serves the inline of the admin and the details of an interaction.
            models.UniqueConstraint(fields=["interaction", "slug"], name="feedback_slug_once"),
            models.UniqueConstraint(
                fields=["interaction"],
                condition=Q(slug__in=["thumbs_up", "thumbs_down"]),
                name="feedback_one_thumb",
            ),
            models.CheckConstraint(
                # A comparison with NULL is unknown, and a check lets the unknown pass.
                condition=Q(slug="rating", rating__isnull=False, rating__gte=1, rating__lte=5)
                | (~Q(slug="rating") & Q(rating__isnull=True)),
                name="feedback_rating_from_1_to_5",
            ),
        ]
        indexes = [
            # Serves linking: the orphans of a user when an interaction of theirs arrives.
            models.Index(
                fields=["project", "end_user"],
                condition=Q(interaction__isnull=True),
                name="feedback_orphans",
            ),
            # Serves the removal of users: the database looks for what still names them.
            models.Index(fields=["end_user"], name="feedback_of_user"),
            # Serves the admin's list, newest first.
            models.Index(fields=["occurred_at"], name="feedback_occurred_at"),
        ]

    def __str__(self) -> str:
        return self.slug
