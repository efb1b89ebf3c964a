"""Fills the empty database that the environment names, in one of three ways, and prints how that went.

A program of its own, because the settings are read once a process and every way needs a database.
The import reads FILE and keeps the rows that it left in ROWS, for the others to load.
Usage: python -m benchmarks.ingest.load import|bulk_create|raw FILE ROWS
"""

import json
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django
from django.core.management import call_command


def main(way: str, file: str, rows: str) -> None:
    django.setup()
    # Models cannot be imported any earlier.
    from benchmarks.ingest.loaders import bulk_create, load_raw, read_batches
    from benchmarks.ingest.stages import Stages
    from interactions.importing import import_file
    from interactions.models import Project

    call_command("migrate", verbosity=0)
    if way == "import":
        project = Project.objects.create(name="import")
        stages = Stages()
        answer = _timed(lambda: stages.during(lambda: import_file(project, file)))
        Path(rows).write_bytes(pickle.dumps(read_batches()))
    else:
        stages = None
        batches = pickle.loads(Path(rows).read_bytes())
        answer = _timed(lambda: {"bulk_create": bulk_create, "raw": load_raw}[way](batches))
    sys.stdout.write(json.dumps(answer | {"stage_seconds": stages.seconds if stages else {}}))


def _timed(work: Callable[[], object]) -> dict[str, float]:
    started, cpu_started = time.perf_counter(), time.process_time()
    work()
    return {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - cpu_started}


if __name__ == "__main__":
    main(*sys.argv[1:])
