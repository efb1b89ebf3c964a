"""Random data and random valid requests, made so that things collide.

A world has a few words and a few moments, and its data, filters, searches and time ranges are all
made of them: labels are shared, rows tie, interactions fall on the ends of the range.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from tests import reference
from tests.reference import CustomLabel

MAX_LINES = 25

# Words that something takes for one another, or puts in another order. A world speaks one or two of
# these families.
WORD_FAMILIES = (
    ("a", "b", "A", "B"),
    # Folded, these are longer, or have one form where lower case has two.
    ("ß", "ss", "SS", "ſ", "s"),
    ("İ", "i\u0307", "ı", "I", "i"),
    ("ς", "σ", "Σας"),
    ("k", "\u212a"),
    # One letter, composed and decomposed.
    ("\u00e9", "e\u0301", "É"),
    # UTF-16 and code points order these differently.
    ("z", "😀", "\ufffd", "ﬀ"),
    ("1", "01", "1.0", "10", "9"),
    ("true", "false", "null", "total"),
    # Wildcards of LIKE, and what they would match.
    ("%", "_", "a_b", "a%b", "acb"),
    ("\\", "'", '"', "\\%"),
    ("a", "a ", " a", "a b"),
)
TAG_KEYS = ("plan", "Plan", "pl%n", "é", "a.b")
FEEDBACK_SLUGS = (
    "thumbs_up", "thumbs_down", "copy_output", "regenerate", "edit", "thumbs_up", "thumbs_down",
    "copy_input", "paste", "comment",
)  # fmt: skip
LABEL_KINDS = (*reference.ONE_LABEL_KINDS, *reference.MANY_LABEL_KINDS)

# A leap day; the end of a year, where a week and a month end too; a year whose first week began in
# the old one; days to come; the first days there are.
ANCHORS = (
    datetime(2024, 2, 29, tzinfo=UTC),
    datetime(2024, 1, 1, tzinfo=UTC),
    datetime(2021, 1, 1, tzinfo=UTC),
    datetime(2098, 12, 31, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
)
_MICROSECOND, _HOUR, _DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)
_DISTANCES = (
    timedelta(0), _MICROSECOND, _HOUR, _HOUR - _MICROSECOND, _DAY, _DAY - _MICROSECOND, _DAY + _MICROSECOND,
    2 * _DAY, 3 * _DAY, 7 * _DAY, 31 * _DAY, 366 * _DAY, timedelta(days=1, milliseconds=250),
)  # fmt: skip
_LATENCIES = (
    timedelta(0), timedelta(seconds=1), _MICROSECOND, timedelta(milliseconds=333), timedelta(seconds=7),
    30 * _HOUR, 31 * _DAY,
)  # fmt: skip
_ZONES = (UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8)))

# Of what adds to an answer, rather more than less.
_FLAGS = st.sampled_from((None, False, True, True))

Json = dict[str, Any]
Fields = dict[str, st.SearchStrategy[Any]]


@dataclass(frozen=True, kw_only=True)
class World:
    """Two projects and some questions to the first.

    lines: import lines, except that `end_user` and `time_end` may be null.
    eligible_users: as they are sent. custom_labels: those that staff defined; some name labels that no
        line has.
    """

    lines: list[Json]
    stranger_lines: list[Json]
    eligible_users: list[Json]
    stranger_eligible_users: list[Json]
    custom_labels: frozenset[CustomLabel]
    stranger_custom_labels: frozenset[CustomLabel]
    requests: list[Json]

    @property
    def settings(self) -> dict[str, Any]:
        """What the first project has beside its lines, as the reference takes it."""
        return {"custom_labels": self.custom_labels, "eligible_users": self.eligible_users}


@st.composite
def worlds(draw: st.DrawFn, order_by: str) -> World:
    """A world whose second project holds other data under the same ids, words and moments.

    order_by: what all requests are ordered by. Drawn with the rest, most orderings would hardly
        ever meet enough rows to show.
    """
    families = draw(st.lists(st.sampled_from(WORD_FAMILIES), min_size=1, max_size=2, unique=True))
    words = list(dict.fromkeys(itertools.chain(*families)))
    around = _moments_around(draw(st.sampled_from(ANCHORS)))
    moments = draw(st.lists(st.sampled_from(around), min_size=3, max_size=6, unique=True))
    # Several, because a question costs less than storing the data it is asked of.
    requests = draw(st.lists(_requests(words, moments, order_by), min_size=1, max_size=8))
    return World(
        requests=requests,
        lines=draw(_line_lists(words, moments, max_size=MAX_LINES)),
        stranger_lines=draw(_line_lists(words, moments, max_size=4)),
        eligible_users=draw(_eligible_users(words, moments)),
        stranger_eligible_users=draw(_eligible_users(words, moments)),
        custom_labels=draw(_custom_labels(words)),
        stranger_custom_labels=draw(_custom_labels(words)),
    )


def _moments_around(anchor: datetime) -> list[datetime]:
    before = [anchor - distance for distance in _DISTANCES if distance <= anchor - reference.FIRST_MOMENT]
    after = [anchor + distance for distance in _DISTANCES]
    # The nearest first: that is what a failing example shrinks to.
    return sorted({*before, *after}, key=lambda moment: (abs(moment - anchor), moment))


def _spelled(moment: datetime) -> st.SearchStrategy[str]:
    """A moment as clients write it: with Z, with an offset or with neither, or as a bare date."""
    naive = moment.replace(tzinfo=None).isoformat()
    spellings = [f"{naive}Z", naive]
    # Offsets do not fit at either end of the calendar.
    if reference.FIRST_MOMENT + _DAY < moment < reference.LAST_MOMENT - _DAY:
        spellings += [moment.astimezone(zone).isoformat() for zone in _ZONES]
    if naive.endswith("T00:00:00"):
        spellings.append(moment.date().isoformat())
    return st.sampled_from(spellings)


def _optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def _custom_labels(words: Sequence[str]) -> st.SearchStrategy[frozenset[CustomLabel]]:
    kinds = st.lists(st.sampled_from(LABEL_KINDS), unique=True)
    chosen_words = st.lists(st.sampled_from(words), unique=True)
    return st.builds(
        lambda kinds, words: frozenset((kind, "", word) for kind in kinds for word in words),
        kinds | st.just(LABEL_KINDS),
        chosen_words,
    )


def _eligible_users(words: Sequence[str], moments: Sequence[datetime]) -> st.SearchStrategy[list[Json]]:
    """Some of those who come and some who never do, from and to days on which something may happen."""
    days = sorted({moment.date().isoformat() for moment in moments})
    period = st.tuples(st.sampled_from(days), st.sampled_from([*days, None]))
    periods = st.dictionaries(st.sampled_from([*words, "never 1", "never 2"]), period, max_size=5)
    return periods.map(
        lambda periods: [
            {"end_user": user, "active_from": start if end is None else min(start, end),
             "active_to": None if end is None else max(start, end)}
            for user, (start, end) in periods.items()
        ]
    )  # fmt: skip


# Import lines


def _line_lists(
    words: Sequence[str], moments: Sequence[datetime], *, max_size: int
) -> st.SearchStrategy[list[Json]]:
    # In long lists more meets, but a failing example shrinks to a short one.
    short = st.lists(_lines(words, moments), max_size=max_size)
    long = st.lists(_lines(words, moments), min_size=max_size // 2, max_size=max_size)
    return (short | long | long).map(_numbered)


def _numbered(lines: Sequence[Json]) -> list[Json]:
    # An id and an input of its own keep a line from being taken for another one sent again.
    return [
        {"id": str(UUID(int=number, version=4)), "input": f"question {number}", **line}
        for number, line in enumerate(lines)
    ]


@st.composite
def _lines(draw: st.DrawFn, words: Sequence[str], moments: Sequence[datetime]) -> Json:
    start = draw(st.sampled_from(moments))
    ends = [None, *(f"{(start + latency).isoformat()}" for latency in _LATENCIES)]
    # Three values of four are there, so that most interactions have something of most kinds.
    word = st.sampled_from([None, "", *words * (6 // len(words) + 1)])
    listed = _optional(st.lists(word, max_size=4))
    tags = st.dictionaries(st.sampled_from((*TAG_KEYS[:2], "", *TAG_KEYS)), word, max_size=3)
    text = st.sampled_from([None, "", *words, *map("".join, itertools.permutations(words[:3]))])
    feedback = st.lists(_feedback_actions(moments), max_size=4)
    fields = {
        "time_start": draw(_spelled(start)),
        "time_end": draw(st.sampled_from(ends)),
        "output": "answer",
        "end_user": draw(st.sampled_from([*words, None])),
        "end_user_group_profile": draw(word),
        "conversation_id": draw(word),
        **{kind: draw(word) for kind in reference.ONE_LABEL_KINDS},
        **{field: draw(listed) for field in reference.MANY_LABEL_KINDS.values()},
        **{kind: draw(text) for kind in reference.TEXT_KINDS},
        "tags": draw(_optional(tags)),
        "cost": draw(st.sampled_from((None, 0, 1, 2, 250, 10**12))),
        "pii_removed": draw(st.booleans()),
        "feedback_actions": draw(_optional(feedback) | feedback),
    }
    may_be_absent = draw(st.booleans())
    return {name: value for name, value in fields.items() if value is not None or not may_be_absent}


def _feedback_actions(moments: Sequence[datetime]) -> st.SearchStrategy[Json]:
    # Times are in no order: it is the order of the list that says which action is the later one.
    optional: Fields = {"timestamp": st.sampled_from(moments).flatmap(_spelled), "text": st.just("so so")}
    plain: Fields = {"slug": st.sampled_from(FEEDBACK_SLUGS)}
    rating: Fields = {"slug": st.just("rating"), "value": st.integers(1, 5)}
    return st.fixed_dictionaries(plain, optional=optional) | st.fixed_dictionaries(rating, optional=optional)


# Requests


@st.composite
def _requests(draw: st.DrawFn, words: Sequence[str], moments: Sequence[datetime], order_by: str) -> Json:
    """A valid request, in the ways of asking for nothing that a client has: absent, null and empty."""
    start, end = draw(_time_ranges(moments))
    orders: list[Json] = [{"order_by": {"by": order_by, "direction": way}} for way in ("asc", "desc")]
    if order_by == "n_interactions":
        orders += [{}, {"order_by": None}]
    variables = st.lists(st.sampled_from(list(reference.VARIABLES)), unique=True)
    return {
        "time_range": {"start": draw(_spelled(start)), "end": draw(_spelled(end))},
        # Filters leave little over, so most requests have none.
        "filters": draw(_lists_of(_filters(words), sizes=(0, 0, 0, 0, 1, 1, 2))),
        "limit": draw(st.sampled_from((1000, 1000, 1000, 1, 3))),
        "offset": draw(st.sampled_from((0, 0, 0, 0, 0, 0, 1, 3, 10**9))),
        **draw(_groupings(words)),
        "include_previous": draw(_FLAGS),
        "variables": draw(st.sampled_from((None, [], list(reference.VARIABLES))) | variables),
        **draw(st.sampled_from(orders)),
    }


def _time_ranges(moments: Sequence[datetime]) -> st.SearchStrategy[tuple[datetime, datetime]]:
    first, last = min(moments), max(moments)
    a_moment = st.sampled_from(moments)
    two_moments = st.tuples(a_moment, a_moment).map(sorted)
    return st.one_of(
        st.just((first, last + _MICROSECOND)),
        st.just((reference.FIRST_MOMENT, reference.LAST_MOMENT)),
        # What starts at the last moment is missing, and nothing else.
        st.just((first, last)),
        a_moment.map(lambda start: (start, last + _DAY)),
        # The previous period starts on a moment too.
        two_moments.map(lambda two: (two[1], two[1] + (two[1] - two[0]))),
        a_moment.map(lambda start: (start, start + (start - first))),
        two_moments.map(tuple),
    )


def _groupings(words: Sequence[str]) -> st.SearchStrategy[Json]:
    # Of a list of group-bys, no kind twice, the first is the main one.
    return _lists_of(_group_bys(words), sizes=(0, 1, 1, 1, 2, 2, 3), unique_by=_axis).flatmap(_grouping)


def _grouping(group_bys: list[Json]) -> st.SearchStrategy[Json]:
    main = {"group_by": group_bys[0] if group_bys else None}
    if group_bys[1:]:
        return st.just({**main, "additional_group_bys": group_bys[1:]})
    return st.sampled_from(
        [main, {**main, "additional_group_bys": None}, {**main, "additional_group_bys": []}]
    )


def _lists_of(
    values: st.SearchStrategy[Json], *, sizes: Sequence[int], **options: Any
) -> st.SearchStrategy[list[Json]]:
    return st.sampled_from(sizes).flatmap(lambda n: st.lists(values, min_size=n, max_size=n, **options))


def _axis(group_by: Mapping[str, Any]) -> tuple[str, str]:
    return reference.kind_of(group_by), group_by.get("tag", "")


def _kind(kind: str) -> Fields:
    """The fields every filter and group-by of a kind must have."""
    aliases = [alias for alias, name in reference.ALIASES.items() if name == kind]
    tag: Fields = {"tag": st.sampled_from((*TAG_KEYS[:2], *TAG_KEYS, "absent"))}
    return {"kind": st.sampled_from([kind, *aliases]), **(tag if kind == "tag" else {})}


def _group_bys(words: Sequence[str]) -> st.SearchStrategy[Json]:
    optional: Fields = {"include_empty": _FLAGS}
    of_labels = optional | {
        "only_customs": _optional(st.booleans()),
        "similarity_search": _optional(_searches(words)),
        "most_relevant_first": st.booleans(),
        "field": st.none(),
    }
    return st.sampled_from(list(reference.GROUP_BYS)).flatmap(
        lambda kind: st.fixed_dictionaries(
            _kind(kind), optional=of_labels if kind in LABEL_KINDS else optional
        )
    )


def _filters(words: Sequence[str]) -> st.SearchStrategy[Json]:
    optional: Fields = {"is_exclude": _optional(st.booleans())}
    of_texts = optional | {"search": _optional(_searches(words)), "allow_nulls": _FLAGS}
    values: Fields = {"user_feedback": st.sampled_from(reference.FEEDBACK_TYPES), "pii": st.booleans()}
    any_words = st.sampled_from([*words, "", "other"])

    def of_kind(kind: str) -> st.SearchStrategy[Json]:
        if kind in reference.TEXT_KINDS:
            return st.fixed_dictionaries(_kind(kind), optional=of_texts)
        listed: Fields = {"values": st.lists(values.get(kind, any_words), max_size=4)}
        return st.fixed_dictionaries(_kind(kind) | listed, optional=optional)

    return st.sampled_from([*reference.FILTERS, *reference.TEXT_KINDS]).flatmap(of_kind)


def _searches(words: Sequence[str]) -> st.SearchStrategy[str]:
    """What labels and texts are searched for: a word, another case of it, a piece of it, anything."""
    variants = [variant for word in words for variant in (word, word.upper(), word.lower(), word[:1])]
    return st.sampled_from([*variants, "", "other"])
