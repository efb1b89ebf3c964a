"""All addresses."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/external/", include("analytics_api.urls")),
]
handler400 = "analytics_api.errors.bad_request"
handler404 = "analytics_api.errors.not_found"
handler500 = "analytics_api.errors.server_error"
