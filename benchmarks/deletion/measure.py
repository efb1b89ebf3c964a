"""Reads pages of a project, then deletes a third of it while others ask and record; times everybody."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from statistics import median, quantiles
from typing import Any

from django.db import connection

from benchmarks.aggregate.dataset import END, START
from benchmarks.aggregate.stores import Store
from benchmarks.aggregate.words import PROJECTS
from benchmarks.processes import HOST, WebServer, run_module, serve_web

# Of the ninety days, what is deleted: about a third.
DELETED = {"start": START.isoformat(), "end": (START + timedelta(days=30)).isoformat()}
ALL = {"start": START.isoformat(), "end": END.isoformat()}
BEFORE_SECONDS = 15
N_PAGES = 15
AGGREGATES = "/api/external/get-interaction-aggregates"
LISTING = "/api/external/get-interactions"


@dataclass(kw_only=True)
class Waits:
    """How long each request of one kind took, before and while the deletion went on."""

    before: list[float] = field(default_factory=list)
    during: list[float] = field(default_factory=list)


class Client:
    """One kept-alive connection."""

    def __init__(self, server: WebServer, key: str):
        self._connection = HTTPConnection(HOST, server.port, timeout=3600)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """-> the decoded answer. Raises SystemExit unless it is 200."""
        self._connection.request("POST", path, json.dumps(body), self._headers)
        response = self._connection.getresponse()
        text = response.read()
        if response.status != 200:
            raise SystemExit(f"{path}: {response.status} {text[:500]!r}")
        return json.loads(text)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """summary: of the deletion, in a sentence. pages, waits: rows of two tables."""

    summary: str
    pages: str
    waits: list[str]


def measure(store: Store) -> Measured:
    """Raises SystemExit when anybody saw a wrong number."""
    environment = store.environment()
    run_module("manage", "migrate", "--verbosity=0", environment=environment)
    _give_texts()
    key = run_module(
        "manage", "create_api_key", "--project", PROJECTS[0], "--scopes", "query,ingest,manage",
        environment=environment,
    ).split()[-1]  # fmt: skip
    with ExitStack() as stack:
        stack.enter_context(store.unsealed())
        server = stack.enter_context(serve_web(environment))
        pages = _read_pages(Client(server, key), store.name)
        summary, waits = _delete_beside_others(server, key, store.name)
        return Measured(summary=summary, pages=pages, waits=waits)


_RANDOM_UUID = {"sqlite": "lower(hex(randomblob(16)))", "postgresql": "gen_random_uuid()"}


def _give_texts() -> None:
    """Texts of about three hundred characters, which the loaded interactions are without."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO interactions_interactiontext"
            " (interaction_id, fingerprint, input, output, history, messages, traces)"
            f" SELECT id, {_RANDOM_UUID[connection.vendor]}, 'Where is my parcel? ' || id, %s,"
            " '[]', '[]', '[]'"
            " FROM interactions_interaction WHERE id NOT IN"
            " (SELECT interaction_id FROM interactions_interactiontext)",
            ["It is on its way to you. " * 10],
        )
    connection.close()


def _read_pages(client: Client, name: str) -> str:
    """Pages of a hundred: the first, one in the middle and the last, in turns."""
    total = _total(client, ALL)
    offsets = {"first": 0, "middle": total // 2, "last": total - 100}
    taken: dict[str, list[float]] = {page: [] for page in offsets}
    for _ in range(N_PAGES):
        for page, offset in offsets.items():
            started = time.perf_counter()
            answer = client.post(LISTING, {"time_range": ALL, "filters": [], "limit": 100, "offset": offset})
            taken[page].append(time.perf_counter() - started)
            if (answer["total"], len(answer["data"])) != (total, 100):
                raise SystemExit(f"The {page} page is wrong.")
    cells = " | ".join(f"{1000 * median(times):,.0f}" for times in taken.values())
    return f"| {name} | {total:,} | {cells} |"


def _delete_beside_others(server: WebServer, key: str, name: str) -> tuple[str, list[str]]:
    asking = Client(server, key)
    n_to_delete, n_before = _total(asking, DELETED), _total(asking, ALL)
    is_deleting, is_over = threading.Event(), threading.Event()
    counts: set[int] = set()
    n_recorded = 0

    def count(client: Client) -> None:
        counts.add(_total(client, DELETED))

    def group(client: Client) -> None:
        body = _question({"start": (END - timedelta(days=7)).isoformat(), "end": END.isoformat()})
        client.post(AGGREGATES, body | {"group_by": {"kind": "topic"}, "variables": ["n_users", "cost"]})

    def record(client: Client) -> None:
        nonlocal n_recorded
        n_recorded += 1
        moment = (datetime(2024, 6, 30, 12, tzinfo=UTC) + timedelta(microseconds=n_recorded)).isoformat()
        interaction = {"input": f"{n_recorded}", "output": "", "time_start": moment, "time_end": moment}
        body = {"interaction": interaction | {"end_user": "a writer"}, "anonymize": False}
        client.post("/event-ingestion/api/v1/events/interactions", body)

    def keep_going(act: Callable[[Client], None], waits: Waits) -> threading.Thread:
        def run() -> None:
            client = Client(server, key)
            while not is_over.is_set():
                started = time.perf_counter()
                act(client)
                # By what was going on when it began, and when it ended.
                taken = waits.during if is_deleting.is_set() else waits.before
                taken.append(time.perf_counter() - started)

        return threading.Thread(target=run)

    kinds = {"counting what is deleted": count, "7 days by topic": group, "recording one": record}
    waits = {kind: Waits() for kind in kinds}
    threads = [keep_going(act, waits[kind]) for kind, act in kinds.items()]
    for thread in threads:
        thread.start()
    time.sleep(BEFORE_SECONDS)
    is_deleting.set()
    started = time.perf_counter()
    message = asking.post("/api/external/projects/delete-interactions", {"time_range": DELETED})["message"]
    seconds = time.perf_counter() - started
    left = _total(asking, DELETED), _total(asking, ALL)
    is_over.set()
    for thread in threads:
        thread.join()
    if counts != {n_to_delete, 0}:
        raise SystemExit(f"A reader saw a part: {sorted(counts)}.")
    if left[0] != 0 or not 0 <= left[1] - (n_before - n_to_delete) <= n_recorded:
        raise SystemExit(f"Wrong right after the answer: {left}.")
    rows = [
        f"| {name} | {kind} | {_in_ms(taken.before)} | {len(taken.during):,} | {_in_ms(taken.during)} |"
        for kind, taken in waits.items()
    ]
    n_a_second = n_to_delete / seconds
    return f"On {name}, of {n_before:,}: {message} In {seconds:.0f} s, {n_a_second:,.0f} a second.", rows


def _total(client: Client, time_range: dict[str, str]) -> int:
    answer = client.post(AGGREGATES, _question(time_range) | {"variables": ["n_interactions"]})
    return answer["data"][0]["n_interactions"]


def _question(time_range: dict[str, str]) -> dict[str, Any]:
    return {"time_range": time_range, "filters": [], "limit": 100, "offset": 0}


def _in_ms(seconds: list[float]) -> str:
    """Median, 99th percentile and longest, as cells of a table."""
    p99 = quantiles(seconds, n=100)[-1]
    return " | ".join(
        f"{1000 * value:,.0f}" for value in (median(seconds), min(p99, max(seconds)), max(seconds))
    )
