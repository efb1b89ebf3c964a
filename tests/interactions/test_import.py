"""`manage.py import_interactions`: whole files, once, streamed, and refused in a sentence."""

from __future__ import annotations

import gzip
import io
import json
import os
import pty
import signal
import subprocess
import termios
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from interactions.models import DirtyMark, EndUser, Interaction, Project, SealedFile
from tests import dataset, processes
from tests.storage import every_row, stored

LINE: dict[str, Any] = {
    "end_user": "ada",
    "time_start": "2024-05-27T10:00:00Z",
    "time_end": "2024-05-27T10:00:01Z",
    "input": "Where is my parcel?",
    "output": "On its way.",
}
# The largest file an operator would try, and what the command may take of memory meanwhile.
N_MANY = 100_000
MAX_MEMORY_MB = 220


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> Project:
    return Project.objects.create(name="Shop")


def json_line(**changes: Any) -> bytes:
    return json.dumps(LINE | changes, ensure_ascii=False).encode() + b"\n"


def json_lines(inputs: Iterable[Any]) -> bytes:
    return b"".join(json_line(input=str(text)) for text in inputs)


def write_many(path: Path, n_lines: int) -> str:
    """A file of small interactions with ids, users, conversations, labels and feedback."""
    with path.open("wb") as file:
        for number in range(n_lines):
            start = f"2024-05-{number % 28 + 1:02}T{number % 24:02}:00:00Z"
            changes = {
                "id": str(UUID(int=number, version=4)),
                "end_user": f"user {number % 997}",
                "conversation_id": f"conversation {number % 9973}",
                "time_start": start,
                "time_end": start,
                "topic": f"topic {number % 10}",
                "tags": {"plan": f"plan {number % 3}"},
                "feedback_actions": [{"slug": "edit"}] if number % 5 == 0 else [],
            }
            file.write(json_line(input=str(number), **changes))
    return str(path)


def write(folder: Path, content: bytes, name: str = "a file é.ndjson") -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)


def import_from(source: str, *options: str, project: str = "Shop") -> tuple[str, str]:
    """Run the command; -> what it wrote to standard output and to standard error."""
    out, err = io.StringIO(), io.StringIO()
    call_command("import_interactions", source, "--project", project, *options, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def refusal_of(source: str, *options: str, project: str = "Shop") -> str:
    with pytest.raises(CommandError) as refusal:
        import_from(source, *options, project=project)
    return str(refusal.value)


def summary(stored: int, updated: int = 0, unchanged: int = 0) -> str:
    total = stored + updated + unchanged
    return f"{total} interactions: {stored} stored, {updated} updated, {unchanged} unchanged\n"


def inputs(project: Project) -> list[str]:
    rows = Interaction.objects.for_project(project).order_by("id")
    return list(rows.values_list("text__input", flat=True))


# Whole files


@pytest.mark.django_db
def test_a_file_is_imported_whole(shop: Project, tmp_path: Path):
    recorded = Project.objects.create(name="recorded")
    dataset.record(recorded)
    content = b"".join(json.dumps(line).encode() + b"\n" for line in dataset.LINES)

    assert import_from(write(tmp_path, content)) == (summary(12), "")

    assert stored(shop) == stored(recorded)


@pytest.mark.django_db
def test_the_same_file_again_changes_nothing(shop: Project, tmp_path: Path):
    path = write(tmp_path, b"".join(json.dumps(line).encode() + b"\n" for line in dataset.LINES))
    import_from(path)
    before = every_row()

    assert import_from(path) == (summary(0, unchanged=12), "")

    assert every_row() == before


@pytest.mark.django_db
def test_a_file_in_which_a_profile_changes_midway_may_be_imported_again(shop: Project, tmp_path: Path):
    # More than one batch, and the change within the first.
    content = b"".join(
        json_line(input=str(number), end_user_group_profile="small" if number < 500 else "big")
        for number in range(1500)
    )
    path = write(tmp_path, content)
    import_from(path)
    before = every_row()

    import_from(path)

    assert every_row() == before
    assert EndUser.objects.get().group_profile.value == "big"


@pytest.mark.django_db
def test_a_file_that_repeats_itself_holds_each_interaction_once(shop: Project, tmp_path: Path):
    path = write(tmp_path, json_lines([*range(1100), *range(600)]))

    assert import_from(path)[0] == summary(1100, unchanged=600)

    assert inputs(shop) == [str(number) for number in range(1100)]


@pytest.mark.django_db
@pytest.mark.parametrize("options", [[], ["--no-anonymize"]], ids=["by default", "not when told so"])
def test_pii_is_masked(shop: Project, tmp_path: Path, options: list[str]):
    path = write(tmp_path, json_line(input="I am ada@example.com."))

    import_from(path, *options)

    (row,) = stored(shop)
    masked = ("I am ada@example.com.", False) if options else ("I am [EMAIL].", True)
    assert (row["input"], row["has_pii"]) == masked


FORMS = {
    "plain": json_lines("abc"),
    "no line feed at the end": json_lines("abc").rstrip(),
    "blank lines": b"\n" + json_lines("ab") + b"\n  \t\n\r\n" + json_lines("c") + b"\n\n",
    "lines of Windows": json_lines("abc").replace(b"\n", b"\r\n"),
    "byte order mark": b"\xef\xbb\xbf" + json_lines("abc"),
    "byte order marks where files were joined": b"".join(b"\xef\xbb\xbf" + json_line(input=x) for x in "abc"),
    "gzip": gzip.compress(json_lines("abc")),
    "gzip in parts": gzip.compress(json_lines("a")) + gzip.compress(json_lines("bc")),
}


@pytest.mark.django_db
@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS.keys())
def test_a_file_may_be(shop: Project, tmp_path: Path, content: bytes):
    assert import_from(write(tmp_path, content)) == (summary(3), "")

    assert inputs(shop) == ["a", "b", "c"]


