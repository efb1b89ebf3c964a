"""The rows that an import left, loaded anew without it: through bulk_create and past the ORM."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import psycopg
from django.apps import apps
from django.db import connection, models, transaction

# In the order of their foreign keys. What hangs on interactions is loaded batch by batch beside them.
_WORDS = ("project", "dimension", "label", "enduser", "conversation")
_OF_INTERACTIONS = {
    "interaction": "id",
    "interactiontext": "interaction_id",
    "interactionlabel": "interaction_id",
    "feedbackaction": "interaction_id",
}
_ROWS_A_BATCH = 1000

# {"interaction": [(1, ...), ...], ...}: rows that are committed together, as the driver has them.
Batch = dict[str, list[tuple[Any, ...]]]


def read_batches() -> list[Batch]:
    """Everything that was recorded, in the pieces it is loaded in."""
    with closing(_driver()) as driver:
        batches = []
        for table in _WORDS:
            rows = _read(driver, table, "")
            batches += [{table: rows[n : n + _ROWS_A_BATCH]} for n in range(0, len(rows), _ROWS_A_BATCH)]
        (last,) = driver.execute(f"SELECT MAX(id) FROM {_model('interaction')._meta.db_table}").fetchone()
        for first in range(1, last + 1, _ROWS_A_BATCH):
            within = f"BETWEEN {first} AND {first + _ROWS_A_BATCH - 1}"
            batches.append(
                {
                    table: _read(driver, table, f"WHERE {key} {within}")
                    for table, key in _OF_INTERACTIONS.items()
                }
            )
    return batches


def load_raw(batches: Sequence[Batch]) -> None:
    """By executemany on SQLite and by COPY on PostgreSQL; marks are left as by any writer."""
    with closing(_driver()) as driver:
        load = _copy if isinstance(driver, psycopg.Connection) else _executemany
        for batch in batches:
            for table, rows in batch.items():
                load(driver, _model(table), rows)
            driver.commit()


def bulk_create(batches: Sequence[Batch]) -> None:
    """By the ORM, model instances and all."""
    converters = {table: _converters(_model(table)) for table in (*_WORDS, *_OF_INTERACTIONS)}
    for batch in batches:
        with transaction.atomic():
            for table, rows in batch.items():
                model = _model(table)
                model.objects.bulk_create([_instance(model, converters[table], row) for row in rows])


def _model(table: str) -> type[models.Model]:
    return apps.get_model("interactions", table)


def _fields(model: type[models.Model]) -> list[models.Field]:
    # A key of several columns is a field without one.
    return [field for field in model._meta.concrete_fields if field.column]


def _names(model: type[models.Model]) -> str:
    return ", ".join(f'"{field.column}"' for field in _fields(model))


def _driver() -> sqlite3.Connection | psycopg.Connection:
    """A connection past Django, set up like its own."""
    if connection.vendor == "sqlite":
        driver = sqlite3.connect(connection.settings_dict["NAME"])
        driver.executescript(connection.settings_dict["OPTIONS"]["init_command"])
        return driver
    return psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None, "context": None})


def _read(driver: sqlite3.Connection | psycopg.Connection, table: str, condition: str) -> list[tuple]:
    model = _model(table)
    columns = [
        # A document that was read as one would have to be made text again.
        f'"{field.column}"::text'
        if connection.vendor == "postgresql" and isinstance(field, models.JSONField)
        else f'"{field.column}"'
        for field in _fields(model)
    ]
    return driver.execute(f"SELECT {', '.join(columns)} FROM {model._meta.db_table} {condition}").fetchall()


def _executemany(driver: sqlite3.Connection, model: type[models.Model], rows: list[tuple]) -> None:
    marks = ", ".join("?" * len(_fields(model)))
    driver.executemany(f"INSERT INTO {model._meta.db_table} ({_names(model)}) VALUES ({marks})", rows)


def _copy(driver: psycopg.Connection, model: type[models.Model], rows: list[tuple]) -> None:
    statement = f"COPY {model._meta.db_table} ({_names(model)}) FROM STDIN"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


# The attribute of a column, and what makes the driver's value the model's, one after the other.
Converters = list[tuple[str, list[Callable[[Any], Any]]]]


def _converters(model: type[models.Model]) -> Converters:
    def of_field(field: models.Field) -> list[Callable[[Any], Any]]:
        column = field.get_col(model._meta.db_table)
        return [
            lambda value, convert=convert: convert(value, column, connection)
            for convert in [*connection.ops.get_db_converters(column), *field.get_db_converters(connection)]
        ]

    return [(field.attname, of_field(field)) for field in _fields(model)]


def _instance(model: type[models.Model], converters: Converters, row: Sequence[Any]) -> models.Model:
    values = {}
    for (name, converts), value in zip(converters, row, strict=True):
        for convert in converts:
            value = convert(value)
        values[name] = value
    return model(**values)
