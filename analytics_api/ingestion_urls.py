"""Addresses of the calls that record: every form on every version, with and without a slash at the end."""

from django.urls import re_path

from .ingestion import VERSIONS
from .views import ingestion

_VERSION = f"^(?P<version>{'|'.join(VERSIONS)})/events"

urlpatterns = [
    re_path(rf"{_VERSION}/?$", ingestion.WatchedEvents.as_view()),
    re_path(rf"{_VERSION}/interactions/?$", ingestion.Interactions.as_view()),
    re_path(rf"{_VERSION}/trace_interaction/?$", ingestion.TracedInteractions.as_view()),
    re_path(rf"{_VERSION}/trace_conversation/?$", ingestion.Conversations.as_view()),
    re_path(rf"{_VERSION}/feedback/?$", ingestion.Feedback.as_view()),
    re_path(rf"{_VERSION}/tags/?$", ingestion.Tags.as_view()),
    re_path(r"^v3/events/batch/?$", ingestion.Batches.as_view()),
]
