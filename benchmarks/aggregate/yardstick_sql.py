"""What the yardstick's SQL is put together from.

The statements are those a competent person would write for DuckDB: groups by id, the number of
groups by a window function, names joined to the page alone. What the page's order does not need and
is dear to compute, distinct counts and retention, is computed for the page's groups alone.
`{window}` stands for the project's interactions in the range.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .words import DIMENSIONS

N = "count(*) AS n_interactions"
USERS = "count(DISTINCT end_user_id) AS n_users"
COST = "coalesce(sum(cost_microusd), 0)::BIGINT AS cost"
LATENCY = "sum(latency_us) / (count(latency_us) * 1000000) AS latency_seconds"
INTENTS = "count(DISTINCT intent_id) AS n_intents"
_TYPES = ("positive_implicit", "positive_explicit", "negative_implicit", "negative_explicit")
FEEDBACK = ", ".join(
    (
        *(f"coalesce(sum(n_{type}), 0)::BIGINT AS n_{type}_user_feedback" for type in _TYPES),
        f"coalesce(sum({' + '.join(f'n_{type}' for type in _TYPES)}), 0)::BIGINT AS n_feedback",
    )
)
# Those of the seven default variables that are sums.
_DEFAULT_SUMS = ", ".join((N, FEEDBACK, COST, LATENCY))
IS_RETURNING = "min(started_at)::DATE <> max(started_at)::DATE AS is_returning"

LABELLED = "interaction JOIN interactionlabel ON interaction_id = id"
MOST_FIRST = "n_interactions DESC"


def label_ids(kind: str, values: Iterable[str], key: str = "") -> str:
    """-> "(17, 18)": the first project's labels."""
    dimension = DIMENSIONS[kind, key]
    places = [dimension.first_label_id + dimension.values.index(value) for value in values]
    return f"({', '.join(map(str, places))})"


def of_dimension(kind: str, key: str = "") -> str:
    return f"dimension_id = {DIMENSIONS[kind, key].id}"


def has_label(kind: str, values: Sequence[str], key: str = "") -> str:
    """A condition on interactions, by a semi-join."""
    return (
        f"id IN (SELECT interaction_id FROM interactionlabel WHERE {of_dimension(kind, key)}"
        f" AND label_id IN {label_ids(kind, values, key)})"
    )


def total_with_retention() -> str:
    """The default variables of everything: one pass by user, which was faster than counting distinct ones."""
    sums = ", ".join(f"sum(n_{type}) AS n_{type}" for type in _TYPES)
    return f"""
        WITH users AS (
            SELECT end_user_id, count(*) AS n, {sums}, sum(cost_microusd) AS cost_microusd,
                sum(latency_us) AS latency_us, count(latency_us) AS n_latencies, {IS_RETURNING}
            FROM interaction WHERE {{window}} GROUP BY end_user_id
        )
        SELECT 'total' AS group_name, []::VARCHAR[] AS additional_groups,
            coalesce(sum(n), 0)::BIGINT AS n_interactions, count(end_user_id) AS n_users, {FEEDBACK}, {COST},
            sum(latency_us) / (sum(n_latencies) * 1000000) AS latency_seconds,
            (SELECT {INTENTS} FROM interaction WHERE {{window}}) AS n_intents,
            count(*) FILTER (is_returning AND end_user_id IS NOT NULL) / nullif(count(end_user_id), 0)
                AS retention
        FROM users"""


def cohorts_by_users() -> str:
    """Feedback by cohort, those of the most users first: users are summed up before they are looked up."""
    sums = ", ".join(f"sum(n_{type}) AS n_{type}" for type in _TYPES)
    order = "n_users DESC"
    groups = f"""
        WITH users AS (
            SELECT end_user_id, {sums} FROM interaction WHERE {{window}} GROUP BY end_user_id
        )
        SELECT group_profile_id AS g0, count(*) AS n_users, {FEEDBACK}, count(*) OVER () AS total
        FROM users JOIN enduser ON enduser.id = end_user_id
        WHERE g0 IS NOT NULL GROUP BY g0 ORDER BY {_order(order, 0)} LIMIT 10"""
    return named(groups, "label", order=order)


def feedback_by_counters() -> str:
    """By type of feedback, from the counters: less to read than the labels."""
    first_label = DIMENSIONS["user_feedback", ""].first_label_id
    labels = ", ".join(
        f"if(n_{type} > 0, {first_label + number}, NULL)" for number, type in enumerate(_TYPES)
    )
    groups = f"""
        WITH typed AS (
            SELECT end_user_id, unnest([{labels}]) AS g0 FROM interaction
            WHERE {{window}} AND {" + ".join(f"n_{type}" for type in _TYPES)} > 0
        )
        SELECT g0, {N}, {USERS}, count(*) OVER () AS total
        FROM typed WHERE g0 IS NOT NULL GROUP BY g0 ORDER BY {_order(MOST_FIRST, 0)} LIMIT 10"""
    return named(groups, "label")