@pytest.mark.django_db
@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS.keys())
def test_standard_input_may_be(shop: Project, monkeypatch: pytest.MonkeyPatch, content: bytes):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))

    assert import_from("-") == (summary(3), "")

    assert inputs(shop) == ["a", "b", "c"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [b"", b"\n \n", gzip.compress(b"")],
    ids=["empty", "blank", "empty gzip"],
)
def test_nothing_is_imported_from_nothing(shop: Project, tmp_path: Path, content: bytes):
    assert import_from(write(tmp_path, content)) == (summary(0), "")


# Bad lines

SECRET = "swordfish"
# Each with the reason that is told.
BAD_LINES: dict[str, tuple[bytes, str]] = {
    "no JSON": (
        b"{'input': 'swordfish'}\n",
        "not valid JSON: unexpected character, expected a string key: line 1 column 2 (char 1)",
    ),
    "not UTF-8": (
        json_line(input=SECRET).replace(b"sword", b"\xffword"),
        "not valid JSON: str is not valid UTF-8: surrogates not allowed: line 1 column 1 (char 0)",
    ),
    "a list": (b'["swordfish"]\n', "expected an object"),
    "null": (b"null\n", "expected an object"),
    "two objects": (
        json_line(input=SECRET).strip() * 2 + b"\n",
        "not valid JSON: unexpected content after document: line 1 column 141 (char 140)",
    ),
    "too deep": (
        b'{"swordfish": ' + b"[" * 5000 + b"]" * 5000 + b"}\n",
        "not valid JSON: depth limit exceeded: line 1 column 1039 (char 1038)",
    ),
    "wrong fields": (
        json_line(input=[SECRET], time_start=SECRET, tags={"plan": [SECRET]}, end_user=None),
        "end_user: Field required; time_start: expected a date-time such as 2024-05-30T14:00:00Z, with any "
        "offset, or a date; input: Input should be a valid string; tags.plan: Input should be a valid string",
    ),
    "rating out of range": (
        json_line(feedback_actions=[{"slug": "rating", "value": 6, "text": SECRET}]),
        "feedback_actions.0.value: Input should be less than or equal to 5",
    ),
    "end before the start": (
        json_line(time_end="2024-05-27T09:59:59Z", input=SECRET),
        "time_end lies before time_start",
    ),
    "word of 501 characters": (
        json_line(topic=SECRET * 56),
        "topic: String should have at most 500 characters",
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize(("line", "reason"), BAD_LINES.values(), ids=BAD_LINES.keys())
def test_one_bad_line_stops_it_all_and_is_told_without_its_text(
    shop: Project, tmp_path: Path, line: bytes, reason: str
):
    path = write(tmp_path, json_line(input="a") + b"\n" + line + json_line(input="b"))

    refusal = refusal_of(path)

    assert refusal == f"line 3: {reason}\nNothing was imported; --skip-bad keeps the rest."
    assert SECRET not in refusal
    assert stored(shop) == []
    assert [entry.name for entry in tmp_path.iterdir()] == ["a file é.ndjson"]


@pytest.mark.django_db
@pytest.mark.parametrize(("line", "reason"), BAD_LINES.values(), ids=BAD_LINES.keys())
def test_bad_lines_are_put_aside_when_asked(shop: Project, tmp_path: Path, line: bytes, reason: str):
    path = write(tmp_path, line + json_line(input="a") + b"\n" + line + json_line(input="b") + line.rstrip())

    out, err = import_from(path, "--skip-bad")

    told = "".join(f"line {number}: {reason}\n" for number in (1, 4, 6))
    assert (out, err) == (summary(2), f"{told}The bad lines are in {path}.bad.\n")
    assert inputs(shop) == ["a", "b"]
    assert Path(f"{path}.bad").read_bytes() == line * 3


@pytest.mark.django_db
def test_bad_lines_of_standard_input_are_put_into_the_folder_one_is_in(
    shop: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"[]\r\n" + json_lines("a"))))

    assert import_from("-", "--skip-bad") == (
        summary(1),
        "line 1: expected an object\nThe bad lines are in stdin.bad.\n",
    )

    assert (tmp_path / "stdin.bad").read_bytes() == b"[]\r\n"


