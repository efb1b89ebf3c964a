"""What Schemathesis must know besides the document; it loads this module into its own process."""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from typing import Any

import schemathesis

# Where the server refuses bodies that the schema allows: rules across fields, and of what is stored
# already, which no schema can say.
RULES = {
    ("body", "time_range"),
    ("body", "additional_group_bys"),
    ("body", "group_by_groups"),
    ("body", "granularity"),
    # Names are free, and hold no control characters.
    ("body", "name"),
    ("body", "created_by"),
    # An interaction ends after it starts and not much later, and a rating has a value.
    ("body", "interaction"),
    ("body", "body"),
    ("body", "conversation"),
    ("body", "action"),
    ("body", "feedback"),
    # A user is listed once, and eligible from a day to the same or a later one.
    ("body", "users"),
    # A week at most, that ends after it begins.
    ("query", "date_lt"),
    # A key is used for one body.
    ("header", "idempotency-key"),
}
RANGES = (("start", "end"), ("time_start", "time_end"), ("active_from", "active_to"))


@schemathesis.hook
def map_body(context: schemathesis.HookContext, body: Any) -> Any:
    """Let most ranges begin before they end, so that most bodies get past the rules."""
    if isinstance(body, list):
        return [map_body(context, one) for one in body]
    if not isinstance(body, dict):
        return body
    body = {name: map_body(context, value) for name, value in body.items()}
    for first, last in RANGES:
        match body.get(first), body.get(last):
            case str(start), str(end) if start > end:
                body |= {first: end, last: start}
    return body


@schemathesis.hook
def filter_body(context: schemathesis.HookContext, body: Any) -> bool:
    """Leave out numbers in quotes: the server takes them, and the document does not say so."""
    numbers = [body.get("limit"), body.get("offset")] if isinstance(body, dict) else []
    return not any(isinstance(number, str) and number.lstrip("+-").isdigit() for number in numbers)


@schemathesis.check
def bodies_that_fit_are_accepted(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """200 for what fits the schema, 404 for what is not there, or 422 for the rules alone."""
    if case.meta.generation.mode.is_negative or response.status_code in (200, 404):
        return
    assert response.status_code == 422, response.text
    for error in response.json()["detail"]:
        place, *loc = error["loc"]
        sent = case.query if place == "query" else case.body
        if error["type"] == "datetime_parsing" and lies_before_year_1(sent, loc):
            continue
        # Messages must have one of the user, when there is no other input.
        if error["type"] == "missing" and error["loc"][-1] == "messages":
            continue
        assert error["type"] == "value_error", error
        assert tuple(error["loc"][:2]) in RULES, error


def lies_before_year_1(sent: Any, loc: Sequence[str | int]) -> bool:
    """Whether a date-time is well formed, and its offset takes it out of the calendar in UTC."""
    value = reduce(lambda owner, key: owner[key], loc, sent)
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=None) - datetime.min < moment.utcoffset()