def page(
    group: str,
    metrics: str,
    *,
    source: str = "interaction",
    where: str = "",
    more_groups: Sequence[str] = (),
    order: str = MOST_FIRST,
    limit: int = 10,
) -> str:
    """The page's groups, by value: g0, g1, ..., the metrics, and the number of all groups."""
    groups = ", ".join(f"{value} AS g{number}" for number, value in enumerate((group, *more_groups)))
    return f"""
        SELECT {groups}, {metrics}, count(*) OVER () AS total
        FROM {source} WHERE {{window}} AND g0 IS NOT NULL {f"AND {where}" if where else ""}
        GROUP BY ALL ORDER BY {_order(order, len(more_groups))} LIMIT {limit}"""


def page_with_distinct(
    group: str, sums: str, distinct: str, *, source: str = "interaction", where: str = ""
) -> str:
    """The page by its sums, and then what is counted `distinct` in its groups."""
    return f"""
        WITH page AS MATERIALIZED ({page(group, sums, source=source, where=where)}), counted AS (
            SELECT {group} AS g0, {distinct} FROM {source}
            WHERE {{window}} AND g0 IN (SELECT g0 FROM page) {f"AND {where}" if where else ""} GROUP BY g0
        )
        SELECT page.*, counted.* EXCLUDE (g0) FROM page JOIN counted USING (g0)"""


def defaults_by(column: str) -> str:
    """The default variables. Summing up by user gives two of them, for the page's groups."""
    groups = f"""
        WITH page AS MATERIALIZED ({page(column, _DEFAULT_SUMS)}), users AS (
            SELECT {column} AS g0, {IS_RETURNING} FROM interaction
            WHERE {{window}} AND end_user_id IS NOT NULL AND g0 IN (SELECT g0 FROM page)
            GROUP BY g0, end_user_id
        ), retained AS (
            SELECT g0, count(*) AS n_users, count(*) FILTER (is_returning) / count(*) AS retention
            FROM users GROUP BY g0
        ), counted AS (
            SELECT {column} AS g0, {INTENTS} FROM interaction
            WHERE {{window}} AND g0 IN (SELECT g0 FROM page) GROUP BY g0
        )
        SELECT page.*, coalesce(n_users, 0) AS n_users, n_intents, retention
        FROM page LEFT JOIN retained USING (g0) JOIN counted USING (g0)"""
    return named(groups, "label")


def named(page_sql: str, *names: str, order: str = MOST_FIRST) -> str:
    """`page_sql` with names for its values.

    names: of each value "label", "user", "conversation" or "hour"; any other leaves it as it is.
    """
    joins = " ".join(
        f"LEFT JOIN {table} AS w{number} ON w{number}.id = g{number}"
        for number, name in enumerate(names)
        if (table := _WORDS.get(name, ("", ""))[0])
    )
    values = [_name(number, name) for number, name in enumerate(names)]
    kept = ", ".join(f"g{number}" for number in range(len(names)))
    return f"""
        SELECT {values[0]} AS group_name, [{", ".join(values[1:])}]::VARCHAR[] AS additional_groups,
            page.* EXCLUDE ({kept})
        FROM ({page_sql}) AS page {joins} ORDER BY {_order(order, len(names) - 1)}"""


def retention_by(column: str) -> str:
    """The groups by their retention, the best first."""
    order = "retention DESC NULLS LAST"
    groups = f"""
        WITH users AS (
            SELECT {column} AS g0, end_user_id, {IS_RETURNING} FROM interaction
            WHERE {{window}} AND g0 IS NOT NULL GROUP BY g0, end_user_id
        )
        SELECT g0,
            count(*) FILTER (is_returning AND end_user_id IS NOT NULL) / nullif(count(end_user_id), 0)
                AS retention,
            count(*) OVER () AS total
        FROM users GROUP BY g0 ORDER BY {_order(order, 0)} LIMIT 10"""
    return named(groups, "label", order=order)


def sessions_by(column: str) -> str:
    """Length and time of the conversations of each group, by way of one row a conversation."""
    groups = f"""
        WITH sessions AS (
            SELECT {column} AS g0, conversation_id, count(*) AS n,
                epoch_us(max(coalesce(ended_at, started_at))) - epoch_us(min(started_at)) AS span_us
            FROM interaction WHERE {{window}} AND g0 IS NOT NULL GROUP BY g0, conversation_id
        )
        SELECT g0, sum(n)::BIGINT AS n_interactions,
            sum(n) FILTER (conversation_id IS NOT NULL) / count(conversation_id) AS session_length,
            sum(span_us) FILTER (conversation_id IS NOT NULL) / (count(conversation_id) * 1000000)
                AS session_time,
            count(*) OVER () AS total
        FROM sessions GROUP BY g0 ORDER BY {_order(MOST_FIRST, 0)} LIMIT 10"""
    return named(groups, "label")


# How a value is named: the table of its words and their column.
_WORDS = {
    "label": ("label", "value"),
    "user": ("enduser", "external_id"),
    "conversation": ("conversation", "external_id"),
}


def _name(number: int, name: str) -> str:
    if name in _WORDS:
        return f"w{number}.{_WORDS[name][1]}"
    if name == "hour":
        return f"strftime(g{number}, '%Y-%m-%dT%H:00:00Z')"
    return f"g{number}::VARCHAR"


def _order(order: str, n_more: int) -> str:
    return ", ".join((order, *(f"g{number} ASC NULLS LAST" for number in range(n_more + 1))))
