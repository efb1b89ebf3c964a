"""What is written in environment variables, as values: one function for each form.

Each raises ValueError with a sentence that says what would be accepted.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from phonenumbers import SUPPORTED_REGIONS
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import ProgrammingError

BASE_DIR = Path(__file__).resolve().parent.parent

# Long enough that guessing is hopeless, even of letters and digits alone: 190 bits.
MIN_SECRET_KEY_CHARS = 32
# What Django compares with the Host header: a name, .name for its subdomains too, an address, or *.
_HOST = re.compile(r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\]")


def boolean(text: str) -> bool:
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


def integer(minimum: int, maximum: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = minimum - 1
        if not minimum <= number <= maximum:
            raise ValueError(f"expected a whole number from {minimum} to {maximum}")
        return number

    return parse


def choice(*accepted: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in accepted:
            raise ValueError(f"expected one of {', '.join(accepted)}")
        return text

    return parse


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def hosts(text: str) -> list[str]:
    hosts = _words(text)
    if not hosts or not all(_HOST.fullmatch(host) for host in hosts):
        raise ValueError(
            "expected host names such as analytics.example.com, without scheme and port, separated by commas"
        )
    return hosts


def address(text: str) -> str:
    """-> the address as the server's socket takes it: "127.0.0.1", "[::1]"."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(
            "expected an IP address: 127.0.0.1 for this machine alone, 0.0.0.0 for every network"
        ) from None
    return f"[{address}]" if address.version == 6 else str(address)


def origins(text: str) -> list[str]:
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


def directory(text: str) -> Path:
    # Relative to the project, not to wherever a command happens to be called.
    path = BASE_DIR / Path(text).expanduser()
    if path.exists() and not path.is_dir():
        raise ValueError("expected a folder, which is made when it does not exist")
    return path.resolve()


def phone_regions(text: str) -> list[str]:
    regions = _words(text)
    unknown = sorted(set(regions) - SUPPORTED_REGIONS)
    if unknown:
        raise ValueError(f"expected two-letter country codes such as US or DE; unknown: {', '.join(unknown)}")
    return regions


def secret(text: str) -> str:
    if len(text) < MIN_SECRET_KEY_CHARS:
        raise ValueError(f"expected at least {MIN_SECRET_KEY_CHARS} characters")
    return text


def log_level(text: str) -> str:
    levels = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
    if text.upper() not in levels:
        raise ValueError(f"expected one of {', '.join(levels)}")
    return text.upper()


def database(text: str) -> dict[str, Any]:
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
