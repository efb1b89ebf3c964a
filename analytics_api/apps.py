"""The HTTP interface."""

from django.apps import AppConfig


class AnalyticsApiConfig(AppConfig):
    name = "analytics_api"
    verbose_name = "Analytics API"
