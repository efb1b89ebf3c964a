"""The `--project NAME` argument of the commands."""

from difflib import get_close_matches

from django.core.management.base import CommandError

from interactions.models import Project


def find_project(name: str) -> Project:
    """The project of this name. Raises CommandError naming the nearest ones."""
    # A NUL would be an error of the PostgreSQL driver; no project has one in its name.
    project = None if "\x00" in name else Project.objects.filter(name=name).first()
    if project is None:
        known = list(Project.objects.values_list("name", flat=True))
        nearest = get_close_matches(name, known, n=3, cutoff=0.5) or known[:10]
        hint = (
            f"Known: {', '.join(map(repr, nearest))}."
            if nearest
            else "There is none yet: create_project NAME."
        )
        raise CommandError(f"Unknown project {name!r}. {hint}")
    return project
