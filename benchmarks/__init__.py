"""Measurements of the running server; README.md says what is measured and what came out."""
