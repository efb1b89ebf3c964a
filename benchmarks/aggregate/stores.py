"""The folder of a benchmark: the yardstick's file, and the databases with the same rows."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import environment_with
from tests.postgresql import Server

# What each of our databases can be asked through; QUERY_ENGINE takes the second.
STORES = ("sqlite", "postgresql")
ENGINES = ("database", "columnar")
# For ten million interactions on a machine that others use, too.
_SERVER_SETTINGS = {
    "shared_buffers": "2GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "1GB",
    "max_wal_size": "8GB",
    # What is copied into a table in the transaction that emptied it needs no log.
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@dataclass(frozen=True, kw_only=True)
class Store:
    """One of our databases. url: as DATABASE_URL takes it; "" for the file in data_dir."""

    name: str
    data_dir: Path
    url: str

    def environment(self, **own: str) -> dict[str, str]:
        """What the project's commands and servers need to use this database."""
        return environment_with(
            DJANGO_SETTINGS_MODULE="config.settings",
            DATA_DIR=str(self.data_dir),
            DATABASE_URL=self.url,
            **own,
        )

    @contextmanager
    def unsealed(self) -> Iterator[None]:
        """Let no sealer at it, also not the one that a server brings along."""
        folder = self.data_dir / "columnar"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "sealer.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


@dataclass(frozen=True, kw_only=True)
class Folder:
    """Where everything of one number of interactions lies."""

    path: Path

    @property
    def yardstick(self) -> Path:
        return self.path / "yardstick.duckdb"

    @property
    def stores(self) -> dict[str, Store]:
        return {
            "sqlite": Store(name="sqlite", data_dir=self.path / "sqlite", url=""),
            "postgresql": Store(
                name="postgresql", data_dir=self.path / "postgresql", url=self.postgresql_server.url
            ),
        }

    @property
    def sqlite_file(self) -> Path:
        return self.path / "sqlite" / "db.sqlite3"

    @property
    def postgresql_server(self) -> Server:
        """Its data, log and socket; the server runs until it is stopped."""
        return Server(self.path / "server", _SERVER_SETTINGS)

    def start_postgresql(self) -> None:
        """Start the server unless it runs."""
        server = self.postgresql_server
        server.folder.mkdir(parents=True, exist_ok=True)
        if not server.is_running:
            server.start()
