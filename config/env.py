"""The environment variables the server reads: each declared once, parsed strictly.

A wrong value stops the start with the variable's name. The configuration table of the README
is made from `VARIABLES` (`manage.py write_docs`), so a variable cannot exist undocumented.
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from phonenumbers import SUPPORTED_REGIONS
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import ProgrammingError

BASE_DIR = Path(__file__).resolve().parent.parent

# Long enough that guessing is hopeless, even of letters and digits alone: 190 bits.
MIN_SECRET_KEY_CHARS = 32


# What Django compares with the Host header: a name, .name for its subdomains too, an address, or *.
_HOST = re.compile(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\]")
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


def _boolean(text: str) -> bool:
    words = {
        "1": True,
        "true": True,
        "on": True,
        "yes": True,
        "0": False,
        "false": False,
        "off": False,
        "no": False,
    }
    if text.lower() not in words:
        raise ValueError("expected on or off")
    return words[text.lower()]


def _integer(minimum: int, maximum: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = minimum - 1
        if not minimum <= number <= maximum:
            raise ValueError(f"expected a whole number from {minimum} to {maximum}")
        return number

    return parse


def _choice(*accepted: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in accepted:
            raise ValueError(f"expected one of {', '.join(accepted)}")
        return text

    return parse


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _hosts(text: str) -> list[str]:
    hosts = _words(text)
    if not hosts or not all(_HOST.fullmatch(host) for host in hosts):
        raise ValueError(
            "expected host names such as analytics.example.com, without scheme and port, separated by commas"
        )
    return hosts


def _address(text: str) -> str:
    """-> the address as the server's socket takes it: "127.0.0.1", "[::1]"."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(
            "expected an IP address: 127.0.0.1 for this machine alone, 0.0.0.0 for every network"
        ) from None
    return f"[{address}]" if address.version == 6 else str(address)


def _origins(text: str) -> list[str]:
    origins = _words(text)
    for origin in origins:
        parts = urlsplit(origin)
        # As browsers write them: anything else would match no request.
        if origin != "*" and (
            parts.scheme not in ("http", "https")
            or not parts.netloc
            or origin != f"{parts.scheme}://{parts.netloc}".lower()
        ):
            raise ValueError(
                "expected origins such as https://dashboard.example.com, separated by commas, or *"
            )
    return origins


def _directory(text: str) -> Path:
    # Relative to the project, not to wherever a command happens to be called.
    path = BASE_DIR / Path(text).expanduser()
    if path.exists() and not path.is_dir():
        raise ValueError("expected a folder, which is made when it does not exist")
    return path.resolve()


def _phone_regions(text: str) -> list[str]:
    regions = _words(text)
    unknown = sorted(set(regions) - SUPPORTED_REGIONS)
    if unknown:
        raise ValueError(f"expected two-letter country codes such as US or DE; unknown: {', '.join(unknown)}")
    return regions


def _secret(text: str) -> str:
    if len(text) < MIN_SECRET_KEY_CHARS:
        raise ValueError(f"expected at least {MIN_SECRET_KEY_CHARS} characters")
    return text


def _log_level(text: str) -> str:
    levels = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    if text.upper() not in levels:
        raise ValueError(f"expected one of {', '.join(levels)}")
    return text.upper()


def _database(text: str) -> dict[str, Any]:
    """A database URL as a Django DATABASES entry, before the vendor's own options."""
    accepted = "expected sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME"
    scheme, separator, rest = text.partition("://")
    if scheme == "sqlite" and separator:
        if not rest.startswith("/") or len(rest) < 2:
            raise ValueError(
                f"{accepted} (an absolute path has four slashes: sqlite:////srv/analytics.sqlite3)"
            )
        if ":memory:" in rest or "?" in rest:
            raise ValueError(f"{accepted}; a database in memory or with options is not supported")
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(BASE_DIR / rest[1:])}
    if scheme not in ("postgres", "postgresql"):
        raise ValueError(accepted)
    try:
        given: dict[str, Any] = conninfo_to_dict(text)
    except ProgrammingError:
        raise ValueError(accepted) from None
    if not given.get("dbname"):
        raise ValueError(f"{accepted}: the name of the database is missing")
    entry: dict[str, Any] = {"ENGINE": "django.db.backends.postgresql", "NAME": given.pop("dbname")}
    for key, own in (("user", "USER"), ("password", "PASSWORD"), ("host", "HOST"), ("port", "PORT")):
        entry[own] = given.pop(key, None) or ""
    return {**entry, "OPTIONS": given}


