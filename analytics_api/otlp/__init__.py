"""Spans of OpenTelemetry, read by the conventions for generative AI and recorded as interactions."""
