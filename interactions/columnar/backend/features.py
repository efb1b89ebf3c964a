"""What DuckDB can do, where that differs from PostgreSQL."""

from django.db.backends.postgresql.features import DatabaseFeatures as PostgreSQLFeatures


class DatabaseFeatures(PostgreSQLFeatures):
    minimum_database_version = None
    has_select_for_update = False
    # NULL is ordered by what the query says, never by default.
    nulls_order_largest = False
    # Savepoints would be statements, and there is nothing to save.
    uses_savepoints = False
