"""The HTTP interface."""

from django.apps import AppConfig


class AnalyticsApiConfig(AppConfig):
    name = "analytics_api"
    verbose_name = "Analytics API"

    def ready(self) -> None:
        # Its receiver is connected by being there.
        from . import cors  # noqa: F401
