"""The environment variables the server reads: each declared once, parsed strictly.

A wrong value stops the start with the variable's name. The configuration table of the README
is made from `VARIABLES` (`manage.py write_docs`), so a variable cannot exist undocumented.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config import values
from config.values import BASE_DIR, MIN_SECRET_KEY_CHARS

_LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One environment variable.

    parse: text -> value; raises ValueError with a sentence saying what would be accepted.
    default: the text used when the variable is unset or empty; None when there is no value.
    """

    name: str
    parse: Callable[[str], Any]
    default: str | None
    help: str


VARIABLES = (
    Variable(
        name="DATABASE_URL",
        parse=values.database,
        default=None,
        help="Where interactions are stored: `postgresql://user:password@host:5432/name` "
        "or `sqlite:///path`. Unset: `db.sqlite3` in `DATA_DIR`.",
    ),
    Variable(
        name="DATA_DIR",
        parse=values.directory,
        default=str(BASE_DIR / "data"),
        help="The folder that holds everything the server writes: the SQLite file and the secret key. "
        "Made when missing.",
    ),
    Variable(
        name="SECRET_KEY",
        parse=values.secret,
        default=None,
        help=f"Signs the admin's sessions; at least {MIN_SECRET_KEY_CHARS} characters. "
        "Unset: one is made and kept in `DATA_DIR/secret_key`, readable by its owner alone.",
    ),
    Variable(
        name="DEBUG",
        parse=values.boolean,
        default="off",
        help="Django's debug pages. Never on a public host.",
    ),
    Variable(
        name="ALLOWED_HOSTS",
        parse=values.hosts,
        default="localhost,127.0.0.1,[::1]",
        help="The host names the server answers to, separated by commas.",
    ),
    Variable(
        name="HTTPS",
        parse=values.boolean,
        default="off",
        help="The server stands behind a proxy that speaks HTTPS and sets `X-Forwarded-Proto`: "
        "cookies become secure and the admin is redirected to HTTPS.",
    ),
    Variable(
        name="CORS_ORIGINS",
        parse=values.origins,
        default="",
        help="Origins whose pages may ask the query API from a browser, separated by commas.",
    ),
    Variable(
        name="INGEST_CORS_ORIGINS",
        parse=values.origins,
        default="*",
        help="Origins whose pages may send interactions from a browser, separated by commas; `*` is any.",
    ),
    Variable(
        name="MAX_BODY_BYTES",
        parse=values.integer(1_000, 1_000_000_000),
        default="10000000",
        help="The largest request body, unpacked when it is gzipped; a larger one is answered 413.",
    ),
    Variable(
        name="MAX_PAGE_SIZE",
        # A page's ids are parameters of the query that names them; SQLite takes 32,766.
        parse=values.integer(1, 10_000),
        default="1000",
        help="The largest `limit` of a page.",
    ),
    Variable(
        name="STATEMENT_TIMEOUT_MS",
        parse=values.integer(100, 3_600_000),
        default="60000",
        help="How long PostgreSQL may work on one statement of a request before it is answered 503. "
        "Commands have no limit.",
    ),
    Variable(
        name="QUERY_ENGINE",
        parse=values.choice("auto", "columnar", "database"),
        default="auto",
        help="What answers questions: the columnar files of `manage.py seal` where they are faster (`auto`), "
        "wherever they can (`columnar`), or never (`database`). The answers are the same.",
    ),
    Variable(
        name="COLUMNAR_MEMORY_MB",
        parse=values.integer(64, 1_000_000),
        default="512",
        help="How much memory one process gives to questions about columnar files; "
        "what needs more spills to disk.",
    ),
    Variable(
        name="COLUMNAR_THREADS",
        parse=values.integer(1, 256),
        default="2",
        help="Threads one process gives to questions about columnar files.",
    ),
    Variable(
        name="ANONYMIZE_PHONE_REGIONS",
        parse=values.phone_regions,
        default="US,GB,DE,FR,IT,ES,CH,NL",
        help="Countries whose national telephone formats the anonymiser knows; "
        "numbers with a country code are always found.",
    ),
    Variable(
        name="BIND_ADDRESS",
        parse=values.address,
        default="127.0.0.1",
        help="The IP address the server listens on; `0.0.0.0` listens on every network.",
    ),
    Variable(
        name="PORT", parse=values.integer(1, 65_535), default="8000", help="The port the server listens on."
    ),
    Variable(
        name="WEB_WORKERS",
        parse=values.integer(1, 64),
        default="2",
        help="Server processes. One a core is a good number.",
    ),
    Variable(
        name="WEB_THREADS",
        parse=values.integer(1, 256),
        default="8",
        help="Requests one process works on at a time; each holds one database connection.",
    ),
    Variable(
        name="LOG_LEVEL", parse=values.log_level, default="INFO", help="How much is logged to standard error."
    ),
)


def read_environment(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Parse every declared variable.

    -> {"DEBUG": False, "DATABASE_URL": None, ...}; None where unset without a default.
    Raises ImproperlyConfigured naming the first wrong variable; its value is not repeated,
    because it may be a password.
    """
    parsed = {}
    for variable in VARIABLES:
        text = environ.get(variable.name) or variable.default
        try:
            parsed[variable.name] = None if text is None else variable.parse(text)
        except ValueError as error:
            raise ImproperlyConfigured(f"{variable.name}: {error}.") from None
    _refuse_unsafe_combinations(parsed)
    return parsed


def _refuse_unsafe_combinations(parsed: Mapping[str, Any]) -> None:
    if parsed["DEBUG"] and not {*parsed["ALLOWED_HOSTS"], parsed["BIND_ADDRESS"]} <= _LOOPBACK:
        raise ImproperlyConfigured(
            "DEBUG: its pages show source code and settings, so with DEBUG on, ALLOWED_HOSTS and "
            "BIND_ADDRESS may name only localhost, 127.0.0.1 and [::1]."
        )
    if "*" in parsed["ALLOWED_HOSTS"] and parsed["HTTPS"]:
        raise ImproperlyConfigured(
            "ALLOWED_HOSTS: * lets a forged Host header choose where HTTPS redirects lead; name the hosts."
        )
