"""`manage.py export_interactions`: every interaction as a line that can be imported again."""

from __future__ import annotations

import io
import json
import os
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interactions.exporting import export_lines
from interactions.ingest import NewInteraction, parse_interaction, record_interactions
from interactions.models import Project
from tests import dataset, processes
from tests.storage import Row, stored

LINE: dict[str, Any] = {
    "id": "00000000-0000-4000-8000-000000000001",
    "end_user": "ada",
    "time_start": "2024-05-27T10:00:00Z",
    "time_end": "2024-05-27T10:00:01Z",
    "input": "Where is my parcel?",
    "output": "On its way.",
}
EVERYTHING: dict[str, Any] = {
    **LINE,
    "conversation_id": "c1",
    "end_user_group_profile": "enterprise",
    "time_end": "2024-05-27T10:00:01.000001Z",
    "model": "large",
    "input_tokens": 12,
    "output_tokens": 0,
    "cost": 0,
    "language": "english",
    "tags": {"plan": "pro", "region": "eu"},
    "intent": "track",
    "topic": "shipping",
    "negative_intent": "impatient",
    "type_of_problem": "late",
    "keywords": ["late", "parcel"],
    "data_sources": ["faq"],
    "emotions": ["anger", "joy"],
    "sentiment": 0.0,
    "user_query": "parcel status",
    "warning_message": "slow",
    "negative_intent_message": "hurry",
    "feedback_actions": [
        {"slug": "comment", "timestamp": "2024-05-27T10:00:01.000001Z", "text": ""},
        {"slug": "rating", "timestamp": "2024-05-27T10:01:00Z", "text": "fine", "value": 4},
    ],
    "history": [["Hi", "Hello"]],
    "messages": [{"role": "user", "content": "Hi"}],
    "traces": [{"cost": 1.5, "nested": {"ok": True, "none": None}}],
    "pii_removed": True,
}


@pytest.fixture
def shop() -> Project:
    return Project.objects.create(name="Shop")


def lines_of(project: Project) -> list[dict[str, Any]]:
    return [json.loads(line) for line in export_lines(project)]


def copy_of(project: Project) -> Project:
    """Another project, into which the export was imported."""
    copy = Project.objects.create(name=str(uuid4()))
    lines = lines_of(project)
    for start in range(0, len(lines), 1000):
        record_interactions(copy, [parse_interaction(line) for line in lines[start : start + 1000]])
    return copy


def export_to(output: str | Path, project: str = "Shop") -> str:
    """Run the command; -> what it wrote to standard error."""
    err = io.StringIO()
    call_command("export_interactions", "--project", project, "--output", str(output), stderr=err)
    return err.getvalue()


def refusal_of(output: str | Path, project: str = "Shop") -> str:
    with pytest.raises(CommandError) as refusal:
        export_to(output, project)
    return str(refusal.value)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Lines


@pytest.mark.django_db
@pytest.mark.parametrize("line", [LINE, EVERYTHING], ids=["the least", "everything"])
def test_a_line_says_what_is_known_and_nothing_else(shop: Project, line: dict[str, Any]):
    dataset.record(shop, [line])

    assert lines_of(shop) == [line]


@pytest.mark.django_db
def test_only_the_project_is_exported(shop: Project):
    dataset.record(Project.objects.create(name="stranger"), [EVERYTHING])

    assert lines_of(shop) == []


@pytest.mark.django_db
def test_the_oldest_come_first_and_none_is_missed_between_portions(shop: Project):
    # Many start at the same moment, so that portions end among them.
    starts = ["2024-05-28", "2024-05-27", "2024-05-29T10:00:00.000001Z"]
    lines = [
        LINE
        | {"id": str(UUID(int=number, version=4)), "input": str(number), "time_start": starts[number % 3]}
        for number in range(750)
    ]
    dataset.record(shop, [line | {"time_end": line["time_start"]} for line in lines])

    exported = lines_of(shop)

    expected = sorted(lines, key=lambda line: (line["time_start"], int(line["input"])))
    assert [line["input"] for line in exported] == [line["input"] for line in expected]


# Round trips


@pytest.mark.django_db
def test_an_export_is_a_valid_import(shop: Project):
    dataset.record(shop)

    copy = copy_of(shop)

    assert stored(copy) == stored(shop)
    assert list(export_lines(copy)) == list(export_lines(shop))


