"""Files that cannot be read: found, and noted for the sealer, which writes them anew."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
from django.db import DEFAULT_DB_ALIAS

from interactions.models import Family, SealedFile

from .families import FAMILIES
from .instance import Instance, UnreadableFile, forget_instance, instance

logger = logging.getLogger(__name__)

# The layout of a file that is no file any more. The database answers what it held.
DAMAGED = 0
# After these an instance answers nothing.
_FATAL = (duckdb.FatalException, duckdb.InternalException)


def note_damage(failure: BaseException, paths: Sequence[Path]) -> int:
    """After a failure, find the damaged ones among the files that were read, and note them. -> how many"""
    if isinstance(failure, _FATAL) or isinstance(failure.__cause__, _FATAL):
        forget_instance()
    damaged = [failure.path] if isinstance(failure, UnreadableFile) else _damaged_among(instance(), paths)
    n_noted = 0
    for path in damaged:
        # A file that was retired meanwhile may be gone: that is no damage.
        files = SealedFile.objects.using(DEFAULT_DB_ALIAS).filter(name=path.name, retired_at=None)
        if files.update(format=DAMAGED):
            n_noted += 1
            logger.warning("The columnar file %s is damaged; it will be written anew.", path.name)
    return n_noted


def _damaged_among(instance: Instance, paths: Iterable[Path]) -> list[Path]:
    """Those that cannot be read to the end."""
    return [path for path in paths if not _is_readable(instance, path)]


def _is_readable(instance: Instance, path: Path) -> bool:
    kind = Family[path.name.partition("-")[0].upper()]
    try:
        with instance.attached([path]) as names:
            cursor = instance.cursor()
            for table in FAMILIES[kind].tables:
                cursor.execute(f"SELECT bit_xor(hash(row)) FROM {names[path]}.{table.name} AS row").fetchall()
    except (UnreadableFile, duckdb.Error):
        return False
    return True