@pytest.mark.django_db
def test_bad_lines_of_a_gzip_are_put_aside_readable(shop: Project, tmp_path: Path):
    path = write(tmp_path, gzip.compress(b"[1]\n" + json_lines("a") + b"[2]"), "a.ndjson.gz")

    import_from(path, "--skip-bad")

    assert (tmp_path / "a.ndjson.gz.bad").read_bytes() == b"[1]\n[2]\n"


@pytest.mark.django_db
def test_no_file_is_made_when_no_line_is_bad(shop: Project, tmp_path: Path):
    assert import_from(write(tmp_path, json_lines("a")), "--skip-bad") == (summary(1), "")

    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("n_bad", "more"), [(20, []), (21, ["and 1 more bad lines"]), (1500, ["and 1480 more bad lines"])]
)
def test_the_first_twenty_bad_lines_are_told(shop: Project, tmp_path: Path, n_bad: int, more: list[str]):
    path = write(tmp_path, b"5\n" * n_bad)
    told = [*(f"line {number}: expected an object" for number in range(1, 21)), *more]

    assert refusal_of(path).splitlines()[:-1] == told
    assert import_from(path, "--skip-bad")[1].splitlines()[:-1] == told
    assert Path(f"{path}.bad").read_bytes() == b"5\n" * n_bad


@pytest.mark.django_db
@pytest.mark.parametrize("ending", [b"\n", b""], ids=["line feed", "end of the file"])
def test_a_line_may_be_as_long_as_a_request(shop: Project, tmp_path: Path, settings, ending: bytes):
    longest = json_line(input="x" * 5000).strip()
    settings.MAX_BODY_BYTES = len(longest) + len(ending)

    import_from(write(tmp_path, longest + ending))

    assert inputs(shop) == ["x" * 5000]


@pytest.mark.django_db
@pytest.mark.parametrize("n_more", [1, 1000, 2000, 100_000])
@pytest.mark.parametrize("is_gzip", [False, True], ids=["plain", "gzip"])
def test_of_a_line_over_the_limit_nothing_is_taken_for_another_line(
    shop: Project, tmp_path: Path, settings, n_more: int, is_gzip: bool
):
    settings.MAX_BODY_BYTES = 1000
    too_long = b" " * n_more + json_line(input="b").strip().ljust(999) + b"\n"
    content = json_lines("a") + too_long + json_lines("c") + too_long
    path = write(tmp_path, gzip.compress(content) if is_gzip else content)

    assert import_from(path, "--skip-bad") == (
        summary(2),
        f"line 2: longer than 1000 bytes\nline 4: longer than 1000 bytes\nThe bad lines are in {path}.bad.\n",
    )

    assert inputs(shop) == ["a", "c"]
    # Of such a line only the beginning is kept, so that memory stays flat.
    assert Path(f"{path}.bad").read_bytes() == (too_long[:1001].rstrip(b"\n") + b"\n") * 2


