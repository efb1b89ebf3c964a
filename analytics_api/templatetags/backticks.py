"""Texts of the OpenAPI document as HTML."""

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

_IN_BACKTICKS = re.compile(r"`([^`]+)`")


@register.filter
def backticks(text: str) -> SafeString:
    """Escape a text, and show as code what it has in backticks."""
    return mark_safe(_IN_BACKTICKS.sub(r"<code>\1</code>", escape(text)))
