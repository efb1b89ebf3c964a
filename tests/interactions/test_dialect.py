"""What stands in for the database differences: the same rows, moments and orders on both."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from django.db import DEFAULT_DB_ALIAS, Error, IntegrityError, connection, transaction
from django.db.models import F

from interactions import dialect
from interactions.models import Dimension, EndUser, Interaction, InteractionText, Label, Project

NOON = datetime(2024, 5, 27, 12, tzinfo=UTC)
USER_COLUMNS = ("id", "project_id", "external_id", "group_profile_id")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Both ends of the calendar, of a leap year, of the epoch, of a week and of a microsecond.
MOMENTS = [
    datetime(*parts, tzinfo=UTC)
    for parts in (
        (1, 1, 1),
        (1, 1, 1, 0, 0, 0, 1),
        (1, 12, 31, 23, 59, 59, 999_999),
        (999, 12, 31, 23, 59, 59, 999_999),
        (1969, 12, 31, 23, 59, 59, 999_999),
        (1970, 1, 1),
        (2021, 1, 1),
        (2023, 12, 31, 23, 59, 59, 999_999),
        (2024, 1, 1),
        (2024, 2, 29, 12, 30, 15, 120_000),
        (2024, 3, 31, 1, 30),
        (2024, 5, 26, 23, 59, 59, 999_999),
        (2024, 5, 27),
        (2024, 5, 27, 0, 0, 0, 1),
        (2024, 12, 30),
        (9999, 12, 26, 23, 59, 59, 999_999),
        (9999, 12, 31, 23, 59, 59, 999_999),
    )
]


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="shop")


def in_another_connection(act: Callable[[], Any]) -> Any:
    """Do it to the end in a thread, which has a connection of its own; -> what it returned."""
    results = []

    def run() -> None:
        try:
            results.append(act())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return results[0]


def users() -> list[str]:
    return list(EndUser.objects.order_by("id").values_list("external_id", flat=True))


# Keys


@pytest.mark.django_db
def test_reserved_keys_are_free_and_as_many_as_asked_for(project: Project):
    taken = EndUser.objects.create(project=project, external_id="ada").pk

    with transaction.atomic():
        keys = dialect.reserve_ids(DEFAULT_DB_ALIAS, EndUser, 3)
        EndUser.objects.bulk_create(EndUser(pk=pk, project=project, external_id=str(pk)) for pk in keys)

    assert len(set(keys)) == 3
    assert taken not in keys


@pytest.mark.django_db
def test_no_keys_are_reserved_when_none_are_asked_for():
    with transaction.atomic():
        assert list(dialect.reserve_ids(DEFAULT_DB_ALIAS, EndUser, 0)) == []


@pytest.mark.django_db
def test_keys_of_deleted_rows_are_not_given_out_again(project: Project):
    user = EndUser.objects.create(project=project, external_id="ada")
    deleted = user.pk
    user.delete()

    with transaction.atomic():
        assert deleted not in dialect.reserve_ids(DEFAULT_DB_ALIAS, EndUser, 10)


@pytest.mark.django_db
def test_rows_added_otherwise_come_after_reserved_ones(project: Project):
    with transaction.atomic():
        keys = list(dialect.reserve_ids(DEFAULT_DB_ALIAS, EndUser, 5))
        EndUser.objects.bulk_create(EndUser(pk=pk, project=project, external_id=str(pk)) for pk in keys)

    assert EndUser.objects.create(project=project, external_id="ada").pk > max(keys)


# Rows


@pytest.mark.django_db
def test_rows_are_stored_as_the_orm_stores_them(project: Project):
    moments = [NOON, NOON + timedelta(microseconds=1), NOON.astimezone(timezone(timedelta(hours=9)))]
    nulls = ["ended_at", "latency_us", "cost_microusd", "sentiment", "end_user_id"]
    names = [*(f.attname for f in Interaction._meta.concrete_fields if f.attname != "id"), "id"]
    given = {
        "public_id": UUID("90dec857-9a0b-53b5-bff3-2ee0a6afdd35"),
        "project_id": project.pk,
        "sentiment": -0.1,
        "has_pii": True,
        "cost_microusd": 10**12,
        "latency_us": 0,
    }
    for pk, moment in enumerate(moments, 1):
        row = given | {"started_at": moment, "ended_at": moment}
        if pk == 1:
            row |= dict.fromkeys(nulls)
        row["public_id"] = UUID(int=given["public_id"].int + pk)
        Interaction.objects.create(pk=pk, **row)
    by_orm = raw_rows(Interaction)
    rows = [[getattr(row, name) for name in names] for row in Interaction.objects.all()]
    Interaction.objects.all().delete()

    dialect.insert_rows(DEFAULT_DB_ALIAS, Interaction, names, rows)

    assert raw_rows(Interaction) == by_orm


@pytest.mark.django_db
@pytest.mark.parametrize(
    "text",
    ["", "\t\n\r\\N\\.\\", "'\"%s%%(a)s$1?", "😀 e\u0301 \ufffe", "x" * 5_000_000],
    ids=["empty", "what COPY escapes", "marks", "beyond ASCII", "five megabytes"],
)
def test_texts_and_documents_come_back_as_they_were(project: Project, text: str):
    interaction = Interaction.objects.create(project=project, started_at=NOON)
    document = [text, {text: [1, 1.5, True, None]}]
    names = ["interaction_id", "fingerprint", "input", "output", "history", "messages", "traces"]

    dialect.insert_rows(
        DEFAULT_DB_ALIAS, InteractionText, names, [[interaction.pk, UUID(int=1), text, "", document, [], {}]]
    )

    row = InteractionText.objects.get()
    assert (row.input, row.history, row.messages, row.traces) == (text, document, [], {})
    assert row.user_query is None


@pytest.mark.django_db
def test_no_rows_are_no_mistake():
    dialect.insert_rows(DEFAULT_DB_ALIAS, EndUser, USER_COLUMNS, [])

    assert users() == []


@pytest.mark.django_db
def test_one_refused_row_refuses_all(project: Project):
    rows = [[pk, project.pk, "ada", None] for pk in (1, 2)]

    with pytest.raises(IntegrityError), transaction.atomic():
        dialect.insert_rows(DEFAULT_DB_ALIAS, EndUser, USER_COLUMNS, rows)

    assert users() == []


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["ada", "\t\n\r\\N\\.\\", "'\"%s%%(a)s$1?", "😀 e\u0301 \ufffe", "x" * 500])
def test_new_rows_are_told_and_others_passed_over(project: Project, text: str):
    there = EndUser.objects.create(project=project, external_id="there")
    names = ("project_id", "external_id")
    rows = [(project.pk, "there"), (project.pk, text), (project.pk, text)]

    told = dialect.insert_new_rows(DEFAULT_DB_ALIAS, EndUser, names, rows, named_by=("external_id",))

    new = EndUser.objects.exclude(pk=there.pk).get()
    assert (new.external_id, new.project, new.group_profile) == (text, project, None)
    assert told == [(text, new.pk)]


@pytest.mark.django_db
def test_new_rows_keep_their_order_and_their_booleans(project: Project):
    tag = Dimension.objects.create(project=project, kind="tag", key="plan")
    names = ("dimension_id", "value", "folded", "is_custom")
    rows = [(tag.pk, str(number), "ß".casefold(), number % 2 == 0) for number in range(1500)]

    dialect.insert_new_rows(DEFAULT_DB_ALIAS, Label, names, rows, named_by=("value",))

    assert list(Label.objects.order_by("pk").values_list("dimension_id", "value", "folded", "is_custom")) == [
        (tag.pk, str(number), "ss", number % 2 == 0) for number in range(1500)
    ]


@pytest.mark.django_db(transaction=True)
def test_writers_on_sqlite_stand_in_line():
    if connection.vendor != "sqlite":
        # Here they write side by side, or wait for the rows that they share.
        return
    with open(f"{connection.settings_dict['NAME']}-writers", "wb") as another:
        with dialect.turn_to_write(DEFAULT_DB_ALIAS), pytest.raises(BlockingIOError):
            fcntl.flock(another, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(another, fcntl.LOCK_EX | fcntl.LOCK_NB)


def raw_rows(model: type) -> list[tuple]:
    """The rows as the driver gives them, before Django converts anything."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {model._meta.db_table} ORDER BY id")
        return cursor.fetchall()