@pytest.mark.django_db
def test_a_file_that_becomes_bad_while_it_is_read_is_refused(shop: Project, tmp_path: Path):
    path = write(tmp_path, json_lines(range(2500)))

    def spoil(execute, sql, params, many, context):
        if sql.startswith("INSERT"):
            with open(path, "ab") as file:
                file.write(b"[]\n")
        return execute(sql, params, many, context)

    def spoil_once_written() -> str:
        with connection.execute_wrapper(spoil):
            return refusal_of(path)

    assert spoil_once_written() == "the file changed while it was read; import it again"


# Files that cannot be read


@pytest.mark.django_db
@pytest.mark.parametrize("options", [[], ["--skip-bad"]], ids=["strict", "skipping"])
def test_a_file_that_is_cut_off_is_refused(shop: Project, tmp_path: Path, options: list[str]):
    whole = gzip.compress(json_lines(range(1000)))
    path = write(tmp_path, whole[: len(whole) // 2])

    assert refusal_of(path, *options) == (
        f"{path}: Compressed file ended before the end-of-stream marker was reached"
    )
    assert stored(shop) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("place", "byte"),
    [(20, 0xFF), (-6, 0x00), (2, 0x07)],
    ids=["data", "checksum", "method"],
)
def test_a_damaged_file_is_refused(shop: Project, tmp_path: Path, place: int, byte: int):
    damaged = bytearray(gzip.compress(json_lines(range(100))))
    damaged[place] ^= byte or 0xFF
    path = write(tmp_path, bytes(damaged))

    refusal = refusal_of(path)

    assert refusal.startswith(f"{path}: ")
    assert "\n" not in refusal
    assert stored(shop) == []


@pytest.mark.django_db
def test_a_missing_file_and_a_folder_are_refused(shop: Project, tmp_path: Path):
    missing = str(tmp_path / "missing")

    assert refusal_of(missing) == f"{missing}: No such file or directory"
    assert refusal_of(str(tmp_path)) == f"{tmp_path}: Is a directory"


@pytest.mark.django_db
def test_a_place_that_takes_no_bad_lines_is_told(shop: Project, tmp_path: Path):
    path = write(tmp_path, b"[]\n")
    Path(f"{path}.bad").mkdir()

    assert refusal_of(path, "--skip-bad") == f"{path}.bad: Is a directory"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Shpo", "Known: 'Shop'."),
        ("nothing like it", "Known: 'Bakery', 'Shop'."),
        ("Sh\x00op", "Known: 'Shop'."),
    ],
    ids=["near", "far", "NUL"],
)
def test_an_unknown_project_is_refused_with_the_nearest(shop: Project, tmp_path: Path, name: str, hint: str):
    Project.objects.create(name="Bakery")

    assert refusal_of(write(tmp_path, b""), project=name) == f"Unknown project {name!r}. {hint}"


@pytest.mark.django_db
def test_without_any_project_it_says_how_to_make_one(tmp_path: Path):
    assert (
        refusal_of(write(tmp_path, b"")) == "Unknown project 'Shop'. There is none yet: create_project NAME."
    )


# As a process


@pytest.mark.django_db(transaction=True)
def test_the_command_says_nothing_but_the_result_when_nobody_watches(shop: Project, tmp_path: Path):
    path = write(tmp_path, json_lines("abc"))

    result = processes.run("import_interactions", path, "--project", "Shop")

    assert (result.returncode, result.stdout, result.stderr) == (0, summary(3).encode(), b"")


@pytest.mark.django_db(transaction=True)
def test_standard_input_is_read_and_a_bad_line_ends_with_an_error(shop: Project):
    result = processes.run("import_interactions", "-", "--project", "Shop", stdin=json_lines("abc") + b"[]\n")

    assert (result.returncode, result.stdout) == (1, b"")
    assert result.stderr.decode() == (
        "CommandError: line 4: expected an object\nNothing was imported; --skip-bad keeps the rest.\n"
    )
    assert stored(shop) == []


@pytest.mark.django_db(transaction=True)
def test_a_bar_shows_the_progress_on_a_terminal(shop: Project, tmp_path: Path):
    path = write(tmp_path, json_lines(range(1500)))
    terminal, end = pty.openpty()
    termios.tcsetwinsize(end, (24, 80))
    with processes.start(
        "import_interactions", path, "--project", "Shop", stdout=subprocess.PIPE, stderr=end
    ) as process:
        os.close(end)
        shown = read_terminal(terminal)
        assert process.stdout.read().decode() == summary(1500)

    assert "checking: 100%" in shown
    assert "importing: 100%" in shown