@pytest.mark.django_db
def test_an_export_imported_where_it_came_from_changes_nothing(shop: Project):
    dataset.record(shop, [EVERYTHING])
    before = stored(shop)

    dataset.record(shop, lines_of(shop))

    assert stored(shop) == before


@pytest.mark.django_db
def test_interactions_of_unknown_users_and_ends_are_exported(shop: Project):
    unknown = {"end_user": None, "time_end": None}
    record_interactions(shop, [parse_interaction(LINE).model_copy(update=unknown)])

    assert lines_of(shop) == [{name: value for name, value in LINE.items() if name not in unknown}]


@pytest.mark.django_db
def test_the_deepest_document_is_exported(shop: Project):
    document: list = []
    for _ in range(249):
        document = [document]
    dataset.record(shop, [LINE | {"history": document}])

    assert lines_of(shop)[0]["history"] == document


# Some hold what is masked.
TEXTS = st.text(max_size=20) | st.sampled_from(
    [
        "",
        "\x00",
        "\ud800",
        "Write to ada@example.com.",
        "Call +1 212 555 0100 or ada@example.com!",
        "From 192.0.2.17 with DE89 3704 0044 0532 0130 00",
        "Pay with 4111 1111 1111 1111",
        "[EMAIL] [PHONE]",
    ]
)
WORDS = st.sampled_from(["a", "A", "ß", "ss", "é", "e\u0301", "😀" * 500, " ", "\x00"])
NUMBERS = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(TEXTS, children, max_size=3),
    max_leaves=6,
)
MOMENTS = st.datetimes(
    min_value=datetime(1, 1, 2), max_value=datetime(9999, 11, 1), timezones=st.just(UTC)
).map(datetime.isoformat)
LINES = st.fixed_dictionaries(
    {"end_user": WORDS, "input": TEXTS, "output": TEXTS, "time": MOMENTS},
    optional={
        **dict.fromkeys(("conversation_id", "end_user_group_profile", "topic", "intent", "model"), WORDS),
        **dict.fromkeys(("user_query", "warning_message", "negative_intent_message"), TEXTS),
        **dict.fromkeys(("history", "messages", "traces"), DOCUMENTS),
        "keywords": st.lists(WORDS, max_size=3),
        "tags": st.dictionaries(WORDS, WORDS | NUMBERS | st.booleans() | st.none(), max_size=3),
        "cost": st.integers(0, 10**12) | st.floats(0, 1e12),
        "sentiment": st.floats(-1, 1),
        "feedback_actions": st.lists(
            st.fixed_dictionaries(
                {"slug": st.sampled_from(["thumbs_up", "thumbs_down", "rating", "comment"])},
                optional={"text": TEXTS, "timestamp": MOMENTS},
            ).map(lambda action: {**action, "value": 3}),
            max_size=3,
        ),
    },
)


def item(number: int, line: dict[str, Any]) -> NewInteraction:
    # Without an id and an input of its own a line might be another one sent again.
    fields = {"id": str(UUID(int=number, version=4)), "time_start": line["time"], "time_end": line["time"]}
    return parse_interaction({**line, **fields, "input": f"{number} {line['input']}"})


@pytest.mark.django_db
@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(lines=st.lists(LINES, max_size=4), anonymize=st.booleans())
def test_whatever_was_recorded_an_import_of_its_export_is_the_same(
    lines: list[dict[str, Any]], anonymize: bool
):
    with transaction.atomic():
        project = Project.objects.create(name=str(uuid4()))
        items = [item(number, line) for number, line in enumerate(lines)]
        record_interactions(project, items, anonymize=anonymize)
        # What was stored in clear is masked by the first import.
        project = project if anonymize else copy_of(project)

        copy = copy_of(project)

        assert list(export_lines(copy)) == list(export_lines(project))
        assert by_id(stored(copy)) == by_id(stored(project))
        # The next example starts from nothing.
        transaction.set_rollback(True)


def by_id(rows: list[Row]) -> dict[UUID, Row]:
    return {row["id"]: row for row in rows}


# While others write


