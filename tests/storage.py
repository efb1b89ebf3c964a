"""What is stored, read back in plain words and without the code that stored it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.apps import apps

from interactions.models import (
    DirtyMark,
    FeedbackAction,
    Interaction,
    InteractionLabel,
    InteractionText,
    Project,
    SealedFile,
)

LABEL_COLUMNS = ("intent", "negative_intent", "topic", "type_of_problem", "language", "model")
COUNTERS = ("n_positive_implicit", "n_positive_explicit", "n_negative_implicit", "n_negative_explicit")
_NUMBERS = ("latency_us", "cost_microusd", "input_tokens", "output_tokens", "sentiment", "has_pii")
_TEXTS = tuple(f.name for f in InteractionText._meta.fields if f.name not in ("interaction", "fingerprint"))

Row = dict[str, Any]


def stored(project: Project) -> list[Row]:
    """Every interaction of the project with all that hangs on it, by start and id.

    -> [{"id": UUID, "end_user": "ada", "started_at": datetime, "topic": "billing",
         "labels": {"keyword": ["invoice"], "tag: plan": ["pro"], "user_feedback": ["positive_explicit"]},
         "feedback": [{"slug": "thumbs_up", ...}], "n_positive_explicit": 1, "input": "Hi", ...}, ...]
    """
    rows = {row.pk: _row(row) for row in _interactions(project)}
    for label in _labels(project):
        rows[label.interaction_id]["labels"].setdefault(str(label.dimension), []).append(label.label.value)
    for action in _actions(project):
        rows[action.interaction_id]["feedback"].append(_feedback(action))
    for row in rows.values():
        row["labels"] = {dimension: sorted(values) for dimension, values in sorted(row["labels"].items())}
        row["feedback"].sort(key=lambda action: action["slug"])
    return sorted(rows.values(), key=lambda row: (row["started_at"], row["id"]))


def ids(project: Project) -> set[UUID]:
    return set(Interaction.objects.for_project(project).values_list("public_id", flat=True))


def every_row() -> dict[str, list[tuple]]:
    """Every row of every table of the app as it is, keys of the database included.

    But for the bookkeeping of the columns: a mark says that something was written, even what was
    there already, and has a new number each time.
    """
    models = set(apps.get_app_config("interactions").get_models()) - {DirtyMark, SealedFile}
    return {model.__name__: sorted(model.objects.values_list(), key=repr) for model in models}


def _interactions(project: Project):
    return Interaction.objects.for_project(project).select_related(
        "text", "conversation", "end_user__group_profile", *LABEL_COLUMNS
    )


def _labels(project: Project):
    return InteractionLabel.objects.filter(interaction__project=project).select_related("dimension", "label")


def _actions(project: Project):
    return FeedbackAction.objects.filter(project=project, interaction__isnull=False).select_related(
        "end_user"
    )


def _row(interaction: Interaction) -> Row:
    user = interaction.end_user
    return {
        "id": interaction.public_id,
        "end_user": user and user.external_id,
        "group_profile": _word(user and user.group_profile),
        "conversation": interaction.conversation and interaction.conversation.external_id,
        "started_at": interaction.started_at,
        "ended_at": interaction.ended_at,
        **{name: _word(getattr(interaction, name)) for name in LABEL_COLUMNS},
        **{name: getattr(interaction, name) for name in (*_NUMBERS, *COUNTERS)},
        **{name: getattr(interaction.text, name) for name in _TEXTS},
        "labels": {},
        "feedback": [],
    }


def _feedback(action: FeedbackAction) -> Row:
    names = ("slug", "type", "text", "rating", "occurred_at", "input", "output")
    return {
        "end_user": action.end_user and action.end_user.external_id,
        **{name: getattr(action, name) for name in names},
    }


def _word(label: Any) -> str | None:
    return None if label is None else label.value