def read_terminal(terminal: int) -> str:
    """All that is written to a terminal until its other end is closed."""
    shown = b""
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        try:
            while part := screen.read(4096):
                shown += part
        except OSError:
            pass  # How Linux says that nobody writes any more.
    return shown.decode()


@pytest.mark.django_db(transaction=True)
def test_a_large_file_is_imported_and_exported_in_little_memory(shop: Project, tmp_path: Path):
    path = write_many(tmp_path / "many.ndjson", N_MANY)

    assert processes.peak_memory_mb("import_interactions", path, "--project", "Shop") < MAX_MEMORY_MB
    assert Interaction.objects.for_project(shop).count() == N_MANY

    # Over the file it was imported from, to save the disk.
    assert (
        processes.peak_memory_mb("export_interactions", "--project=Shop", f"--output={path}") < MAX_MEMORY_MB
    )
    assert count_lines(path) == N_MANY


@pytest.mark.django_db(transaction=True)
def test_large_lines_are_imported_and_exported_in_little_memory(shop: Project, tmp_path: Path):
    # As many as a batch may hold; all of them at once, in every form they take, would be too much.
    n_lines, text = 1000, "long text. " * 9_000
    path = tmp_path / "long.ndjson"
    with path.open("wb") as file:
        file.writelines(json_line(input=f"{number} {text}") for number in range(n_lines))

    options = ("--project", "Shop", "--no-anonymize")
    assert processes.peak_memory_mb("import_interactions", str(path), *options) < MAX_MEMORY_MB
    assert Interaction.objects.for_project(shop).count() == n_lines

    assert (
        processes.peak_memory_mb("export_interactions", "--project=Shop", f"--output={path}") < MAX_MEMORY_MB
    )
    assert count_lines(path) == n_lines


@pytest.mark.django_db(transaction=True)
def test_what_was_imported_is_sealed(shop: Project, tmp_path: Path):
    path = write_many(tmp_path / "many.ndjson", 500)

    call_command("import_interactions", path, project="Shop")

    assert not DirtyMark.objects.filter(project_id=shop.pk).exists()
    shop.refresh_from_db()
    assert shop.n_sealed == 500


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sealed_when_nothing_reads_it(shop: Project, tmp_path: Path, settings: Any):
    settings.QUERY_ENGINE = "database"

    call_command("import_interactions", write_many(tmp_path / "many.ndjson", 10), project="Shop")

    assert not SealedFile.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_sealed_is_imported_all_the_same(
    shop: Project, tmp_path: Path, settings: Any, caplog: pytest.LogCaptureFixture
):
    settings.DATA_DIR = tmp_path
    (tmp_path / "columnar").write_text("no folder")

    call_command("import_interactions", write_many(tmp_path / "many.ndjson", 10), project="Shop")

    assert Interaction.objects.for_project(shop).count() == 10
    assert "Recorded, but not sealed: " in caplog.text


def count_lines(path: str | Path) -> int:
    with open(path, "rb") as file:
        return sum(1 for _ in file)


@pytest.mark.django_db(transaction=True)
def test_an_import_that_was_killed_is_completed_by_the_next(shop: Project, tmp_path: Path):
    path = write_many(tmp_path / "many.ndjson", 8_000)
    arguments = ("import_interactions", path, "--project")
    with processes.start(*arguments, "Shop", stdout=subprocess.PIPE) as process:
        while process.poll() is None and not Interaction.objects.for_project(shop).exists():
            pass
        process.send_signal(signal.SIGKILL)
    n_kept = Interaction.objects.for_project(shop).count()
    assert process.returncode == -signal.SIGKILL
    # Whole batches, and not all of them.
    assert n_kept % 1000 == 0
    assert 0 < n_kept < 8_000

    result = processes.run(*arguments, "Shop")

    assert result.stdout.decode() == summary(8_000 - n_kept, unchanged=n_kept)
    undisturbed = Project.objects.create(name="undisturbed")
    processes.run(*arguments, "undisturbed")
    assert stored(shop) == stored(undisturbed)
