"""The environment variables: what each does unset, set right and set wrong."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.data_dir import make_data_dir, read_secret_key
from config.env import BASE_DIR, MIN_SECRET_KEY_CHARS, VARIABLES, read_environment

SQLITE = "django.db.backends.sqlite3"
POSTGRESQL = "django.db.backends.postgresql"
LONG_SECRET = "s" * MIN_SECRET_KEY_CHARS
LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]

DEFAULTS = {
    "DATABASE_URL": None,
    "DATA_DIR": BASE_DIR / "data",
    "SECRET_KEY": None,
    "DEBUG": False,
    "ALLOWED_HOSTS": LOOPBACK,
    "HTTPS": False,
    "CORS_ORIGINS": [],
    "INGEST_CORS_ORIGINS": ["*"],
    "MAX_BODY_BYTES": 10_000_000,
    "MAX_PAGE_SIZE": 1000,
    "STATEMENT_TIMEOUT_MS": 60_000,
    "QUERY_ENGINE": "auto",
    "COLUMNAR_MEMORY_MB": 512,
    "COLUMNAR_THREADS": 2,
    "ANONYMIZE_PHONE_REGIONS": ["US", "GB", "DE", "FR", "IT", "ES", "CH", "NL"],
    "BIND_ADDRESS": "127.0.0.1",
    "PORT": 8000,
    "WEB_WORKERS": 2,
    "WEB_THREADS": 8,
    "LOG_LEVEL": "INFO",
}

RIGHT = [
    ("DATABASE_URL", "sqlite:///here.sqlite3", {"ENGINE": SQLITE, "NAME": str(BASE_DIR / "here.sqlite3")}),
    ("DATABASE_URL", "sqlite:////srv/a b.sqlite3", {"ENGINE": SQLITE, "NAME": "/srv/a b.sqlite3"}),
    (
        "DATABASE_URL",
        "postgres://ann:p%40ss@db.example.com:5433/facts?sslmode=require",
        {
            "ENGINE": POSTGRESQL,
            "NAME": "facts",
            "USER": "ann",
            "PASSWORD": "p@ss",
            "HOST": "db.example.com",
            "PORT": "5433",
            "OPTIONS": {"sslmode": "require"},
        },
    ),
    (
        "DATABASE_URL",
        "postgresql:///facts?host=/run/postgresql",
        {
            "ENGINE": POSTGRESQL,
            "NAME": "facts",
            "USER": "",
            "PASSWORD": "",
            "HOST": "/run/postgresql",
            "PORT": "",
            "OPTIONS": {},
        },
    ),
    ("DATA_DIR", "/srv/analytics", Path("/srv/analytics")),
    ("SECRET_KEY", LONG_SECRET, LONG_SECRET),
    ("DEBUG", "on", True),
    ("DEBUG", "False", False),
    ("ALLOWED_HOSTS", "a.example.com, .b.example.com,[2001:db8::1]", None),
    ("ALLOWED_HOSTS", "*", ["*"]),
    ("HTTPS", "1", True),
    ("CORS_ORIGINS", "https://a.example.com,http://localhost:3000", None),
    ("CORS_ORIGINS", "*", ["*"]),
    ("INGEST_CORS_ORIGINS", "https://shop.example.com", ["https://shop.example.com"]),
    ("MAX_BODY_BYTES", "20000000", 20_000_000),
    ("MAX_PAGE_SIZE", "100", 100),
    ("STATEMENT_TIMEOUT_MS", "5000", 5000),
    ("QUERY_ENGINE", "columnar", "columnar"),
    ("COLUMNAR_MEMORY_MB", "1024", 1024),
    ("COLUMNAR_THREADS", "4", 4),
    ("ANONYMIZE_PHONE_REGIONS", "AT,JP", ["AT", "JP"]),
    ("BIND_ADDRESS", "0.0.0.0", "0.0.0.0"),
    ("BIND_ADDRESS", "::", "[::]"),
    ("PORT", "80", 80),
    ("WEB_WORKERS", "4", 4),
    ("WEB_THREADS", "16", 16),
    ("LOG_LEVEL", "debug", "DEBUG"),
]

WRONG = [
    ("DATABASE_URL", "mysql://db/facts"),
    ("DATABASE_URL", "postgresql://db.example.com"),
    ("DATABASE_URL", "postgresql://db/facts?colour=red"),
    ("DATABASE_URL", "sqlite:///:memory:"),
    ("DATABASE_URL", "sqlite:////srv/a.sqlite3?mode=ro"),
    ("CORS_ORIGINS", "https://Dashboard.example.com"),
    ("CORS_ORIGINS", "https://dashboard.example.com?x"),
    ("DATABASE_URL", "sqlite:here.sqlite3"),
    ("DATABASE_URL", "sqlite://here.sqlite3"),
    ("DATA_DIR", __file__),
    ("SECRET_KEY", LONG_SECRET[:-1]),
    ("DEBUG", "maybe"),
    ("ALLOWED_HOSTS", "https://analytics.example.com"),
    ("ALLOWED_HOSTS", "analytics.example.com:8000"),
    ("ALLOWED_HOSTS", ","),
    ("HTTPS", "2"),
    ("CORS_ORIGINS", "dashboard.example.com"),
    ("INGEST_CORS_ORIGINS", "shop.example.com"),
    ("CORS_ORIGINS", "https://dashboard.example.com/page"),
    ("MAX_BODY_BYTES", "999"),
    ("MAX_BODY_BYTES", "10 MB"),
    ("MAX_PAGE_SIZE", "0"),
    ("STATEMENT_TIMEOUT_MS", "-1"),
    ("QUERY_ENGINE", "fast"),
    ("COLUMNAR_MEMORY_MB", "1"),
    ("COLUMNAR_THREADS", "0"),
    ("ANONYMIZE_PHONE_REGIONS", "US,England"),
    ("BIND_ADDRESS", "localhost:8000"),
    ("PORT", "65536"),
    ("WEB_WORKERS", "0"),
    ("WEB_THREADS", "many"),
    ("LOG_LEVEL", "loud"),
]


def run_check(**environ: str) -> subprocess.CompletedProcess[str]:
    """`manage.py check` as an operator meets it, with these variables alone."""
    return subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=BASE_DIR, env=environ, capture_output=True, text=True
    )


def test_defaults():
    assert read_environment({}) == DEFAULTS


def test_every_variable_empty_is_as_unset():
    assert read_environment({variable.name: "" for variable in VARIABLES}) == DEFAULTS


@pytest.mark.parametrize(("name", "text", "expected"), RIGHT)
def test_right_value(name: str, text: str, expected: Any):
    if expected is None:
        expected = [word.strip() for word in text.split(",")]

    assert read_environment({name: text}) == DEFAULTS | {name: expected}


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_wrong_value_is_refused_by_name(name: str, text: str):
    with pytest.raises(ImproperlyConfigured, match=rf"^{name}: expected "):
        read_environment({name: text})


@pytest.mark.parametrize(
    "tried", [RIGHT, WRONG], ids=["every variable has a right value", "every variable has a wrong value"]
)
def test_tables_above_are_complete(tried: list[tuple]):
    assert {name for name, *_ in tried} == {variable.name for variable in VARIABLES}


def test_password_in_a_wrong_value_is_not_repeated():
    with pytest.raises(ImproperlyConfigured) as refusal:
        read_environment({"DATABASE_URL": "postgresql://ann:hunter2@db/facts?colour=red"})

    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"DEBUG": "on", "ALLOWED_HOSTS": "localhost,analytics.example.com"}, "DEBUG"),
        ({"DEBUG": "on", "BIND_ADDRESS": "0.0.0.0"}, "DEBUG"),
        ({"HTTPS": "on", "ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
    ],
    ids=["debug on a public name", "debug on every network", "any host behind https"],
)
def test_unsafe_combination_is_refused(environ: dict[str, str], named: str):
    with pytest.raises(ImproperlyConfigured, match=rf"^{named}: "):
        read_environment(environ)


def test_start_without_any_variable_succeeds_but_for_the_folder(tmp_path: Path):
    result = run_check(DATA_DIR=str(tmp_path / "new" / "data"))

    assert result.returncode == 0, result.stderr
    assert stat.S_IMODE((tmp_path / "new" / "data").stat().st_mode) == 0o700


@pytest.mark.parametrize(("name", "text"), [("PORT", "http"), ("SECRET_KEY", "short")])
def test_wrong_value_stops_the_start(tmp_path: Path, name: str, text: str):
    result = run_check(**{"DATA_DIR": str(tmp_path), name: text})

    assert result.returncode != 0
    assert result.stderr.splitlines()[-1].startswith(
        f"django.core.exceptions.ImproperlyConfigured: {name}: expected "
    )
    assert text not in result.stderr.splitlines()[-1]


def test_data_folder_below_a_file_is_refused_by_name():
    with pytest.raises(ImproperlyConfigured, match=r"^DATA_DIR: .* cannot be made: Not a directory\.$"):
        make_data_dir(Path(__file__) / "data")


def test_secret_key_is_made_once_for_its_owner_alone(tmp_path: Path):
    key = read_secret_key(tmp_path)

    assert len(key) > MIN_SECRET_KEY_CHARS
    assert read_secret_key(tmp_path) == key
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_processes_starting_at_once_agree_on_the_secret_key(tmp_path: Path):
    program = "from config.settings import SECRET_KEY; print(SECRET_KEY)"
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=BASE_DIR,
            env={"DATA_DIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]

    keys = {start.communicate()[0].strip() for start in starts}

    assert keys == {read_secret_key(tmp_path)}


@pytest.mark.parametrize("kept", ["", "short\n"], ids=["empty", "too short"])
def test_damaged_secret_key_is_refused(tmp_path: Path, kept: str):
    (tmp_path / "secret_key").write_text(kept)

    with pytest.raises(ImproperlyConfigured, match=r"^SECRET_KEY: .*secret_key is damaged: "):
        read_secret_key(tmp_path)


def test_environment_of_the_shell_does_not_reach_the_tests():
    assert {name for name in DEFAULTS if name in os.environ} <= {"DATA_DIR", "SECRET_KEY", "DATABASE_URL"}
