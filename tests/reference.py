"""What the filters, group-bys, metrics and orderings of the aggregate endpoint mean, in plain Python.

The oracle of the tests: written from the API's contract alone, with the standard library alone,
slow and obvious on purpose. A new kind, metric or ordering is one more entry in a table below.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

# JSON as a client writes it: an import line, a request, one of its filters or group-bys.
Json = Mapping[str, Any]
# (kind, key, value), the key being that of a tag and "" for every other kind.
CustomLabel = tuple[str, str, str]

FIRST_MOMENT = datetime.min.replace(tzinfo=UTC)
LAST_MOMENT = datetime.max.replace(tzinfo=UTC)

ALIASES = {"user_intent": "intent", "negative_user_intent": "negative_intent"}
ONE_LABEL_KINDS = ("intent", "negative_intent", "topic", "type_of_problem", "language", "model")
# Kinds an interaction has any number of labels of, and the field of an import line that lists them.
MANY_LABEL_KINDS = {
    "keyword": "keywords", "data_source": "data_sources", "emotion": "emotions",
    "feature_flag": "feature_flags",
}  # fmt: skip
TEXT_KINDS = ("user_query", "warning_message", "negative_intent_message")
FEEDBACK_TYPES = ("positive_implicit", "positive_explicit", "negative_implicit", "negative_explicit")
FEEDBACK_TYPE_OF_SLUG = {
    "thumbs_up": "positive_explicit",
    "thumbs_down": "negative_explicit",
    "copy_output": "positive_implicit",
    "regenerate": "negative_implicit",
    "edit": "negative_implicit",
}
OPPOSITE_THUMB = {"thumbs_up": "thumbs_down", "thumbs_down": "thumbs_up"}


# An interaction, settled


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """One import line, read: what is null, empty or absent is None, or not in the collection."""

    start: datetime
    end: datetime | None
    end_user: str | None
    conversation: str | None
    cohort: str | None
    cost_microusd: int
    has_pii: bool
    labels: dict[str, set[str]]
    tags: dict[str, str]
    # The type of every feedback item that has one: two items of one type are listed twice.
    feedback: list[str]
    texts: dict[str, str]

    @property
    def day(self) -> date:
        return self.start.date()


def parse_moment(given: str | datetime) -> datetime:
    """ISO 8601 as an aware UTC date-time; naive is UTC, a bare date that midnight."""
    moment = datetime.fromisoformat(given) if isinstance(given, str) else given
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def read_interactions(lines: Sequence[Json]) -> list[Interaction]:
    """Read the import lines of one project, none of which repeats another."""
    # A group profile belongs to the user: the last one given holds for all their interactions.
    cohorts = {
        line["end_user"]: line["end_user_group_profile"]
        for line in lines
        if line.get("end_user") and line.get("end_user_group_profile")
    }
    return [_read_interaction(line, cohorts) for line in lines]


def _read_interaction(line: Json, cohorts: Mapping[str, str]) -> Interaction:
    words = {kind: [line.get(kind)] for kind in ONE_LABEL_KINDS} | {
        kind: line.get(field) or [] for kind, field in MANY_LABEL_KINDS.items()
    }
    return Interaction(
        start=parse_moment(line["time_start"]),
        end=parse_moment(line["time_end"]) if line.get("time_end") else None,
        end_user=line.get("end_user") or None,
        conversation=line.get("conversation_id") or None,
        cohort=cohorts.get(line.get("end_user")),
        cost_microusd=line.get("cost") or 0,
        has_pii=bool(line.get("pii_removed")),
        labels={kind: set(filter(None, values)) for kind, values in words.items()},
        tags={key: value for key, value in (line.get("tags") or {}).items() if key and value},
        feedback=[kind for action in standing_actions(line) if (kind := feedback_type(action))],
        texts={kind: line[kind] for kind in TEXT_KINDS if line.get(kind)},
    )


def standing_actions(line: Json) -> list[Json]:
    """The feedback actions of a line that stand: a slug replaces its earlier self, a thumb the other one.

    Earlier is by the time of the action, or of the interaction's end; of one time, by the order of the list.
    """
    standing: dict[str, Json] = {}
    for action in line.get("feedback_actions") or []:
        rivals = [slug for slug in (action["slug"], OPPOSITE_THUMB.get(action["slug"])) if slug in standing]
        if all(action_moment(line, standing[slug]) <= action_moment(line, action) for slug in rivals):
            for slug in rivals:
                del standing[slug]
            standing[action["slug"]] = action
    return list(standing.values())


def action_moment(line: Json, action: Json) -> datetime:
    return parse_moment(action.get("timestamp") or line.get("time_end") or line["time_start"])


def feedback_type(action: Json) -> str | None:
    """The feedback type of an action; None for those that say nothing of quality."""
    if action["slug"] != "rating":
        return FEEDBACK_TYPE_OF_SLUG.get(action["slug"])
    if action["value"] >= 4:
        return "positive_explicit"
    return "negative_explicit" if action["value"] <= 2 else None


# Group-bys: the names of the groups an interaction belongs to; none when it has no value


def _present(value: str | None) -> set[str]:
    return set() if value is None else {value}


def _flag(claim: bool) -> set[str]:
    return {"true" if claim else "false"}


def _hour(moment: datetime) -> str:
    return moment.replace(minute=0, second=0, microsecond=0, tzinfo=None).isoformat() + "Z"


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _labels(kind: str) -> Callable[[Interaction, Json], set[str]]:
    return lambda one, asked: one.labels[kind]


def _has_feedback(kind: str) -> Callable[[Interaction, Json], set[str]]:
    return lambda one, asked: _flag(kind in one.feedback)


GROUP_BYS: dict[str, Callable[[Interaction, Json], set[str]]] = {
    **{kind: _labels(kind) for kind in (*ONE_LABEL_KINDS, *MANY_LABEL_KINDS)},
    "tag": lambda one, asked: _present(one.tags.get(asked["tag"])),
    "user": lambda one, asked: _present(one.end_user),
    "conversation_id": lambda one, asked: _present(one.conversation),
    "cohort": lambda one, asked: _present(one.cohort),
    "user_feedback": lambda one, asked: set(one.feedback),
    **{f"{kind}_feedback": _has_feedback(kind) for kind in FEEDBACK_TYPES},
    "pii": lambda one, asked: _flag(one.has_pii),
    "hour": lambda one, asked: {_hour(one.start)},
    "day": lambda one, asked: {one.day.isoformat()},
    "week": lambda one, asked: {_monday(one.day).isoformat()},
    "month": lambda one, asked: {one.day.replace(day=1).isoformat()},
}


def kind_of(asked: Json) -> str:
    """The kind of a filter or group-by by its first name."""
    return ALIASES.get(asked["kind"], asked["kind"])


def places(
    one: Interaction, asked: Json, custom_labels: Set[CustomLabel], *, without_value: Sequence[str | None]
) -> Sequence[str | None]:
    """The group names an interaction counts under in one group-by; none: it is left out.

    without_value: what stands for an interaction without a value, unless the request says.
    """
    names = GROUP_BYS[kind_of(asked)](one, asked)
    if not names:
        return [""] if asked.get("include_empty") else without_value
    search = (asked.get("similarity_search") or "").casefold()
    return [
        name
        for name in names
        if search in name.casefold()
        and (not asked.get("only_customs") or (kind_of(asked), "", name) in custom_labels)
    ]


# Filters


def _has_one_of(one: Interaction, asked: Json) -> bool:
    wanted = {_flag(value).pop() if isinstance(value, bool) else value for value in asked["values"]}
    return not wanted.isdisjoint(GROUP_BYS[kind_of(asked)](one, asked))


def _text_contains(one: Interaction, asked: Json) -> bool:
    text = one.texts.get(asked["kind"])
    if text is None:
        return bool(asked.get("allow_nulls"))
    return (asked.get("search") or "").casefold() in text.casefold()


FILTERS: dict[str, Callable[[Interaction, Json], bool]] = {
    **dict.fromkeys((*ONE_LABEL_KINDS, *MANY_LABEL_KINDS), _has_one_of),
    **dict.fromkeys(("tag", "user", "conversation_id", "cohort", "user_feedback", "pii"), _has_one_of),
    **dict.fromkeys(TEXT_KINDS, _text_contains),
}


def is_kept(one: Interaction, filters: Iterable[Json]) -> bool:
    """Whether every filter keeps the interaction; an excluding one keeps what it does not match."""
    return all(FILTERS[kind_of(asked)](one, asked) != bool(asked.get("is_exclude")) for asked in filters)


# Metrics of a group; None when there is no value


@dataclass(frozen=True, kw_only=True)
class Group:
    """Interactions that are counted together, with the window and the clock they are seen against."""

    interactions: list[Interaction]
    start: datetime
    end: datetime
    now: datetime
    # As they are sent: {"end_user", "active_from", "active_to"?}.
    eligible_users: Sequence[Json] = ()

    @property
    def users(self) -> set[str]:
        return {one.end_user for one in self.interactions if one.end_user is not None}

    @property
    def conversations(self) -> list[list[Interaction]]:
        by_id = defaultdict(list)
        for one in self.interactions:
            if one.conversation is not None:
                by_id[one.conversation].append(one)
        return list(by_id.values())


def _ratio(numerator: int, denominator: int) -> float | None:
    # Of whole numbers, so that Python rounds once: the result is the double nearest to the truth.
    return numerator / denominator if denominator else None


def _mean_seconds(spans: Sequence[timedelta]) -> float | None:
    return _ratio(sum(span // timedelta(microseconds=1) for span in spans), len(spans) * 1_000_000)


def n_interactions(group: Group) -> int:
    return len(group.interactions)


def n_users(group: Group) -> int:
    return len(group.users)


def n_feedback(group: Group, *, types: Sequence[str] = FEEDBACK_TYPES) -> int:
    return sum(one.feedback.count(kind) for one in group.interactions for kind in types)


def cost(group: Group) -> int:
    return sum(one.cost_microusd for one in group.interactions)


def latency_seconds(group: Group) -> float | None:
    return _mean_seconds([one.end - one.start for one in group.interactions if one.end is not None])


def n_intents(group: Group) -> int:
    return len(set().union(*(one.labels["intent"] for one in group.interactions)))


def retention(group: Group) -> float | None:
    active_days = defaultdict(set)
    for one in group.interactions:
        active_days[one.end_user].add(one.day)
    returning = [user for user in group.users if len(active_days[user]) >= 2]
    return _ratio(len(returning), len(group.users))


def session_length(group: Group) -> float | None:
    return _ratio(sum(map(len, group.conversations)), len(group.conversations))


def session_time(group: Group) -> float | None:
    return _mean_seconds(
        [
            max(one.end or one.start for one in conversation) - min(one.start for one in conversation)
            for conversation in group.conversations
        ]
    )


def stickiness(group: Group) -> float | None:
    """Mean users a day over the days of the window whose midnight has passed, by all users."""
    if group.start == group.end:
        return None
    # The end is not in the window, so a window that ends at midnight does not touch that day.
    last_day = min((group.end - timedelta(microseconds=1)).date(), group.now.date())
    n_days = max((last_day - group.start.date()).days + 1, 0)
    active = {(one.end_user, one.day) for one in group.interactions if one.end_user and one.day <= last_day}
    return _ratio(len(active), n_days * len(group.users))


def penetration(group: Group) -> float | None:
    """Users by those who are eligible on a day that the window touches, whoever the users are."""
    if group.start == group.end:
        return None
    first_day, last_day = group.start.date(), (group.end - timedelta(microseconds=1)).date()
    eligible = [
        user
        for user in group.eligible_users
        if date.fromisoformat(user["active_from"]) <= last_day
        and (not user.get("active_to") or date.fromisoformat(user["active_to"]) >= first_day)
    ]
    return _ratio(len(group.users), len(eligible))


VARIABLES: dict[str, dict[str, Callable[[Group], int | float | None]]] = {
    "n_interactions": {"n_interactions": n_interactions},
    "n_users": {"n_users": n_users},
    "user_feedback": {
        **{f"n_{kind}_user_feedback": partial(n_feedback, types=[kind]) for kind in FEEDBACK_TYPES},
        "n_feedback": n_feedback,
    },
    "cost": {"cost": cost},
    "latency_seconds": {"latency_seconds": latency_seconds},
    "n_intents": {"n_intents": n_intents},
    "retention": {"retention": retention},
    "session_length": {"session_length": session_length},
    "session_time": {"session_time": session_time},
    "stickiness": {"stickiness": stickiness},
    "penetration": {"penetration": penetration},
}
DEFAULT_VARIABLES = (
    "n_interactions", "n_users", "user_feedback", "cost", "latency_seconds", "n_intents", "retention",
)  # fmt: skip
# Those of which `include_previous` shows the previous period's value too.
VARIABLES_WITH_PREVIOUS = ("n_interactions", "n_users", "user_feedback", "n_intents")


# Rows and their order


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A row before it is written: its names, main group-by first, and its interactions of both periods."""

    names: tuple[str | None, ...]
    group: Group
    previous: Group


