"""The connection: a cursor of the process's DuckDB instance, dressed as a database of Django's."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb
from django.db import OperationalError
from django.db.backends.postgresql.base import DatabaseWrapper as PostgreSQLWrapper

from interactions.columnar.instance import Instance, instance

from .creation import DatabaseCreation
from .features import DatabaseFeatures
from .introspection import DatabaseIntrospection
from .literals import bind
from .operations import DatabaseOperations

if TYPE_CHECKING:
    from interactions.columnar.reading import Reading


class StatementTimeout(OperationalError):
    """A question took longer than a request may."""


class Database:
    """The driver's exceptions under the names of the DB-API, one of which DuckDB has no use for."""

    DataError = duckdb.DataError
    OperationalError = duckdb.OperationalError
    IntegrityError = duckdb.IntegrityError
    InternalError = duckdb.InternalError
    ProgrammingError = duckdb.ProgrammingError
    NotSupportedError = duckdb.NotSupportedError
    DatabaseError = duckdb.DatabaseError
    InterfaceError = duckdb.ConnectionException
    Error = duckdb.Error


class Cursor:
    """What Django asks of a cursor. All cursors of a connection are one: temporary views are its own."""

    def __init__(self, connection: DatabaseWrapper):
        self._connection = connection
        self._driver = connection.connection

    def execute(self, sql: str, params: Sequence[Any] | None = None) -> None:
        if self._connection.reading is not None:
            self._connection.reading.provide(sql)
        # No statement of ours recurs, though all with a common table say so. DuckDB would give such a
        # table the types of the first part of its union, where a missing number is no number at all.
        sql = sql.replace("WITH RECURSIVE ", "WITH ", 1)
        with _limited(self._driver, self._connection.statement_timeout_ms):
            self._driver.execute(*bind(sql, params))

    def fetchone(self) -> tuple | None:
        return self._driver.fetchone()

    def fetchmany(self, size: int = 1) -> list[tuple]:
        return self._driver.fetchmany(size)

    def fetchall(self) -> list[tuple]:
        return self._driver.fetchall()

    def close(self) -> None:
        """Nothing to do: the next statement takes the place of this one."""


class DatabaseWrapper(PostgreSQLWrapper):
    """Reads what `interactions.columnar.reading` lays out for it; nothing can be written.

    reading: what the tables of the next statements stand for.
    statement_timeout_ms: bounds every statement; None is no bound.
    """

    vendor = "duckdb"
    display_name = "DuckDB"
    Database = Database
    # Date-times are UTC without a zone: a cast through time zones costs twice the query.
    data_types = {**PostgreSQLWrapper.data_types, "DateTimeField": "timestamp"}
    features_class = DatabaseFeatures
    introspection_class = DatabaseIntrospection
    ops_class = DatabaseOperations
    creation_class = DatabaseCreation

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.reading: Reading | None = None
        self.instance: Instance | None = None
        self.statement_timeout_ms: int | None = None

    def get_connection_params(self) -> dict[str, Any]:
        return {}

    def get_new_connection(self, conn_params: dict[str, Any]) -> duckdb.DuckDBPyConnection:
        self.instance = instance()
        return self.instance.cursor()

    def init_connection_state(self) -> None:
        """Nothing to do: the instance is set up once, for all its cursors."""

    def create_cursor(self, name: str | None = None) -> Cursor:
        return Cursor(self)

    def chunked_cursor(self) -> Any:
        # Without the named cursors of PostgreSQL: answers are fetched in pieces anyway.
        return self.cursor()

    def is_usable(self) -> bool:
        return self.instance is instance()

    def _set_autocommit(self, autocommit: bool) -> None:
        """Nothing is written, so there are no transactions to begin or to end."""

    def _commit(self) -> None:
        pass

    def _rollback(self) -> None:
        pass

    def check_constraints(self, table_names: Any = None) -> None:
        """There are none."""

    def _savepoint(self, sid: str) -> None:
        pass

    _savepoint_rollback = _savepoint_commit = _savepoint


@contextmanager
def _limited(driver: duckdb.DuckDBPyConnection, timeout_ms: int | None) -> Iterator[None]:
    """Interrupt the statement inside when it takes too long; it then raises StatementTimeout."""
    if timeout_ms is None:
        yield
        return
    timer = threading.Timer(timeout_ms / 1000, driver.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    except duckdb.InterruptException as error:
        raise StatementTimeout(f"canceled: longer than {timeout_ms} ms") from error
    finally:
        timer.cancel()
