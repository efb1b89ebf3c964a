"""Words stored once: end users, conversations, dimensions and their labels."""

from django.db import models
from django.db.models import Q

from .project import Project

# A unique index row of PostgreSQL holds about 2,700 bytes; 500 characters take 2,000 at most.
MAX_WORD_CHARS = 500


class DimensionKind(models.TextChoices):
    """What a label describes. All but `tag` have one dimension a project; tags have one a key."""

    INTENT = "intent"
    NEGATIVE_INTENT = "negative_intent"
    TOPIC = "topic"
    TYPE_OF_PROBLEM = "type_of_problem"
    LANGUAGE = "language"
    MODEL = "model"
    COHORT = "cohort"
    KEYWORD = "keyword"
    DATA_SOURCE = "data_source"
    EMOTION = "emotion"
    FEATURE_FLAG = "feature_flag"
    TAG = "tag"
    # Kept in step with the feedback counters, so that feedback groups like any many-valued kind.
    USER_FEEDBACK = "user_feedback"


class Dimension(models.Model):
    """One axis of a project: a kind and, for tags, the key."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="dimensions", db_index=False)
    kind = models.CharField(max_length=20, choices=DimensionKind.choices)
    key = models.CharField(max_length=MAX_WORD_CHARS, blank=True, default="")

    class Meta:
        constraints = [
            # Serves the resolution of a request's kinds and tag keys to ids.
            models.UniqueConstraint(fields=["project", "kind", "key"], name="dimension_once_a_project"),
            models.CheckConstraint(condition=Q(kind="tag") ^ Q(key=""), name="dimension_key_for_tags_alone"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.key}" if self.key else self.kind


class Label(models.Model):
    """One value of a dimension."""

    dimension = models.ForeignKey(Dimension, on_delete=models.CASCADE, related_name="labels", db_index=False)
    value = models.CharField(max_length=MAX_WORD_CHARS)
    # `value.casefold()`: databases disagree on what ignoring case means, Python decides for both.
    folded = models.TextField(editable=False)
    is_custom = models.BooleanField(default=False, help_text="Defined by the project's staff.")

    class Meta:
        constraints = [
            # Serves the resolution of filter words to ids.
            models.UniqueConstraint(fields=["dimension", "value"], name="label_once_a_dimension"),
            models.CheckConstraint(condition=~Q(value=""), name="label_not_empty"),
        ]

    def __str__(self) -> str:
        return self.value

    def save(self, *args, **kwargs) -> None:
        self.folded = self.value.casefold()
        super().save(*args, **kwargs)


class EndUser(models.Model):
    """A person talking to the LLM product, by the id the application uses."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="end_users", db_index=False)
    external_id = models.CharField(max_length=MAX_WORD_CHARS)
    group_profile = models.ForeignKey(
        Label, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            # Serves the resolution of user filters, and ingestion.
            models.UniqueConstraint(fields=["project", "external_id"], name="end_user_once_a_project"),
            models.CheckConstraint(condition=~Q(external_id=""), name="end_user_not_empty"),
        ]

    def __str__(self) -> str:
        return self.external_id


class Conversation(models.Model):
    """A series of interactions that belong together, by the id the application uses."""

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="conversations", db_index=False
    )
    external_id = models.CharField(max_length=MAX_WORD_CHARS)

    class Meta:
        constraints = [
            # Serves the resolution of conversation filters, and ingestion.
            models.UniqueConstraint(fields=["project", "external_id"], name="conversation_once_a_project"),
            models.CheckConstraint(condition=~Q(external_id=""), name="conversation_not_empty"),
        ]

    def __str__(self) -> str:
        return self.external_id
