"""The interactions that a deletion is asked for."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from analytics_api.catalog import DEFAULT_ORDERING
from interactions.prepared import PreparedQuery

from .compile import compile_selected
from .plan import build_plan

# For the plan alone: of all times, the window is not asked.
_ANY_RANGE = {"start": datetime.min.replace(tzinfo=UTC), "end": datetime.max.replace(tzinfo=UTC)}
_NOTHING_MEASURED = {
    "group_by": None,
    "variables": (),
    "order_by": {"by": DEFAULT_ORDERING, "direction": "desc"},
    "include_previous": False,
}


def selected_keys(project_id: int, request: Mapping[str, Any]) -> array[int]:
    """The primary keys, ascending, of the project's interactions that a DeletionRequest names.

    Call in a snapshot.
    """
    time_range = request["time_range"]
    asked = {"time_range": time_range or _ANY_RANGE, "filters": request["filters"]}
    plan = build_plan(project_id, asked | _NOTHING_MEASURED, now=timezone.now())
    rows = compile_selected(plan.shape, is_in_window=time_range is not None)
    statement = PreparedQuery.of(rows.using(DEFAULT_DB_ALIAS))
    # Eight bytes each, of a million.
    return array("q", (row["id"] for row in statement.chunks(plan.values)))
