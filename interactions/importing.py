"""Import of NDJSON files: streamed, safe to kill and to run again."""

from __future__ import annotations

import gzip
import shutil
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from tqdm import tqdm

from interactions import dialect
from interactions.ingest import (
    MAX_BATCH,
    NewInteraction,
    Outcome,
    parse_interaction,
    record_batches,
)
from interactions.json_input import decode_json
from interactions.models import Project

STANDARD_INPUT = "-"
# A batch ends here too: a thousand lines of the largest size would not fit into memory.
_BATCH_BYTES = 10_000_000
# Enough to see what is wrong with a file without scrolling.
MAX_REPORTED = 20
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, kw_only=True)
class BadLine:
    """A refused line: its 1-based number and the reason, which never quotes a text."""

    number: int
    content: bytes
    reason: str

    def __str__(self) -> str:
        return f"line {self.number}: {self.reason}"


@dataclass(kw_only=True)
class ImportReport:
    """What became of a file."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    n_bad: int = 0
    first_bad: list[str] = field(default_factory=list)

    def add_bad(self, line: BadLine) -> None:
        self.n_bad += 1
        if len(self.first_bad) < MAX_REPORTED:
            self.first_bad.append(str(line))


class UnreadableFile(ValueError):
    """Raised when the file itself cannot be read, damaged compression included."""


class BadLines(ValueError):
    """Raised when lines were refused and nothing was kept."""

    def __init__(self, report: ImportReport):
        self.report = report
        super().__init__(f"{report.n_bad} bad lines; nothing was imported")


def import_file(
    project: Project,
    source: str,
    *,
    anonymize: bool = True,
    bad_lines_path: Path | None = None,
    show_progress: bool = False,
) -> ImportReport:
    """Import the lines of `source`: a path, or `-` for standard input; gzip is recognised.

    bad_lines_path: keep the good lines and write the bad ones there. Without it one bad line
        means that nothing is kept, so the whole file is checked before anything is written.
    Batches are committed as they come. After a kill, run it again: what is there stays as it is.
    Raises BadLines or UnreadableFile.
    """
    report = ImportReport()
    with _local_file(source) as path:
        if bad_lines_path is None:
            for _, parsed in _parsed_lines(path, "checking", show_progress):
                if isinstance(parsed, BadLine):
                    report.add_bad(parsed)
            if report.n_bad:
                raise BadLines(report)
        with _bad_line_writer(bad_lines_path) as write_bad_line, dialect.write_many(DEFAULT_DB_ALIAS):
            good = _good_items(_parsed_lines(path, "importing", show_progress), report, write_bad_line)
            for recorded in record_batches(project, _batches(good), anonymize=anonymize):
                report.outcomes.update(recorded.outcomes)
    return report


@contextmanager
def _local_file(source: str) -> Iterator[Path]:
    """The file to read, as often as needed; standard input is copied beside our data first."""
    if source != STANDARD_INPUT:
        yield Path(source)
        return
    with tempfile.NamedTemporaryFile(dir=settings.DATA_DIR, prefix="import-") as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.flush()
        yield Path(copy.name)


@contextmanager
def _bad_line_writer(path: Path | None) -> Iterator[Callable[[bytes], None]]:
    """A function that appends a line to `path`; the file is made with the first one."""
    file: BinaryIO | None = None

    def write(line: bytes) -> None:
        nonlocal file
        if path is None:
            raise UnreadableFile("the file changed while it was read; import it again")
        file = file or path.open("wb")
        file.write(line.rstrip(b"\n") + b"\n")

    try:
        yield write
    finally:
        if file is not None:
            file.close()


def _good_items(
    lines: Iterable[tuple[int, NewInteraction | BadLine]],
    report: ImportReport,
    write_bad_line: Callable[[bytes], None],
) -> Iterator[tuple[int, NewInteraction]]:
    for size_bytes, parsed in lines:
        if isinstance(parsed, BadLine):
            report.add_bad(parsed)
            write_bad_line(parsed.content)
        else:
            yield size_bytes, parsed


def _batches(items: Iterable[tuple[int, NewInteraction]]) -> Iterator[list[NewInteraction]]:
    batch: list[NewInteraction] = []
    batch_bytes = 0
    for size_bytes, item in items:
        batch.append(item)
        batch_bytes += size_bytes
        if len(batch) == MAX_BATCH or batch_bytes >= _BATCH_BYTES:
            yield batch
            batch, batch_bytes = [], 0
    if batch:
        yield batch


def _parsed_lines(
    path: Path, act: str, show_progress: bool
) -> Iterator[tuple[int, NewInteraction | BadLine]]:
    """Every line that is not blank, with its size in bytes."""
    try:
        with path.open("rb") as raw:
            is_gzip = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            lines: BinaryIO = gzip.GzipFile(fileobj=raw) if is_gzip else raw
            size = path.stat().st_size
            with tqdm(total=size, desc=act, unit="B", unit_scale=True, disable=not show_progress) as bar:
                for number, line in enumerate(_limited_lines(lines), 1):
                    if show_progress:
                        # Asks the system where the file is read, so not for nothing.
                        bar.update(raw.tell() - bar.n)
                    if line.strip() or len(line) > settings.MAX_BODY_BYTES:
                        yield len(line), _parse_line(number, line)
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UnreadableFile(f"{path}: {reason}") from None


def _limited_lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines with their ends; of a line over the limit only the beginning, so memory stays flat."""
    limit = settings.MAX_BODY_BYTES + 1
    while line := file.readline(limit):
        rest = line
        while len(rest) == limit and not rest.endswith(b"\n"):
            rest = file.readline(limit)
        yield line


def _parse_line(number: int, line: bytes) -> NewInteraction | BadLine:
    if len(line) > settings.MAX_BODY_BYTES:
        reason = f"longer than {settings.MAX_BODY_BYTES} bytes"
    else:
        try:
            # Some editors begin a file with a byte order mark.
            return parse_interaction(decode_json(line.removeprefix(b"\xef\xbb\xbf")))
        except ValueError as error:  # InvalidInteraction, or no JSON at all
            reason = str(error)
    return BadLine(number=number, content=line, reason=reason)