def _trend(row: Candidate) -> float | None:
    before = n_interactions(row.previous)
    return _ratio(n_interactions(row.group) - before, before)


def _of_group(metric: Callable[[Group], int | float | None]) -> Callable[[Candidate], int | float | None]:
    return lambda row: metric(row.group)


def _feedback(*types: str) -> Callable[[Candidate], int | float | None]:
    return _of_group(partial(n_feedback, types=types))


ORDERINGS: dict[str, Callable[[Candidate], int | float | str | None]] = {
    "n_interactions": _of_group(n_interactions),
    "n_users": _of_group(n_users),
    "user_feedback": _of_group(n_feedback),
    "positive_feedback": _feedback("positive_implicit", "positive_explicit"),
    "negative_feedback": _feedback("negative_implicit", "negative_explicit"),
    **{f"{kind}_feedback": _feedback(kind) for kind in FEEDBACK_TYPES},
    "trend": _trend,
    "retention": _of_group(retention),
    "cost": _of_group(cost),
    "latency_seconds": _of_group(latency_seconds),
    "n_intents": _of_group(n_intents),
    # The row of interactions without a value has no name to be ordered by.
    "group_name": lambda row: row.names[0] or None,
}


def answer(
    lines: Sequence[Json],
    request: Json,
    *,
    custom_labels: Set[CustomLabel] = frozenset(),
    eligible_users: Sequence[Json] = (),
    now: datetime = LAST_MOMENT,
) -> list[list[dict[str, Any]]]:
    """All rows of the answer in order, before paging; rows of one inner list tie.

    lines: import lines of one project, none repeating another; `end_user` and `time_end` may be
        null. request: a valid one. now: by default every day of the window has started.
        eligible_users: as they are sent.
    -> [[{"group_name": "billing", "additional_groups": [], "n_interactions": 5, ...}], ...]
    """
    by, descending = _order(request)
    rank = ORDERINGS[by]
    rows = sorted(_candidates(lines, request, custom_labels, eligible_users, now), key=_names_key)
    with_value = sorted((row for row in rows if rank(row) is not None), key=rank, reverse=descending)
    tied = [list(ties) for _, ties in itertools.groupby(with_value, key=rank)]
    # Rows without a value come last in both directions.
    tied.append([row for row in rows if rank(row) is None])
    return [[_row(row, request) for row in ties] for ties in tied if ties]


