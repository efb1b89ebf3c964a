"""Dirty marks: whatever changes a row that is kept as columns leaves one, in the same transaction.

The database makes them, by triggers, so that no way of writing can forget: not raw SQL, not a shell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import apps as all_apps
from django.apps.registry import Apps
from django.db import connections, router, transaction
from django.db.backends.utils import CursorWrapper
from django.db.migrations import Migration
from django.utils import timezone

from interactions.models import DirtyMark, SealedFile

from .families import FAMILIES, KeptFamily
from .triggers import VENDORS, Trigger, Vendor


def install_triggers(using: str, apps: Apps = all_apps, **signal: Any) -> None:
    """Make the triggers those that this version wants; one query where they are.

    After every migration, because SQLite loses the triggers of a table that a migration rebuilds.
    What was written meanwhile left no marks, and what was stored before the first triggers none
    either: a family that lacked a trigger is marked as a whole, in the transaction that makes it.
    """
    if not router.allow_migrate_model(using, DirtyMark):
        return
    vendor = VENDORS[connections[using].vendor]
    # A migration back to where there were no marks leaves nothing to write them to.
    has_marks = DirtyMark._meta.model_name in apps.all_models[DirtyMark._meta.app_label]
    wanted = {trigger.name: trigger for trigger in vendor.triggers(FAMILIES.values())} if has_marks else {}
    there = _installed(using, vendor)
    if there.keys() == wanted.keys():
        return
    missing = [trigger for name, trigger in wanted.items() if name not in there]
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        _drop(cursor, vendor, {name: table for name, table in there.items() if name not in wanted})
        for trigger in missing:
            cursor.execute(trigger.statement)
        _mark_all(cursor, using, vendor, _families_of(missing))


def drop_triggers_before_rebuilds(using: str, plan: Sequence[tuple[Migration, bool]], **signal: Any) -> None:
    """Before migrations of this app, drop the triggers where they would stop them.

    SQLite refuses to give a rebuilt table its name while the trigger of another table reads it.
    """
    vendor = VENDORS.get(connections[using].vendor)
    changes_us = any(migration.app_label == DirtyMark._meta.app_label for migration, _ in plan)
    if vendor and vendor.rebuilds_tables and changes_us:
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            _drop(cursor, vendor, _installed(using, vendor))


def _installed(using: str, vendor: Vendor) -> dict[str, str]:
    """{"dirty_mark_label_insert_5f0c9a31": "interactions_label", ...}"""
    with connections[using].cursor() as cursor:
        cursor.execute(vendor.list_triggers)
        return dict(cursor.fetchall())


def _drop(cursor: CursorWrapper, vendor: Vendor, tables_by_name: dict[str, str]) -> None:
    for name, table in tables_by_name.items():
        cursor.execute(vendor.drop_trigger.format(name=name, table=table))


def _families_of(triggers: Iterable[Trigger]) -> list[KeptFamily]:
    tables = {trigger.table for trigger in triggers}
    return [
        f for f in FAMILIES.values() if not tables.isdisjoint(kept.model._meta.db_table for kept in f.tables)
    ]


def _mark_all(cursor: CursorWrapper, using: str, vendor: Vendor, families: list[KeptFamily]) -> None:
    """Mark every bucket that has rows; files may have rows of others, so they no longer hold."""
    files = SealedFile.objects.using(using).filter(family__in=[family.kind for family in families])
    files.filter(retired_at__isnull=True).update(retired_at=timezone.now())
    for family in families:
        table = family.tables[0]
        cursor.execute(vendor.mark_rows(family, table, table.model._meta.db_table))