@pytest.mark.django_db(transaction=True)
def test_what_is_recorded_during_an_export_is_not_half_in_it(shop: Project):
    old = [
        LINE | {"id": None, "input": f"old {number}", "time_start": f"2024-05-27T10:00:00.{number:06}Z"}
        for number in range(250)
    ]
    dataset.record(shop, old)
    before = list(export_lines(shop))
    lines = export_lines(shop)
    during = [next(lines)]

    in_another_connection(
        lambda: dataset.record(shop, [{**line, "topic": "new", "end_user": "bob"} for line in old[::-1]])
    )
    in_another_connection(lambda: dataset.record(shop, [{**line, "topic": "changed"} for line in old]))

    during += lines
    assert during == before
    assert len(list(export_lines(shop))) == 500


def in_another_connection(act: Callable[[], None]) -> None:
    """Do it to the end in a thread, which has a connection of its own."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


# The command


@pytest.mark.django_db
def test_a_file_is_written_and_the_number_is_told(shop: Project, tmp_path: Path):
    dataset.record(shop)

    assert export_to(tmp_path / "out é.ndjson") == "12 interactions exported\n"

    assert (tmp_path / "out é.ndjson").read_bytes() == b"".join(export_lines(shop))
    assert names_in(tmp_path) == ["out é.ndjson"]


@pytest.mark.django_db
def test_a_project_without_interactions_makes_an_empty_file(shop: Project, tmp_path: Path):
    assert export_to(tmp_path / "out") == "0 interactions exported\n"

    assert (tmp_path / "out").read_bytes() == b""


@pytest.mark.django_db
def test_a_file_appears_only_when_it_is_complete(shop: Project, tmp_path: Path):
    dataset.record(shop)
    path = tmp_path / "out"
    path.write_bytes(b"of yesterday")
    seen = set()

    def look(execute, *query):
        seen.add(path.read_bytes())
        return execute(*query)

    with connection.execute_wrapper(look):
        export_to(path)

    assert seen == {b"of yesterday"}
    assert path.read_bytes() == b"".join(export_lines(shop))


@pytest.mark.django_db
def test_a_failed_export_leaves_everything_as_it_was(shop: Project, tmp_path: Path):
    dataset.record(shop)
    path = tmp_path / "out"
    path.write_bytes(b"of yesterday")

    def fail(execute, sql, *rest):
        if "feedbackaction" in sql:
            raise OperationalError("the database is gone")
        return execute(sql, *rest)

    with connection.execute_wrapper(fail), pytest.raises(OperationalError):
        export_to(path)

    assert path.read_bytes() == b"of yesterday"
    assert names_in(tmp_path) == ["out"]


@pytest.mark.django_db
def test_standard_output_is_a_hyphen(shop: Project, capsysbinary: pytest.CaptureFixture[bytes]):
    dataset.record(shop)

    assert export_to("-") == "12 interactions exported\n"

    assert capsysbinary.readouterr().out == b"".join(export_lines(shop))


@pytest.mark.django_db
def test_a_pipe_is_written_to_and_not_replaced(shop: Project, tmp_path: Path):
    dataset.record(shop)
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDWR)

    export_to(path)

    assert stat.S_ISFIFO(path.stat().st_mode)
    expected = b"".join(export_lines(shop))
    assert os.read(reader, len(expected) + 1) == expected
    os.close(reader)


@pytest.mark.django_db
def test_a_place_that_takes_no_file_is_told(shop: Project, tmp_path: Path):
    nowhere = tmp_path / "missing" / "out"

    assert refusal_of(nowhere) == f"{nowhere}: No such file or directory"
    assert refusal_of(tmp_path) == f"{tmp_path}: Is a directory"
    assert names_in(tmp_path) == []


@pytest.mark.django_db
def test_an_unknown_project_is_refused_before_a_file_is_made(shop: Project, tmp_path: Path):
    assert refusal_of(tmp_path / "out", "Shpo") == "Unknown project 'Shpo'. Known: 'Shop'."

    assert names_in(tmp_path) == []


@pytest.mark.django_db(transaction=True)
def test_an_export_can_be_piped_into_an_import(shop: Project):
    dataset.record(shop)
    copy = Project.objects.create(name="copy")

    exported = processes.run("export_interactions", "--project", "Shop", "--output", "-")
    imported = processes.run("import_interactions", "-", "--project", "copy", stdin=exported.stdout)

    assert (exported.returncode, exported.stderr) == (0, b"12 interactions exported\n")
    assert imported.stdout == b"12 interactions: 12 stored, 0 updated, 0 unchanged\n"
    assert stored(copy) == stored(shop)
