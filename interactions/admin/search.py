"""Search by whole ids, each found in an index before the big tables are touched."""

from uuid import UUID

from django.db.models import Model, Q, QuerySet

from interactions.models import Conversation, EndUser, Interaction, Project


def search_interactions(rows: QuerySet, text: str) -> QuerySet:
    """Those of `rows` with this id, or whose end user or conversation has it."""
    # Django leaves out what found nothing, so that mostly one condition is left, and one index
    # has its rows in the order of the list.
    return rows.filter(
        Q(pk__in=find_interactions(text))
        | Q(end_user__in=find_by_external_id(EndUser, text))
        | Q(conversation__in=find_by_external_id(Conversation, text))
    )


def find_interactions(text: str) -> list[int]:
    """Primary keys of the interactions with this public id, one a project at most."""
    try:
        public_id = UUID(text)
    except ValueError:
        return []
    return _find_in_any_project(Interaction, public_id=public_id)


def find_by_external_id(model: type[Model], text: str) -> list[int]:
    """Primary keys of the end users or conversations with this id, one a project at most."""
    return _find_in_any_project(model, external_id=text)


def _find_in_any_project(model: type[Model], **unique_in_project: object) -> list[int]:
    # Unique in a project means an index that starts with the project: naming them all, it serves.
    projects = Project.objects.order_by().values("pk")
    return list(model.objects.filter(project__in=projects, **unique_in_project).values_list("pk", flat=True))