# Snapshots


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_does_not_see_what_is_written_meanwhile_and_keeps_nobody_from_writing(project: Project):
    def write(name: str) -> None:
        EndUser.objects.create(project=project, external_id=name)

    write("before")
    with dialect.snapshot(DEFAULT_DB_ALIAS):
        assert users() == ["before"]
        in_another_connection(lambda: write("meanwhile"))
        assert users() == ["before"]

    assert users() == ["before", "meanwhile"]
    write("after")
    assert in_another_connection(users) == ["before", "meanwhile", "after"]


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_waits_for_nobody_who_writes(project: Project):
    with transaction.atomic():
        EndUser.objects.create(project=project, external_id="uncommitted")

        def look() -> list[str]:
            with dialect.snapshot(DEFAULT_DB_ALIAS):
                return users()

        assert in_another_connection(look) == []


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_ends_with_an_error_inside(project: Project):
    @dialect.snapshot(DEFAULT_DB_ALIAS)
    def fail() -> float:
        return 1 / EndUser.objects.count()

    with pytest.raises(ZeroDivisionError):
        fail()

    with transaction.atomic():
        EndUser.objects.create(project=project, external_id="ada")
    assert in_another_connection(users) == ["ada"]


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_on_a_lost_connection_leaves_room_for_a_new_one():
    @dialect.snapshot(DEFAULT_DB_ALIAS)
    def lose_it() -> None:
        connection.connection.close()
        users()

    with pytest.raises(Error):
        lose_it()

    assert users() == []


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_that_cannot_begin_raises_as_any_query_does():
    users()
    connection.connection.close()

    with pytest.raises(Error), dialect.snapshot(DEFAULT_DB_ALIAS):
        pass

    connection.close()


