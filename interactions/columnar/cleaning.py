"""Files nobody can name any more."""

from __future__ import annotations

from datetime import timedelta
from time import time

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from interactions.models import SealedFile

from .instance import store_folder

# What a question takes at most besides its statements: far less than this.
_MARGIN = timedelta(minutes=5)


def remove_unused_files(using: str = DEFAULT_DB_ALIAS) -> int:
    """Delete files that were retired before any question that still runs began. -> how many

    Also those that were never made valid: a sealer was killed between writing and cataloguing.
    Call as the only sealer.
    """
    grace = timedelta(milliseconds=settings.STATEMENT_TIMEOUT_MS) * 3 + _MARGIN
    files = SealedFile.objects.using(using)
    files.filter(retired_at__lt=timezone.now() - grace).delete()
    named = set(files.values_list("name", flat=True))
    n_removed = 0
    for path in store_folder().glob("*.duckdb"):
        if path.name not in named and path.stat().st_mtime < time() - grace.total_seconds():
            path.unlink(missing_ok=True)
            n_removed += 1
    return n_removed
