"""A read-only Django database backend for DuckDB, which speaks nearly PostgreSQL's SQL."""
