"""Generates the interactions: the same in every run, made by DuckDB from hashes of row numbers.

The result is the yardstick's own storage, laid out as one would by hand: the facts sorted by time,
the labels by dimension and then by interaction, so that a question reads only those it names.
The other databases are filled from it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from interactions.models import DimensionKind, FeedbackType

from .words import (
    DIMENSIONS,
    N_DIMENSIONS,
    N_KEYWORDS,
    N_LABELS,
    N_TAG_VALUES,
    PROJECTS,
    TAG_KEYS,
    dimension_rows,
    label_rows,
)

N_DAYS = 90
# In the middle of an hour, as a server that is asked while it records.
END = datetime(2024, 6, 30, 12, 30, tzinfo=UTC)
START = END - timedelta(days=N_DAYS)
# Interactions of one conversation lie within so long.
CONVERSATION_MINUTES = 20
INTERACTIONS_A_CONVERSATION = 4
INTERACTIONS_A_USER = 50
# Flattens the head of Zipf's law: the busiest user has about half a percent of all interactions.
ZIPF_OFFSET = 20
# Apart from each other by hashing; more than any expression needs.
N_SALTS = 64

_TABLES = """
CREATE TABLE project (id BIGINT, public_id UUID, name VARCHAR, created_at TIMESTAMP, n_sealed INTEGER);
CREATE TABLE dimension (id BIGINT, project_id BIGINT, kind VARCHAR, key VARCHAR);
CREATE TABLE label (id BIGINT, dimension_id BIGINT, value VARCHAR, folded VARCHAR, is_custom BOOLEAN);
CREATE TABLE interactionlabel (interaction_id BIGINT, dimension_id BIGINT, label_id BIGINT);
CREATE TEMP MACRO share(number, salt) AS
    (hash(number * {n_salts} + salt) >> 11)::DOUBLE / 9007199254740992;
CREATE TEMP MACRO pick(number, salt, count) AS floor(share(number, salt) * count)::BIGINT;
-- The first of the values are the most frequent.
CREATE TEMP MACRO skewed(number, salt, count) AS floor(share(number, salt) ** 2 * count)::BIGINT;
"""

_INTERACTIONS = """
CREATE TABLE interaction AS
WITH numbered AS (
    SELECT i, i // {block} * {conversations} + pick(i, 1, {conversations}) AS conversation
    FROM range({n}) AS numbers(i)
), placed AS (
    SELECT *, if(share(conversation, 2) < 0.7, 0, 1) AS place,
        TIMESTAMP '{start}' + to_microseconds(
            floor((i + share(i, 3)) * {microseconds} / {n})::BIGINT
        ) AS started_at,
        if(share(i, 4) < 0.03, NULL, 20000 + floor(-ln(1 - share(i, 5)) * 1800000)::BIGINT) AS latency_us,
        share(i, 6) < 0.15 AS has_feedback,
        pick(i, 7, 4) AS feedback,
        if(share(i, 8) < 0.1, pick(i, 9, 4), NULL) AS more_feedback
    FROM numbered
), peopled AS (
    SELECT *, CASE place WHEN 0 THEN {users_of_large} ELSE {users_of_small} END AS n_users FROM placed
)
SELECT
    i + 1 AS id,
    md5(i::VARCHAR)::UUID AS public_id,
    (place + 1)::BIGINT AS project_id,
    if(share(conversation, 10) < 0.01, NULL, place * {users_of_large} + 1
        + least(n_users - 1, floor({zipf} * ((1 + n_users / {zipf}) ** share(conversation, 11) - 1))::BIGINT)
    )::BIGINT AS end_user_id,
    if(share(conversation, 12) < 0.03, NULL, conversation + 1) AS conversation_id,
    started_at,
    started_at + to_microseconds(latency_us) AS ended_at,
    latency_us,
    if(share(i, 13) < 0.04, NULL, 20 + floor(share(i, 14) ** 3 * 40000)::BIGINT) AS cost_microusd,
    if(share(i, 15) < 0.04, NULL, 5 + floor(share(i, 16) ** 2 * 3000))::INTEGER AS input_tokens,
    if(share(i, 15) < 0.04, NULL, 1 + floor(share(i, 17) ** 2 * 1500))::INTEGER AS output_tokens,
    if(share(i, 18) < 0.3, NULL, round(share(i, 19) * 2 - 1, 3)) AS sentiment,
    share(i, 20) < 0.02 AS has_pii,
    {labels},
    {counters}
FROM peopled
"""

# column: (share without a value, salt). The salts are those the facts' own expressions leave.
_LABEL_COLUMNS = {
    DimensionKind.INTENT: (0.1, 30),
    DimensionKind.NEGATIVE_INTENT: (0.9, 32),
    DimensionKind.TOPIC: (0.02, 34),
    DimensionKind.TYPE_OF_PROBLEM: (0.92, 36),
    DimensionKind.LANGUAGE: (0.01, 38),
    DimensionKind.MODEL: (0.005, 40),
}

_END_USERS = """
CREATE TABLE enduser AS
SELECT DISTINCT ON (id) end_user_id AS id, project_id, 'user ' || end_user_id AS external_id,
    if(share(end_user_id, 42) < 0.1, NULL,
        {first_label} + (project_id - 1) * {n_labels} + skewed(end_user_id, 43, {n_cohorts})
    )::BIGINT AS group_profile_id
