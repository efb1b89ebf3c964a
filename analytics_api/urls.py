"""Addresses of the API and its documentation: with and without a trailing slash, never a redirect."""

from django.urls import include, path, re_path

from . import views
from .views import deletion, details, docs, eligible_users, export, projects

external = [
    re_path(
        r"^get-interaction-aggregates/?$",
        views.InteractionAggregates.as_view(),
        name="get-interaction-aggregates",
    ),
    re_path(
        r"^get-interaction-multi-aggregates/?$",
        views.InteractionMultiAggregates.as_view(),
        name="get-interaction-multi-aggregates",
    ),
    re_path(r"^export/interactions/?$", export.ExportInteractions.as_view(), name="export-interactions"),
    re_path(
        r"^export/interactions/detail/(?P<interaction_id>[^/]+)/?$",
        details.InteractionDetail.as_view(),
        name="interaction-detail",
    ),
    re_path(
        r"^export/interactions/detail-v2/(?P<interaction_id>[^/]+)/?$",
        details.InteractionDetailV2.as_view(),
        name="interaction-detail-v2",
    ),
    re_path(
        r"^get-conversation-detail/?$", details.ConversationDetail.as_view(), name="get-conversation-detail"
    ),
    re_path(
        r"^get-interaction-time-series/?$",
        views.InteractionTimeSeries.as_view(),
        name="get-interaction-time-series",
    ),
    re_path(r"^get-interactions/?$", views.Interactions.as_view(), name="get-interactions"),
    re_path(r"^projects/create/?$", projects.CreateProject.as_view(), name="create-project"),
    re_path(r"^projects/delete-api-key/?$", projects.DeleteKey.as_view(), name="delete-api-key"),
    re_path(
        r"^projects/delete-interactions/?$",
        deletion.DeleteInteractions.as_view(),
        name="delete-interactions",
    ),
    re_path(r"^eligible-users/?$", eligible_users.EligibleUsers.as_view(), name="eligible-users"),
    re_path(r"^platform-users/?$", eligible_users.PlatformUsers.as_view(), name="platform-users"),
    re_path(r"^variants/?$", projects.Variants.as_view(), name="variants"),
    re_path(r"^openapi\.json/?$", docs.OpenAPIDocument.as_view(), name="openapi"),
]

urlpatterns = [
    path("external/", include(external)),
    re_path(r"^docs/?$", docs.reference, name="docs"),
    re_path(r"^docs/try/?$", docs.try_it, name="docs-try"),
]
