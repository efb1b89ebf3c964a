"""A question: a request body of the aggregate endpoint, and the SQL of the yardstick."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .dataset import END

# The project that is asked about, with seven in ten of the interactions.
PROJECT_ID = 1


@dataclass(frozen=True, kw_only=True)
class AggregateQuestion:
    """body: of the request. sql: answers the same page, with a column for each field and the total."""

    name: str
    body: dict[str, Any]
    sql: str


def make_question(name: str, days: int, sql: str, **fields: Any) -> AggregateQuestion:
    """A question about the last `days`. fields: of the body, besides the range, filters and page."""
    body = {
        "time_range": {"start": (END - timedelta(days=days)).isoformat(), "end": END.isoformat()},
        "filters": [],
        "limit": 10,
        "offset": 0,
        **fields,
    }
    return AggregateQuestion(
        name=f"{name}, {days} days", body=body, sql=sql.replace("{window}", _window(days))
    )


def _window(days: int) -> str:
    end = END.replace(tzinfo=None)
    return (
        f"project_id = {PROJECT_ID} AND started_at >= TIMESTAMP '{end - timedelta(days=days)}'"
        f" AND started_at < TIMESTAMP '{end}'"
    )