def multi_answer(
    lines: Sequence[Json],
    request: Json,
    *,
    custom_labels: Set[CustomLabel] = frozenset(),
    eligible_users: Sequence[Json] = (),
    now: datetime = LAST_MOMENT,
) -> list[list[dict[str, Any]]]:
    """As `answer`, of a request with `group_by_groups`; each row has its list's `kinds`."""
    by, descending = _order(request)
    rows = []
    for groups in request["group_by_groups"]:
        of_list = request | {"group_by": groups[0] if groups else None, "additional_group_bys": groups[1:]}
        kinds = [group["kind"] for group in groups]
        for row in _candidates(lines, of_list, custom_labels, eligible_users, now):
            rows.append((ORDERINGS[by](row), _row(row, of_list) | {"kinds": kinds}))
    ranks = sorted({rank for rank, _ in rows if rank is not None}, reverse=descending)
    tied = [[row for rank, row in rows if rank == wanted] for wanted in (*ranks, None)]
    return [ties for ties in tied if ties]


# What starts at the same time as a moment's bucket; the moment is UTC.
BUCKETS: dict[str, Callable[[datetime], str]] = {
    "hour": lambda moment: f"{moment:%Y-%m-%dT%H}:00:00Z",
    "day": lambda moment: f"{moment:%Y-%m-%d}T00:00:00Z",
    "week": lambda moment: f"{_monday(moment.date())}T00:00:00Z",
    "month": lambda moment: f"{moment:%Y-%m}-01T00:00:00Z",
    "quarter": lambda moment: f"{moment:%Y}-{(1, 4, 7, 10)[(moment.month - 1) // 3]:02}-01T00:00:00Z",
    "year": lambda moment: f"{moment:%Y}-01-01T00:00:00Z",
}


