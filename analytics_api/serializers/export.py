"""The form of the export's query string (contract 6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from rest_framework.exceptions import ErrorDetail

from analytics_api.query.refusals import Place

from .fields import DateTimeField, Form

MAX_EXPORT = timedelta(days=7)


class ExportRequest(Form):
    """Which interactions to export, by their start."""

    date_gte = DateTimeField(help_text="The first moment of the range.")
    date_lt = DateTimeField(
        help_text=f"The first moment after the range, at most {MAX_EXPORT.days} days later."
    )

    def check(self, values: Mapping[str, Any]) -> Iterable[tuple[Place, ErrorDetail]]:
        if "date_gte" not in values or "date_lt" not in values:
            return
        length = values["date_lt"] - values["date_gte"]
        if length < timedelta():
            yield ("date_lt",), ErrorDetail("lies before date_gte", code="value_error")
        elif length > MAX_EXPORT:
            msg = f"at most {MAX_EXPORT.days} days after date_gte are accepted; ask for several ranges"
            yield ("date_lt",), ErrorDetail(msg, code="value_error")
