"""How values are written on the pages of the admin."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

NOTHING = "-"


def utc_to_second(moment: datetime) -> str:
    """2024-03-06 15:07:25"""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "seconds")


def utc_exactly(moment: datetime | None) -> str:
    """2024-03-06 15:07:25.213000 UTC"""
    if moment is None:
        return NOTHING
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(' ', 'microseconds')} UTC"


def seconds(duration_us: int | None) -> str:
    """1.213 s"""
    return NOTHING if duration_us is None else f"{duration_us / 1_000_000:,.3f} s"


def dollars(cost_microusd: int | None) -> str:
    """$0.001782"""
    return NOTHING if cost_microusd is None else f"${cost_microusd / 1_000_000:,.6f}"


def page_address(row: Model) -> str:
    """The address of the page of `row`."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def page_link(row: Model, text: str) -> SafeString:
    """A link to the page of `row`."""
    return format_html('<a href="{}">{}</a>', page_address(row), text)


def list_link(model: type[Model], text: str, **filters: int) -> SafeString:
    """A link to the list of `model` with these filters on."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return format_html('<a href="{}?{}">{}</a>', address, urlencode(filters), text)
