"""The address that OpenTelemetry exporters add to the endpoint they are given."""

from django.urls import re_path

from .views import otlp

urlpatterns = [re_path(r"^traces/?$", otlp.Traces.as_view())]
