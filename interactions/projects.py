"""Making projects, and the rules for names."""

import unicodedata

from django.core.exceptions import ValidationError

from interactions.models import Project

# Control characters would break lines of output and of logs; surrogates are bytes of a command
# line that were no UTF-8, which neither database stores.
_REFUSED_CATEGORIES = {"Cc", "Cs"}


def find_or_create_project(name: str) -> Project:
    """The project of this name, made when there is none. Raises ValidationError."""
    validate_project_name(name)
    return Project.objects.get_or_create(name=name)[0]


def validate_project_name(name: str) -> None:
    """Refuse a name that could not be stored, printed and typed again."""
    max_chars = Project._meta.get_field("name").max_length
    if not 1 <= len(name) <= max_chars:
        raise ValidationError(
            f"The name of a project has 1 to {max_chars} characters; this one has {len(name)}."
        )
    if name != name.strip():
        raise ValidationError("The name of a project neither starts nor ends with a space.")
    refuse_control_characters(name)


def refuse_control_characters(name: str) -> None:
    """Refuse the name of a project or key that would break the line it is printed on."""
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in name):
        raise ValidationError("A name holds no control characters.")
