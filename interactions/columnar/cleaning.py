"""Files nobody can name any more."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path
from time import time

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from interactions.models import SealedFile

from .instance import store_folder

# What a question takes at most besides its statements: far less than this.
_MARGIN = timedelta(minutes=5)
# Where sealers work, and where questions put what does not fit into memory; a process that was
# killed leaves its own behind. Long: on a shared disk it may be the process of another machine.
_WORKPLACES = ("sealing-*", "merging-*", "verifying-*", "spill-*")
_WORKPLACE_SECONDS = timedelta(days=1).total_seconds()


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
    _remove_workplaces()
    return n_removed


def _remove_workplaces() -> None:
    for pattern in _WORKPLACES:
        for folder in store_folder().glob(pattern):
            if time() - folder.stat().st_mtime > _WORKPLACE_SECONDS and not _is_in_use(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_in_use(folder: Path) -> bool:
    """Whether the process in whose name it spills is still there."""
    _, _, process_id = folder.name.rpartition("-")
    if not folder.name.startswith("spill-"):
        return False
    try:
        os.kill(int(process_id), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
