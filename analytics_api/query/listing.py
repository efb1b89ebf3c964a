"""The interactions of a plan themselves, newest first."""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import F

from analytics_api.catalog.measures import N_INTERACTIONS
from interactions.models import FeedbackType, Interaction
from interactions.times import format_utc

from .plan import QueryPlan
from .rows import read_total
from .statements import listing_statement

# An interaction has one type on this wire: the first of these that it has.
TYPES_BY_PRIORITY = (
    FeedbackType.NEGATIVE_EXPLICIT,
    FeedbackType.POSITIVE_EXPLICIT,
    FeedbackType.NEGATIVE_IMPLICIT,
    FeedbackType.POSITIVE_IMPLICIT,
)
_OWN_COLUMNS = ("id", "public_id", "started_at", *(each.counter for each in FeedbackType))
_OTHER_COLUMNS = {
    "user": F("end_user__external_id"),
    "input_text": F("text__input"),
    "output_text": F("text__output"),
    "user_query": F("text__user_query"),
    "warning_message": F("text__warning_message"),
    "negative_intent_message": F("text__negative_intent_message"),
}
# Left out where there is none.
_OPTIONAL = ("user_query", "warning_message", "negative_intent_message")


def listed_page(plan: QueryPlan, using: str, *, offset: int, limit: int) -> tuple[int, list[dict[str, Any]]]:
    """A page of the interactions, newest first, and how many there are on all pages.

    using: what counts them; the rows, with their texts, are the database's. Call in one snapshot.
    A page is read from the nearer end, so the last one costs what the first does.
    """
    total = read_total(plan, using)[N_INTERACTIONS.name]
    n_rows = max(0, min(limit, total - offset))
    if not n_rows:
        return total, []
    is_near_end = offset > total // 2
    statement = listing_statement(plan.shape, not is_near_end, DEFAULT_DB_ALIAS)
    start = total - offset - n_rows if is_near_end else offset
    keys = [row["id"] for row in statement.rows(plan.values, limit=n_rows, offset=start)]
    if is_near_end:
        keys.reverse()
    return total, _rows(plan.project_id, keys)


def _rows(project_id: int, keys: list[int]) -> list[dict[str, Any]]:
    rows = Interaction.objects.for_project(project_id).filter(id__in=keys)
    rows = rows.values(*_OWN_COLUMNS, **_OTHER_COLUMNS)
    by_key = {row["id"]: _shaped(row) for row in rows}
    return [by_key[key] for key in keys]


def _shaped(row: dict[str, Any]) -> dict[str, Any]:
    types = (each.value for each in TYPES_BY_PRIORITY if row[each.counter])
    optional = {name: row[name] for name in _OPTIONAL} | {"feedback_type": next(types, None)}
    return {
        "id": str(row["public_id"]),
        "input_text": row["input_text"],
        "output_text": row["output_text"],
        "end_user": row["user"],
        "timestamp": format_utc(row["started_at"]),
        **{name: value for name, value in optional.items() if value is not None},
    }
