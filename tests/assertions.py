"""Assertions on whole answers and whole refusals, with messages that say what differs."""

from __future__ import annotations

import difflib
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse

Row = Mapping[str, Any]


def assert_rows(response: HttpResponse, expected: Sequence[Row]) -> None:
    """Exactly these rows, in this order, on one page."""
    answer = _json_of(response, status=200)
    _assert_equal([answer["total"], *answer["data"]], [len(expected), *expected])


def assert_refused(response: HttpResponse, errors: Sequence[Mapping[str, Any]]) -> None:
    """422 with exactly these errors: [{"loc": ["body", "limit"], "msg": "...", "type": "missing"}, ...]."""
    _assert_equal(_json_of(response, status=422), {"detail": errors})


def assert_detail(response: HttpResponse, status: int, detail: str) -> None:
    """An error other than 422: this status, and this sentence alone."""
    _assert_equal(_json_of(response, status=status), {"detail": detail})


def assert_same_answer(got: Mapping[str, Any], expected: Sequence[Sequence[Row]], request: Row) -> None:
    """Hold a page of an aggregate to what `tests.reference.answer` gives, to the last digit.

    Rows that tie in the ordering may come in any order, also when the edge of the page cuts
    between them. Everything else is compared exactly: 1 is not 1.0, and neither is true.
    """
    differences = _envelope_differences(got, expected, request)
    if not differences:
        differences = _row_differences(got["data"], expected, request["offset"])
    assert not differences, "\n".join([*differences, f"request: {json.dumps(request, ensure_ascii=False)}"])


def _envelope_differences(
    got: Mapping[str, Any], expected: Sequence[Sequence[Row]], request: Row
) -> list[str]:
    total, offset, limit = sum(map(len, expected)), request["offset"], request["limit"]
    wanted = {"total": total, "offset": offset, "limit": limit}
    found = {key: value for key, value in got.items() if key != "data"}
    differences = [] if _exact(found) == _exact(wanted) else [f"envelope {found} instead of {wanted}"]
    n_rows = len(range(total)[offset : offset + limit])
    if len(got["data"]) != n_rows:
        differences.append(f"{len(got['data'])} rows instead of {n_rows}: {_names_of(got['data'])}")
    return differences


def _row_differences(rows: Sequence[Row], expected: Sequence[Sequence[Row]], offset: int) -> list[str]:
    places = list(itertools.chain.from_iterable([ties] * len(ties) for ties in expected))
    wanted = {_name_of(row): row for ties in expected for row in ties}
    differences = []
    for place, (row, ties) in enumerate(zip(rows, places[offset:], strict=False), start=offset):
        name = _name_of(row)
        if name not in wanted:
            differences.append(f"row {place} {name} is not one of {_names_of(wanted.values())}")
        elif _exact(row) != _exact(wanted[name]):
            differences.append(f"row {place} {name}: {_field_differences(row, wanted[name])}")
        elif wanted[name] not in ties:
            differences.append(f"row {place} is {name}, where the order has {_names_of(ties)}")
    names = [_name_of(row) for row in rows]
    differences += [
        f"{name} comes twice" for name in sorted({name for name in names if names.count(name) > 1})
    ]
    return differences


def _field_differences(row: Row, wanted: Row) -> str:
    return ", ".join(
        f"{field} {row.get(field, 'left out')!r} instead of {wanted.get(field, 'left out')!r}"
        for field in {**wanted, **row}
        if _exact(row.get(field, "left out")) != _exact(wanted.get(field, "left out"))
    )


def _exact(value: Any) -> str:
    # As text, numbers are equal only when their types and all their digits are.
    return json.dumps(value, sort_keys=True)


def _name_of(row: Row) -> str:
    return json.dumps([row.get("group_name"), *row.get("additional_groups", [])], ensure_ascii=False)


def _names_of(rows: Sequence[Row]) -> str:
    return ", ".join(map(_name_of, rows)) or "nothing"


def _json_of(response: HttpResponse, *, status: int) -> Any:
    body = response.content.decode()
    assert response.status_code == status, f"{response.status_code} instead of {status}: {body[:2000]}"
    return json.loads(body)


def _assert_equal(got: Any, expected: Any) -> None:
    texts = [
        json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).splitlines()
        for value in (expected, got)
    ]
    assert texts[0] == texts[1], "\n".join(
        difflib.unified_diff(*texts, fromfile="expected", tofile="got", lineterm="")
    )