@pytest.mark.django_db
def test_a_snapshot_inside_a_transaction_joins_it(project: Project):
    with transaction.atomic():
        with dialect.snapshot(DEFAULT_DB_ALIAS):
            EndUser.objects.create(project=project, external_id="ada")
        assert users() == ["ada"]


# Memory


def cached() -> list[int]:
    """What the connection may keep in memory of the database: mapped, in bytes, and copied, in -KB."""
    if connection.vendor != "sqlite":
        return [0, 0]
    with connection.cursor() as cursor:
        return [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("mmap_size", "cache_size")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("bounded", [dialect.read_once, dialect.write_many])
def test_little_of_the_database_is_in_memory_and_as_much_as_ever_afterwards(bounded: Callable):
    usual = cached()

    with suppress(LookupError), bounded(DEFAULT_DB_ALIAS):
        mapped_bytes, cache = cached()
        assert mapped_bytes == 0
        assert -20_000 < cache <= 0
        raise LookupError

    assert cached() == usual


# Expressions


def start_of_week(moment: datetime) -> date:
    return moment.date() - timedelta(days=moment.weekday())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("expression", "meaning"),
    [
        (dialect.StartOfHour, lambda moment: moment.replace(minute=0, second=0, microsecond=0)),
        (dialect.StartOfDay, lambda moment: moment.date()),
        (dialect.StartOfWeek, start_of_week),
        (dialect.StartOfMonth, lambda moment: moment.date().replace(day=1)),
        (dialect.MicrosecondsSinceEpoch, lambda moment: (moment - EPOCH) // timedelta(microseconds=1)),
    ],
    ids=["hour", "day", "week", "month", "microseconds"],
)
def test_moments_are_cut_as_python_cuts_them(project: Project, expression: Any, meaning: Callable):
    Interaction.objects.bulk_create(Interaction(project=project, started_at=moment) for moment in MOMENTS)

    rows = Interaction.objects.annotate(found=expression("started_at")).order_by("started_at")

    assert list(rows.values_list("found", flat=True)) == [meaning(moment) for moment in MOMENTS]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (NOON, NOON + timedelta(hours=11), True),
        (NOON, NOON + timedelta(hours=12), False),
        (NOON, NOON - timedelta(hours=12), True),
        (NOON, NOON - timedelta(hours=12, microseconds=1), False),
        (NOON, NOON + timedelta(days=30), False),
    ],
)
def test_days_are_days_of_utc(project: Project, first: datetime, second: datetime, expected: bool):
    Interaction.objects.create(
        project=project, started_at=min(first, second), ended_at=max(first, second), latency_us=0
    )

    same_day = Interaction.objects.annotate(same=dialect.SameDay(F("started_at"), F("ended_at")))

    assert same_day.get().same is expected


@pytest.mark.django_db
def test_text_is_ordered_by_code_point(project: Project):
    words = ["", "A", "B", "Z", "_", "a", "b", "z", "É", "é", "ﬀ", "\ufffd", "😀"]
    EndUser.objects.bulk_create(EndUser(project=project, external_id=f"={word}") for word in reversed(words))

    rows = EndUser.objects.order_by(dialect.by_code_point("external_id"))

    assert list(rows.values_list("external_id", flat=True)) == sorted(f"={word}" for word in words)