FROM interaction WHERE end_user_id IS NOT NULL ORDER BY id
"""
_CONVERSATIONS = """
CREATE TABLE conversation AS
SELECT DISTINCT conversation_id AS id, project_id, 'conversation ' || conversation_id AS external_id
FROM interaction WHERE conversation_id IS NOT NULL ORDER BY id
"""
_LABELS = """
INSERT INTO interactionlabel
SELECT id, {dimension_id}, unnest({label_ids})
FROM interaction WHERE project_id = {project_id} {condition} ORDER BY id
"""


def generate(path: Path, n_interactions: int) -> None:
    """Make the DuckDB file `path` with `n_interactions` interactions; refuses to replace one."""
    with duckdb.connect(path) as database:
        database.execute(_TABLES.format(n_salts=N_SALTS))
        created_at = START.replace(tzinfo=None)
        database.executemany(
            "INSERT INTO project VALUES (?, md5(?)::UUID, ?, ?, 0)",
            [(id, name, name, created_at) for id, name in enumerate(PROJECTS, start=1)],
        )
        for table, rows in (("dimension", dimension_rows()), ("label", label_rows())):
            # Column by column: row by row takes seconds.
            columns = [list(column) for column in zip(*rows, strict=True)]
            values = ", ".join(["unnest(?)"] * len(columns))
            database.execute(f"INSERT INTO {table} SELECT {values}", columns)
        database.execute(_interactions_statement(n_interactions))
        cohort = DIMENSIONS[DimensionKind.COHORT, ""]
        database.execute(
            _END_USERS.format(first_label=cohort.first_label_id, n_labels=N_LABELS, n_cohorts=cohort.n_labels)
        )
        database.execute(_CONVERSATIONS)
        for project_id in range(1, len(PROJECTS) + 1):
            _insert_labels(database, project_id)


def _interactions_statement(n_interactions: int) -> str:
    n_blocks = N_DAYS * 24 * 60 // CONVERSATION_MINUTES
    block = max(INTERACTIONS_A_CONVERSATION, n_interactions // n_blocks)
    n_users = max(10, n_interactions // INTERACTIONS_A_USER)
    users_of_large = n_users * 7 // 10
    return _INTERACTIONS.format(
        n=n_interactions,
        block=block,
        conversations=block // INTERACTIONS_A_CONVERSATION,
        start=START.replace(tzinfo=None),
        microseconds=(END - START) // timedelta(microseconds=1),
        users_of_large=users_of_large,
        users_of_small=n_users - users_of_large,
        zipf=ZIPF_OFFSET,
        labels=", ".join(_label_column(kind) for kind in _LABEL_COLUMNS),
        counters=", ".join(_counter(number, type) for number, type in enumerate(FeedbackType)),
    )


def _label_column(kind: DimensionKind) -> str:
    share_without, salt = _LABEL_COLUMNS[kind]
    dimension = DIMENSIONS[kind, ""]
    label_id = (
        f"{dimension.first_label_id} + place * {N_LABELS} + skewed(i, {salt + 1}, {dimension.n_labels})"
    )
    return f"if(share(i, {salt}) < {share_without}, NULL, {label_id})::BIGINT AS {kind.value}_id"


def _counter(number: int, feedback_type: FeedbackType) -> str:
    # One action of the first type, and for some interactions another, of any type.
    actions = f"(feedback = {number})::SMALLINT + coalesce(more_feedback = {number}, false)::SMALLINT"
    return f"if(has_feedback, {actions}, 0)::SMALLINT AS {feedback_type.counter}"


def _insert_labels(database: duckdb.DuckDBPyConnection, project_id: int) -> None:
    def insert(kind: DimensionKind, key: str, label_ids: str, condition: str = "") -> None:
        database.execute(
            _LABELS.format(
                dimension_id=DIMENSIONS[kind, key].id + (project_id - 1) * N_DIMENSIONS,
                label_ids=label_ids,
                project_id=project_id,
                condition=condition,
            )
        )

    def first_label(kind: DimensionKind, key: str = "") -> int:
        return DIMENSIONS[kind, key].first_label_id + (project_id - 1) * N_LABELS

    # Each from a third of its own of the keywords, so that no two are the same.
    keywords = (
        f"{first_label(DimensionKind.KEYWORD)} + {third} + 3 * skewed(id, {44 + third}, "
        f"{(N_KEYWORDS - third + 2) // 3})"
        for third in range(3)
    )
    insert(DimensionKind.KEYWORD, "", f"list_sort([{', '.join(keywords)}])")
    for salt, key in enumerate(TAG_KEYS, start=48):
        label_id = f"{first_label(DimensionKind.TAG, key)} + skewed(id, {salt}, {N_TAG_VALUES})"
        insert(DimensionKind.TAG, key, f"[{label_id}]")
    # One label for each type that the interaction has, as ingestion keeps them.
    types = ", ".join(
        f"if({type.counter} > 0, {first_label(DimensionKind.USER_FEEDBACK) + number}, NULL)"
        for number, type in enumerate(FeedbackType)
    )
    has_any = " + ".join(type.counter for type in FeedbackType)
    label_ids = f"list_filter([{types}], lambda label_id: label_id IS NOT NULL)"
    insert(DimensionKind.USER_FEEDBACK, "", label_ids, f"AND {has_any} > 0")