def time_series(
    lines: Sequence[Json],
    request: Json,
    *,
    custom_labels: Set[CustomLabel] = frozenset(),
    eligible_users: Sequence[Json] = (),
    now: datetime = LAST_MOMENT,
) -> dict[str, Any]:
    """The answer of a time series over a range of at most some years after the year 1000.

    Parameters as for `answer`. Of more than fifty groups it has all.
    """
    start, end = (parse_moment(request["time_range"][at]) for at in ("start", "end"))
    bucket_of = BUCKETS[request.get("granularity") or "day"]
    previous_start = start - (end - start)
    names = _buckets_between(start, end, bucket_of)
    previous_names = _buckets_between(previous_start, start, bucket_of)
    datasets = {}
    for group in _candidates(lines, request, custom_labels, eligible_users, now):
        rows = datasets[group.names[0]] = []
        for place, name in enumerate(names):
            before = previous_names[place] if place < len(previous_names) else None
            row = Candidate(
                names=(name,),
                group=_in_bucket(group.group, names, name, bucket_of),
                previous=_in_bucket(group.previous, previous_names, before, bucket_of),
            )
            values = _row(row, request | {"include_previous": True})
            del values["group_name"], values["additional_groups"]
            rows.append({"bucket": name, **values})
    return {"buckets": names, "datasets": datasets}


