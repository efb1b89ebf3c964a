"""A server of ours as an application sees it: an address, a key, and numbers to ask for."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interactions.keys import issue_key
from interactions.models import Project
from tests import processes
from tests.server import ask, environment, running_server

AGGREGATES = "/api/external/get-interaction-aggregates"
# What an SDK sends happened just now, by the clock.
_ALL_TIME = {"start": "2020-01-01", "end": "2100-01-01"}


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A running server on the database of the tests, with one project and a key of it.

    log: the file of its messages.
    """

    project: Project
    key: str
    address: str
    connection: http.client.HTTPConnection
    log: Path

    def aggregates(self, **changes: Any) -> list[dict[str, Any]]:
        """The rows the server answers with, by group name unless asked otherwise."""
        body = {"time_range": _ALL_TIME, "filters": [], "limit": 50, "offset": 0, **changes}
        if "group_by" in body:
            body.setdefault("order_by", {"by": "group_name", "direction": "asc"})
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        status, _, answer = ask(self.connection, "POST", AGGREGATES, json.dumps(body), headers)
        assert status == 200, answer
        return answer["data"]

    def counts(self, group_by: dict[str, Any], *names: str) -> dict[str, Any]:
        """One number, or several, of each group.

        -> {"ada": 3, "bob": 1}, or with two names {"ada": (3, 1), "bob": (1, 0)}
        """
        rows = self.aggregates(group_by=group_by)
        numbers = {row["group_name"]: tuple(row[name] for name in names) for row in rows}
        return {group: each[0] if len(names) == 1 else each for group, each in numbers.items()}


@contextmanager
def installation(folder: Path) -> Iterator[Installation]:
    """Needs a database whose writes are committed."""
    project = Project.objects.create(name="application")
    environ = environment(folder, DATABASE_URL=processes.database_url())
    path = folder / "server.log"
    # A file, because a pipe that nobody reads is full some day, and then the server waits.
    with path.open("w") as log, running_server(environ, log=log) as connection:
        yield Installation(
            project=project,
            key=issue_key(project, name="sdk"),
            address=f"http://127.0.0.1:{environ['PORT']}",
            connection=connection,
            log=path,
        )