VARIABLES = (
    Variable(
        name="DATABASE_URL",
        parse=_database,
        default=None,
        help="Where interactions are stored: `postgresql://user:password@host:5432/name` "
        "or `sqlite:///path`. Unset: `db.sqlite3` in `DATA_DIR`.",
    ),
    Variable(
        name="DATA_DIR",
        parse=_directory,
        default=str(BASE_DIR / "data"),
        help="The folder that holds everything the server writes: the SQLite file and the secret key. "
        "Made when missing.",
    ),
    Variable(
        name="SECRET_KEY",
        parse=_secret,
        default=None,
        help=f"Signs the admin's sessions; at least {MIN_SECRET_KEY_CHARS} characters. "
        "Unset: one is made and kept in `DATA_DIR/secret_key`, readable by its owner alone.",
    ),
    Variable(
        name="DEBUG", parse=_boolean, default="off", help="Django's debug pages. Never on a public host."
    ),
    Variable(
        name="ALLOWED_HOSTS",
        parse=_hosts,
        default="localhost,127.0.0.1,[::1]",
        help="The host names the server answers to, separated by commas.",
    ),
    Variable(
        name="HTTPS",
        parse=_boolean,
        default="off",
        help="The server stands behind a proxy that speaks HTTPS and sets `X-Forwarded-Proto`: "
        "cookies become secure and the admin is redirected to HTTPS.",
    ),
    Variable(
        name="CORS_ORIGINS",
        parse=_origins,
        default="",
        help="Origins whose pages may ask the query API from a browser, separated by commas.",
    ),
    Variable(
        name="INGEST_CORS_ORIGINS",
        parse=_origins,
        default="*",
        help="Origins whose pages may send interactions from a browser, separated by commas; `*` is any.",
    ),
    Variable(
        name="MAX_BODY_BYTES",
        parse=_integer(1_000, 1_000_000_000),
        default="10000000",
        help="The largest request body, unpacked when it is gzipped; a larger one is answered 413.",
    ),
    Variable(
        name="MAX_PAGE_SIZE",
        # A page's ids are parameters of the query that names them; SQLite takes 32,766.
        parse=_integer(1, 10_000),
        default="1000",
        help="The largest `limit` of a page.",
    ),
    Variable(
        name="STATEMENT_TIMEOUT_MS",
        parse=_integer(100, 3_600_000),
        default="60000",
        help="How long PostgreSQL may work on one statement of a request before it is answered 503. "
        "Commands have no limit.",
    ),
    Variable(
        name="QUERY_ENGINE",
        parse=_choice("auto", "columnar", "database"),
        default="auto",
        help="What answers questions: the columnar files of `manage.py seal` where they are faster (`auto`), "
        "wherever they can (`columnar`), or never (`database`). The answers are the same.",
    ),
    Variable(
        name="COLUMNAR_MEMORY_MB",
        parse=_integer(64, 1_000_000),
        default="512",
        help="How much memory one process gives to questions about columnar files; "
        "what needs more spills to disk.",
    ),
    Variable(
        name="COLUMNAR_THREADS",
        parse=_integer(1, 256),
        default="2",
        help="Threads one process gives to questions about columnar files.",
    ),
    Variable(
        name="ANONYMIZE_PHONE_REGIONS",
        parse=_phone_regions,
        default="US,GB,DE,FR,IT,ES,CH,NL",
        help="Countries whose national telephone formats the anonymiser knows; "
        "numbers with a country code are always found.",
    ),
    Variable(
        name="BIND_ADDRESS",
        parse=_address,
        default="127.0.0.1",
        help="The IP address the server listens on; `0.0.0.0` listens on every network.",
    ),
    Variable(name="PORT", parse=_integer(1, 65_535), default="8000", help="The port the server listens on."),
    Variable(
        name="WEB_WORKERS",
        parse=_integer(1, 64),
        default="2",
        help="Server processes. One a core is a good number.",
    ),
    Variable(
        name="WEB_THREADS",
        parse=_integer(1, 256),
        default="8",
        help="Requests one process works on at a time; each holds one database connection.",
    ),
    Variable(
        name="LOG_LEVEL", parse=_log_level, default="INFO", help="How much is logged to standard error."
    ),
)


def read_environment(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Parse every declared variable.

    -> {"DEBUG": False, "DATABASE_URL": None, ...}; None where unset without a default.
    Raises ImproperlyConfigured naming the first wrong variable; its value is not repeated,
    because it may be a password.
    """
    values = {}
    for variable in VARIABLES:
        text = environ.get(variable.name) or variable.default
        try:
            values[variable.name] = None if text is None else variable.parse(text)
        except ValueError as error:
            raise ImproperlyConfigured(f"{variable.name}: {error}.") from None
    _refuse_unsafe_combinations(values)
    return values


def _refuse_unsafe_combinations(values: Mapping[str, Any]) -> None:
    if values["DEBUG"] and not {*values["ALLOWED_HOSTS"], values["BIND_ADDRESS"]} <= _LOOPBACK:
        raise ImproperlyConfigured(
            "DEBUG: its pages show source code and settings, so with DEBUG on, ALLOWED_HOSTS and "
            "BIND_ADDRESS may name only localhost, 127.0.0.1 and [::1]."
        )
    if "*" in values["ALLOWED_HOSTS"] and values["HTTPS"]:
        raise ImproperlyConfigured(
            "ALLOWED_HOSTS: * lets a forged Host header choose where HTTPS redirects lead; name the hosts."
        )


def make_data_dir(path: Path) -> Path:
    """Make the folder when it is missing, for its owner alone: it holds conversations and secrets."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"DATA_DIR: {path} cannot be made: {error.strerror}.") from None
    return path


def read_secret_key(data_dir: Path) -> str:
    """The kept secret key, made on first use; of two processes starting at once, one wins.

    data_dir: an existing folder. Raises ImproperlyConfigured when the kept key is too short.
    """
    path = data_dir / "secret_key"
    if not path.exists():
        draft = data_dir / f".secret_key.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            # A link appears whole or not at all, and never replaces another process's key.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    text = path.read_text().strip()
    try:
        return _secret(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"SECRET_KEY: {path} is damaged: {error}.") from None