def _buckets_between(start: datetime, end: datetime, bucket_of: Callable[[datetime], str]) -> list[str]:
    n_hours = -((start - end) // timedelta(hours=1))
    hours = (start + timedelta(hours=number) for number in range(n_hours))
    last = [end - timedelta(microseconds=1)] if start < end else []
    return sorted({bucket_of(moment) for moment in (*hours, *last)})


def _in_bucket(
    group: Group, names: Sequence[str], name: str | None, bucket_of: Callable[[datetime], str]
) -> Group:
    """A group's part in one of the buckets of its window; None is a bucket that there is not."""
    if name is None:
        return replace(group, interactions=[], end=group.start)
    following = names[names.index(name) + 1 :]
    return replace(
        group,
        interactions=[one for one in group.interactions if bucket_of(one.start) == name],
        start=max(group.start, parse_moment(name)),
        end=parse_moment(following[0]) if following else group.end,
    )


def aggregate(
    lines: Sequence[Json],
    request: Json,
    *,
    custom_labels: Set[CustomLabel] = frozenset(),
    eligible_users: Sequence[Json] = (),
    now: datetime = LAST_MOMENT,
) -> dict[str, Any]:
    """The page asked for: {"total", "offset", "limit", "data"}. Parameters as for `answer`.

    Where rows tie it is one right page of several: compare with `assert_same_answer`.
    """
    rows = list(
        itertools.chain(
            *answer(lines, request, custom_labels=custom_labels, eligible_users=eligible_users, now=now)
        )
    )
    offset, limit = request["offset"], request["limit"]
    return {"total": len(rows), "offset": offset, "limit": limit, "data": rows[offset : offset + limit]}


def _order(request: Json) -> tuple[str, bool]:
    order_by = request.get("order_by") or {"by": "n_interactions", "direction": "desc"}
    return order_by["by"], order_by["direction"] == "desc"


def _names_key(row: Candidate) -> list[tuple[bool, str]]:
    return [(name is None, name or "") for name in row.names]


def _candidates(
    lines: Sequence[Json],
    request: Json,
    custom_labels: Set[CustomLabel],
    eligible_users: Sequence[Json],
    now: datetime,
) -> list[Candidate]:
    start = parse_moment(request["time_range"]["start"])
    end = parse_moment(request["time_range"]["end"])
    # The previous period is as long, unless the calendar has no room for it.
    previous_start = start - min(end - start, start - FIRST_MOMENT)
    kept = [one for one in read_interactions(lines) if is_kept(one, request["filters"])]
    current = _groups(kept, request, custom_labels, start, end)
    previous = _groups(kept, request, custom_labels, previous_start, start)
    if not request.get("group_by"):
        # The total is a row also when it counts nothing.
        current.setdefault(("total",), [])
    whole = Group(interactions=[], start=start, end=end, now=now, eligible_users=eligible_users)
    before = replace(whole, start=previous_start, end=start)
    return [
        Candidate(
            names=names,
            group=replace(whole, interactions=interactions),
            previous=replace(before, interactions=previous.get(names, [])),
        )
        for names, interactions in current.items()
    ]


def _groups(
    kept: Iterable[Interaction],
    request: Json,
    custom_labels: Set[CustomLabel],
    start: datetime,
    end: datetime,
) -> dict[tuple[str | None, ...], list[Interaction]]:
    """Interactions of a window by group: once in each combination of the names they have."""
    groups = defaultdict(list)
    for one in kept:
        if start <= one.start < end:
            for names in itertools.product(*_all_places(one, request, custom_labels)):
                groups[names].append(one)
    return dict(groups)


def _all_places(
    one: Interaction, request: Json, custom_labels: Set[CustomLabel]
) -> list[Sequence[str | None]]:
    if not request.get("group_by"):
        return [["total"]]
    main = places(one, request["group_by"], custom_labels, without_value=[])
    additional = request.get("additional_group_bys") or []
    return [main, *(places(one, asked, custom_labels, without_value=[None]) for asked in additional)]


def _row(row: Candidate, request: Json) -> dict[str, Any]:
    main, *additional = row.names
    values: dict[str, int | float | None] = {}
    for variable in request.get("variables") or DEFAULT_VARIABLES:
        for field, metric in VARIABLES[variable].items():
            values[field] = metric(row.group)
            if request.get("include_previous") and variable in VARIABLES_WITH_PREVIOUS:
                values[f"{field}_prev"] = metric(row.previous)
    present = {field: value for field, value in values.items() if value is not None}
    return {"group_name": main, "additional_groups": additional, **present}
