"""Sends the questions over one connection and keeps how long every answer took."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from random import Random

import orjson

from benchmarks.processes import HOST

from .questions import QUESTIONS, Question
from .server import Server

# Requests in a row that ask the same: enough to find the processor's caches as a busy server does.
BLOCK_SIZE = 10
N_WARM_UP_ROUNDS = 10

# Seconds of every request, in the blocks they were asked in.
Blocks = Sequence[Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What one database took. blocks: of every question by name, one block a round."""

    database: str
    blocks: Mapping[str, Blocks]


def measure(server: Server, database: str, n_rounds: int) -> Measurement:
    """Ask every question `n_rounds` blocks; the questions take turns, in another order each round.

    Raises SystemExit when an answer differs from the first to the same question.
    """
    connection = HTTPConnection(HOST, server.port)
    connection.connect()
    headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
    answers: dict[str, bytes] = {}
    blocks: dict[str, list[list[float]]] = {question.name: [] for question in QUESTIONS}
    turns = Random(n_rounds)
    for number in range(-N_WARM_UP_ROUNDS, n_rounds):
        for question in turns.sample(QUESTIONS, len(QUESTIONS)):
            block = [_ask(connection, question, headers, answers) for _ in range(BLOCK_SIZE)]
            if number >= 0:
                blocks[question.name].append(block)
    connection.close()
    return Measurement(database=database, blocks=blocks)


def _ask(
    connection: HTTPConnection, question: Question, headers: Mapping[str, str], answers: dict[str, bytes]
) -> float:
    """-> seconds from sending the request to holding the whole answer."""
    body = orjson.dumps(question.body)
    started = time.perf_counter()
    connection.request("POST", question.path, body, headers)
    response = connection.getresponse()
    answer = response.read()
    seconds = time.perf_counter() - started
    if response.status != 200 or answer != answers.setdefault(question.name, answer):
        raise SystemExit(f"{question.name}: {response.status} {answer[:500].decode()}")
    return seconds
