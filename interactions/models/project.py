"""Tenants and the keys that open them."""

import uuid

from django.core.exceptions import ValidationError
from django.db import models
from rest_framework_api_key.models import AbstractAPIKey


class Project(models.Model):
    """One tenant: everything recorded belongs to exactly one."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=200, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # Interactions in sealed files, kept by the sealer: read along with the key, it tells whether a
    # question need look at the columnar store at all.
    n_sealed = models.BigIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Scope(models.TextChoices):
    """What a key may do."""

    QUERY = "query", "ask questions and read interactions"
    INGEST = "ingest", "record interactions, feedback, tags and eligible users"
    MANAGE = "manage", "delete interactions, make projects and keys"


DEFAULT_SCOPES = f"{Scope.QUERY} {Scope.INGEST}"


def validate_scopes(value: str) -> None:
    """Refuse anything but known scopes, each once, separated by single spaces."""
    words = value.split(" ")
    if not set(words) <= set(Scope.values) or len(words) != len(set(words)):
        raise ValidationError(f"Unknown scopes {value!r}. Known: {', '.join(Scope.values)}.")


class ProjectAPIKey(AbstractAPIKey):
    """A key of one project. Only its hash is stored; the key itself is shown once."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="api_keys")
    # Words separated by spaces, as OAuth writes scopes.
    scopes = models.CharField(max_length=60, default=DEFAULT_SCOPES, validators=[validate_scopes])

    class Meta(AbstractAPIKey.Meta):
        verbose_name = "API key"
        verbose_name_plural = "API keys"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"
