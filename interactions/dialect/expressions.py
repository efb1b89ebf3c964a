"""Expressions that databases spell in ways of their own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import orjson
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    BigIntegerField,
    BooleanField,
    DateField,
    DateTimeField,
    Exists,
    F,
    Func,
    OuterRef,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Collate, StrIndex
from django.db.models.lookups import In

from interactions.columnar.backend.literals import LiteralList

_LISTS = {
    "sqlite": lambda values: orjson.dumps(values).decode(),
    "postgresql": list,
    "duckdb": LiteralList,
}


def adapt_list(connection: BaseDatabaseWrapper, values: Sequence[Any]) -> Any:
    """A list as the one argument of `OneOf`; the values are as the driver wants them."""
    return _LISTS[connection.vendor](values)


class OneOf(Func):
    """Whether a value is in a list that is one argument, however long; unknown for NULL."""

    output_field = BooleanField()
    arity = 2

    def as_sqlite(self, compiler, connection, **extra_context):
        joiner = " IN (SELECT value FROM JSON_EACH("
        return self.as_sql(compiler, connection, template="(%(expressions)s)))", arg_joiner=joiner)

    def as_postgresql(self, compiler, connection, **extra_context):
        return self.as_sql(compiler, connection, template="(%(expressions)s))", arg_joiner=" = ANY (")

    def as_duckdb(self, compiler, connection, **extra_context):
        return self.as_sql(compiler, connection, template="(%(expressions)s)", arg_joiner=" IN ")


def is_one_of(using: str, column: str, values: Collection[Any]) -> OneOf:
    """Whether a column has one of many values: integers or texts, as one argument of the statement."""
    return OneOf(F(column), Value(adapt_list(connections[using], list(values))))


class HasRow(Func):
    """Whether one of `rows` names the interaction in its `column`, which is never NULL."""

    output_field = BooleanField()

    def __init__(self, rows: QuerySet, column: str):
        found = Exists(rows.filter(**{column: OuterRef("pk")}))
        super().__init__(found, In(F("pk"), rows.values(column)))

    def as_sql(self, compiler, connection, **extra_context):
        return compiler.compile(self.source_expressions[0])

    def as_duckdb(self, compiler, connection, **extra_context):
        # The test for TRUE keeps the few rows on the side that is hashed; without it, or by EXISTS, the
        # many interactions are, which takes two to five times as long.
        sql, params = compiler.compile(self.source_expressions[1])
        return f"(({sql}) IS TRUE)", params


class ListedNumbers(Subquery):
    """The whole numbers of all rows of a subquery as one text, row after row; NULL when there is no row.

    rows: `values_list()` of columns that are never NULL: (7, 12) and (7, 15) -> "7 12 7 15"
    """

    output_field = TextField()

    def __init__(self, rows: QuerySet):
        super().__init__(rows, row=" || ' ' || ".join(rows.query.values_select))

    def as_sql(self, compiler, connection, function="STRING_AGG", **extra_context):
        template = f"(SELECT {function}(%(row)s, ' ') FROM (%(subquery)s) AS each_row)"
        return super().as_sql(compiler, connection, template=template, **extra_context)

    def as_sqlite(self, compiler, connection, **extra_context):
        # Before 3.44 it knows the function by this name alone.
        return self.as_sql(compiler, connection, function="GROUP_CONCAT", **extra_context)


class InDatabase(Func):
    """Whether one of the conditions holds, asked of the database; the columns have only rows that do."""

    output_field = BooleanField()

    def as_sql(self, compiler, connection, **extra_context):
        return super().as_sql(compiler, connection, template="(%(expressions)s)", arg_joiner=" OR ")

    def as_duckdb(self, compiler, connection, **extra_context):
        return "TRUE", []


class PlaceInText(StrIndex):
    """Where a text contains another, from 1; 0 when it does not."""

    def as_duckdb(self, compiler, connection, **extra_context):
        return self.as_sql(compiler, connection, function="STRPOS")


def by_code_point(expression: Any) -> Collate:
    """Order text by code point everywhere; PostgreSQL would use the language of its locale."""
    return _ByCodePoint(expression, "C")


class _ByCodePoint(Collate):
    def as_sqlite(self, compiler, connection, **extra_context):
        # BINARY compares UTF-8 bytes, which is the order of code points.
        return self.as_sql(
            compiler, connection, template=f"%(expressions)s COLLATE {connection.ops.quote_name('BINARY')}"
        )

    def as_duckdb(self, compiler, connection, **extra_context):
        # It knows no other order.
        return self.as_sql(compiler, connection, template="%(expressions)s")


class StartOf(Func):
    """The UTC minute, hour, day, week (from Monday) or month a date-time lies in.

    Subclasses name the bucket. SQLite's text format makes most of them a prefix of the text;
    Django's own functions would call Python for every row.
    """

    output_field = DateField()
    sqlite_template: str
    truncate_to: str

    def as_sqlite(self, compiler, connection, **extra_context):
        return self.as_sql(compiler, connection, template=self.sqlite_template)

    def as_postgresql(self, compiler, connection, **extra_context):
        return self.as_sql(
            compiler,
            connection,
            template=f"DATE_TRUNC('{self.truncate_to}', %(expressions)s AT TIME ZONE 'UTC')::date",
        )

    def as_duckdb(self, compiler, connection, **extra_context):
        return self.as_sql(
            compiler, connection, template=f"DATE_TRUNC('{self.truncate_to}', %(expressions)s)::date"
        )


class StartOfTime(StartOf):
    """-> aware date-time, not a date."""

    output_field = DateTimeField()

    def as_postgresql(self, compiler, connection, **extra_context):
        return self.as_sql(
            compiler,
            connection,
            template=f"DATE_TRUNC('{self.truncate_to}', %(expressions)s AT TIME ZONE 'UTC')"
            " AT TIME ZONE 'UTC'",
        )

    def as_duckdb(self, compiler, connection, **extra_context):
        return self.as_sql(
            compiler, connection, template=f"DATE_TRUNC('{self.truncate_to}', %(expressions)s)"
        )


class StartOfMinute(StartOfTime):
    sqlite_template = "(SUBSTR(%(expressions)s, 1, 16) || ':00')"
    truncate_to = "minute"


class StartOfHour(StartOfTime):
    sqlite_template = "(SUBSTR(%(expressions)s, 1, 13) || ':00:00')"
    truncate_to = "hour"


class StartOfDay(StartOf):
    sqlite_template = "SUBSTR(%(expressions)s, 1, 10)"
    truncate_to = "day"

    def as_duckdb(self, compiler, connection, **extra_context):
        # A cast is cheaper than truncating.
        return self.as_sql(compiler, connection, template="%(expressions)s::date")


class StartOfWeek(StartOf):
    # Back six days and on to the next Monday: going forward first would leave year 9999.
    sqlite_template = "DATE(SUBSTR(%(expressions)s, 1, 10), '-6 days', 'weekday 1')"
    truncate_to = "week"


class StartOfMonth(StartOf):
    sqlite_template = "(SUBSTR(%(expressions)s, 1, 7) || '-01')"
    truncate_to = "month"


class StartOfQuarter(StartOf):
    # The year, and of the four first months the one for this month's third of the year.
    sqlite_template = (
        "(SUBSTR(%(expressions)s, 1, 5)"
        " || SUBSTR('01040710', (SUBSTR(%(expressions)s, 6, 2) - 1) / 3 * 2 + 1, 2) || '-01')"
    )
    truncate_to = "quarter"


class StartOfYear(StartOf):
    sqlite_template = "(SUBSTR(%(expressions)s, 1, 4) || '-01-01')"
    truncate_to = "year"


class MicrosecondsSinceEpoch(Func):
    """A date-time as a whole number, so that spans are exact on every database."""

    output_field = BigIntegerField()

    def as_sqlite(self, compiler, connection, **extra_context):
        sql, params = compiler.compile(self.source_expressions[0])
        return (
            f"(CAST(STRFTIME('%%s', SUBSTR({sql}, 1, 19)) AS INTEGER) * 1000000"
            f" + CAST(SUBSTR({sql}, 21) AS INTEGER))",
            (*params, *params),
        )

    def as_postgresql(self, compiler, connection, **extra_context):
        return self.as_sql(
            compiler, connection, template="(EXTRACT(EPOCH FROM %(expressions)s) * 1000000)::bigint"
        )

    def as_duckdb(self, compiler, connection, **extra_context):
        return self.as_sql(compiler, connection, function="EPOCH_US")


class SameDay(Func):
    """Whether two date-times lie on the same UTC day."""

    output_field = BooleanField()
    arity = 2

    def __init__(self, first: Any, second: Any):
        super().__init__(
            StartOfDay(first), StartOfDay(second), template="(%(expressions)s)", arg_joiner=" = "
        )
