"""Answers questions in a process of its own: `python -m benchmarks.aggregate.worker FOLDER KIND`.

KIND: yardstick or product. Takes the names of questions, one a line, and prints a line of JSON for each:
the seconds it took and the answer. The settings are read once a process, and every competitor needs
others.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
import orjson

from .stores import Folder

# As many as the engine of ours may use; the machine's processors.
N_THREADS = 2


def main(folder_name: str, kind: str) -> None:
    django.setup()
    # The questions name what the models name, which cannot be imported any earlier.
    from .question import AggregateQuestion
    from .questions import QUESTIONS

    answer: Callable[[AggregateQuestion], dict[str, Any]]
    if kind == "yardstick":
        from .yardstick import Yardstick

        answer = Yardstick(Folder(path=Path(folder_name)).yardstick, N_THREADS).answer
    else:
        from . import product

        answer = product.answer
    questions = {question.name: question for question in QUESTIONS}
    for line in sys.stdin.buffer:
        question = questions[line.decode().rstrip("\n")]
        started = time.perf_counter()
        answered = answer(question)
        seconds = time.perf_counter() - started
        sys.stdout.buffer.write(orjson.dumps({"seconds": seconds, "answer": answered}) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
