"""Queries compiled once and run again with other values.

Django builds and compiles a query in a millisecond or two, which is more than a database needs
for a small answer. A query made of parameters in place of values can be kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.db import connections
from django.db.models import Expression, Field, QuerySet, TextField

from . import dialect

# Rows fetched at a time when a query's answer may be large.
_CHUNK = 2000


class Placeholder(Expression):
    """Stands for a value that is given when the query runs."""

    def __init__(self, name: str, output_field: Field):
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Placeholder]]:
        return "%s", (self,)

    def adapted(self, value: Any, connection: Any) -> Any:
        """The value as the driver wants it."""
        return self.output_field.get_db_prep_value(value, connection)


class ListPlaceholder(Placeholder):
    """Stands for any number of values of one type, for `dialect.OneOf`."""

    def adapted(self, value: Sequence[Any], connection: Any) -> Any:
        return dialect.adapt_list(
            connection, [super(ListPlaceholder, self).adapted(v, connection) for v in value]
        )


class TextsPlaceholder(ListPlaceholder):
    """The same for texts, which drivers take as they are: a batch has thousands."""

    def __init__(self, name: str):
        super().__init__(name, TextField())

    def adapted(self, value: Sequence[str], connection: Any) -> Any:
        return dialect.adapt_list(connection, value)


@dataclass(frozen=True, kw_only=True)
class PreparedQuery:
    """The SQL of a QuerySet of `values()`, with parameters among its arguments.

    arguments: in the order of the placeholders; a Placeholder is replaced by its value.
    converters: {column: functions that make Python values}, as Django's compiler gave them.
    """

    using: str
    sql: str
    arguments: tuple[Any, ...]
    names: tuple[str, ...]
    converters: Mapping[int, Any]

    @classmethod
    def of(cls, queryset: QuerySet) -> Self:
        """Compile a QuerySet of `values()` for the database it uses; it must not be sliced."""
        query = queryset.query
        compiler = query.get_compiler(queryset.db)
        sql, arguments = compiler.as_sql()
        columns = [column for column, *_ in compiler.select[: compiler.col_count]]
        return cls(
            using=queryset.db,
            sql=sql,
            arguments=tuple(arguments),
            names=tuple(query.selected),
            converters=compiler.get_converters(columns),
        )

    def rows(
        self, values: Mapping[str, Any], *, limit: int | None = None, offset: int = 0
    ) -> list[dict[str, Any]]:
        """All rows, or those of a page, as dictionaries.

        values: {"start": datetime(...)}, by the names of the parameters.
        """
        sql, arguments = self.sql, self._bound(values)
        if limit is not None:
            sql, arguments = f"{sql} LIMIT %s OFFSET %s", [*arguments, limit, offset]
        with connections[self.using].cursor() as cursor:
            cursor.execute(sql, arguments)
            return self._named(cursor.fetchall())

    def chunks(self, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """All rows, never more than a chunk of them in memory."""
        with connections[self.using].chunked_cursor() as cursor:
            cursor.execute(self.sql, self._bound(values))
            while rows := cursor.fetchmany(_CHUNK):
                yield from self._named(rows)

    def _bound(self, values: Mapping[str, Any]) -> list[Any]:
        connection = connections[self.using]
        return [
            argument.adapted(values[argument.name], connection)
            if isinstance(argument, Placeholder)
            else argument
            for argument in self.arguments
        ]

    def _named(self, rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
        connection = connections[self.using]
        named = [dict(zip(self.names, row, strict=True)) for row in rows]
        for place, (converters, expression) in self.converters.items():
            name = self.names[place]
            for row in named:
                for convert in converters:
                    row[name] = convert(row[name], expression, connection)
        return named


@dataclass(frozen=True, kw_only=True)
class BoundQuery:
    """A prepared query with its values; slice it for a page."""

    query: PreparedQuery
    values: Mapping[str, Any]

    def __getitem__(self, page: slice) -> list[dict[str, Any]]:
        offset = page.start or 0
        return self.query.rows(self.values, limit=page.stop - offset, offset=offset)
