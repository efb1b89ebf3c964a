"""What holds for every endpoint, in words: part of the document and of the page made from it."""

from typing import NamedTuple


class Convention(NamedTuple):
    """text: one paragraph, with `code` in backticks."""

    title: str
    text: str


CONVENTIONS = (
    Convention(
        "Keys",
        "Every request but a probe's carries an API key: `Authorization: Bearer <key>`. `Authorization: "
        "Api-Key <key>` and `X-API-Key: <key>` will do, too. A key opens one project, and nothing is seen or "
        "counted but that project's interactions. Keys are made in the admin or by `manage.py "
        "create_api_key`. A key has scopes: `query` asks, `ingest` records, `manage` deletes interactions, "
        "makes projects and revokes keys; a new key has the first two.",
    ),
    Convention(
        "Times",
        "Date-times are ISO 8601, such as `2024-05-30T14:00:00Z`, with any offset. Without an offset they "
        "are UTC; a bare date is the midnight it begins with. A range is half open: it holds `start` and not "
        "`end`. Days, weeks and months are those of UTC.",
    ),
    Convention(
        "Null",
        "In requests, null and absent mean the same. In answers, a number that does not exist, such as an "
        "average over nothing, is left out of its row; the details of an interaction or conversation say "
        "null instead.",
    ),
    Convention(
        "Units",
        "Money is whole micro-dollars (1e-6 USD) and durations are seconds. Counts of distinct users and "
        "intents are exact.",
    ),
    Convention(
        "Pages",
        "`limit` and `offset` choose the page, and `total` counts what is on all pages. The order is "
        "total, so pages neither overlap nor leave anything out.",
    ),
    Convention(
        "Refusals",
        "Errors are JSON with a `detail`. What is wrong with a body is listed completely, each with its "
        "place; an unknown name is refused, and answered with the nearest known one. Calls that record "
        "ignore unknown fields instead, because clients send many.",
    ),
    Convention(
        "Bodies",
        "Bodies are JSON, whatever the `Content-Type` says, and may be packed: `Content-Encoding: gzip`.",
    ),
)
