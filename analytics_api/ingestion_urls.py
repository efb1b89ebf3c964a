"""Addresses of the calls that record: every form on every version, with and without a slash at the end.

A version of the wire differs from another in what its bodies may hold; the translators take them all.
"""

from django.urls import re_path

from .ingestion import interactions
from .views import ingestion

_VERSION = "^v[123]/events"

urlpatterns = [
    re_path(
        rf"{_VERSION}/?$", ingestion.Interactions.as_view(translator=staticmethod(interactions.watched_event))
    ),
    re_path(rf"{_VERSION}/(interactions|trace_interaction)/?$", ingestion.Interactions.as_view()),
    re_path(
        rf"{_VERSION}/trace_conversation/?$",
        ingestion.Interactions.as_view(translator=staticmethod(interactions.conversation)),
    ),
    re_path(rf"{_VERSION}/feedback/?$", ingestion.Feedback.as_view()),
    re_path(rf"{_VERSION}/tags/?$", ingestion.Tags.as_view()),
    re_path(r"^v3/events/batch/?$", ingestion.Batches.as_view()),
]
