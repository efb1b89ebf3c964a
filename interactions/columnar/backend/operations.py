"""How values go in and come out."""

from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql.operations import DatabaseOperations as PostgreSQLOperations
from django.db.models import Field


class DatabaseOperations(PostgreSQLOperations):
    def adapt_datetimefield_value(self, value: datetime | None) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def adapt_integerfield_value(self, value: Any, internal_type: str) -> Any:
        return value

    def get_db_converters(self, expression: Any) -> list[Any]:
        field: Field = expression.output_field
        converters = super().get_db_converters(expression)
        return [*converters, _as_utc] if field.get_internal_type() == "DateTimeField" else converters

    def last_executed_query(self, cursor: Any, sql: str, params: Any) -> str:
        return f"{sql} {params!r}"


def _as_utc(value: datetime | None, expression: Any, connection: Any) -> datetime | None:
    return None if value is None else value.replace(tzinfo=UTC)
