"""All addresses."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    # What a person, and then their browser, asks for first.
    path("", RedirectView.as_view(pattern_name="docs")),
    path("favicon.ico", RedirectView.as_view(url=static("analytics_api/icon.svg"))),
    path("admin/", admin.site.urls),
    path("api/", include("analytics_api.urls")),
    path("event-ingestion/api/", include("analytics_api.ingestion_urls")),
    path("v1/", include("analytics_api.otlp_urls")),
]
handler400 = "analytics_api.errors.bad_request"
handler404 = "analytics_api.errors.not_found"
handler500 = "analytics_api.errors.server_error"
