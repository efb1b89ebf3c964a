"""Arguments written into the SQL, so that DuckDB plans with what it knows of them.

It looks at the bounds of a time range, and skips what lies outside, only where it sees them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any


class LiteralList(list):
    """The one argument that stands for any number of values in `IN`."""


def bind(sql: str, params: Sequence[Any] | None) -> tuple[str, list[Any]]:
    """Put arguments in the places of `%s`; text stays an argument, at a place of DuckDB's own form."""
    if params is None:
        return sql, []
    arguments = [value for value in params if type(value) not in _LITERALS]
    return sql % tuple(_literal(value) or "?" for value in params), arguments


def _literal(value: Any) -> str | None:
    write = _LITERALS.get(type(value))
    return None if write is None else write(value)


def _moment(value: datetime) -> str:
    naive = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
    return f"TIMESTAMP '{naive.isoformat(sep=' ')}'"


def _list(values: LiteralList) -> str:
    # Of text there are no lists: words are resolved to ids before.
    return f"({', '.join(_literal(value) for value in values) or 'NULL'})"


# By exact type: a bool is no int here. None of these texts can hold a quote or a placeholder.
_LITERALS: dict[type, Callable[[Any], str]] = {
    type(None): lambda value: "NULL",
    bool: lambda value: "TRUE" if value else "FALSE",
    int: str,
    datetime: _moment,
    date: lambda value: f"DATE '{value.isoformat()}'",
    LiteralList: _list,
}
