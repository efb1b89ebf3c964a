"""Addresses of the query API: with and without a trailing slash, never a redirect."""

from django.urls import re_path

from . import views

urlpatterns = [
    re_path(
        r"^get-interaction-aggregates/?$",
        views.InteractionAggregates.as_view(),
        name="get-interaction-aggregates",
    ),
]
