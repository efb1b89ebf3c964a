"""Filter kinds."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import BigIntegerField, BooleanField, Exists, OuterRef, Q, TextField, Value

from interactions import dialect
from interactions.models import FeedbackType, InteractionText
from interactions.prepared import ListPlaceholder, Placeholder

from .dimensions import DIMENSIONS
from .parameters import TAG, Parameter, ParameterType
from .storage import Storage

IS_EXCLUDE = Parameter(
    name="is_exclude",
    type=ParameterType.BOOLEAN,
    default=False,
    help="Negate the whole filter; interactions without a value are kept.",
)


# Matches no interaction, and its negation all; a list that is empty would end the query in Django.
_NOTHING = Q(Value(False, output_field=BooleanField()))


def _any_of(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions, Q()) or _NOTHING


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What a kind of filter keeps.

    A condition is made from a variant, which is all of the options that decides the SQL, and from
    parameters, whose values are given apart.
    """

    storage: Storage | None = None
    # Texts are not kept as columns.
    reads_texts: bool = False

    def words(self, options: Mapping[str, Any]) -> Sequence[str]:
        """The words to look up before the query, in the kind's storage."""
        return ()

    def variant(self, options: Mapping[str, Any], ids: Sequence[int]) -> Hashable:
        raise NotImplementedError

    def values(self, options: Mapping[str, Any], ids: Sequence[int], dimension_id: int) -> dict[str, Any]:
        """What the parameters stand for, by the ends of their names."""
        return {}

    def condition(self, variant: Any, alias: str) -> Q:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Words(Condition):
    """Keeps interactions that have one of the given words."""

    def words(self, options: Mapping[str, Any]) -> Sequence[str]:
        return options["values"]

    def variant(self, options: Mapping[str, Any], ids: Sequence[int]) -> bool:
        return bool(ids)

    def values(self, options: Mapping[str, Any], ids: Sequence[int], dimension_id: int) -> dict[str, Any]:
        return {"ids": ids, "dimension_id": dimension_id}

    def condition(self, variant: bool, alias: str) -> Q:
        if not variant:
            return _NOTHING
        ids = ListPlaceholder(f"{alias}_ids", BigIntegerField())
        return self.storage.keeps(ids, Placeholder(f"{alias}_dimension_id", BigIntegerField()))


@dataclass(frozen=True, kw_only=True)
class FeedbackTypes(Condition):
    """Keeps interactions with feedback of one of the given types."""

    def variant(self, options: Mapping[str, Any], ids: Sequence[int]) -> tuple[FeedbackType, ...]:
        asked = {FeedbackType(value) for value in options["values"]}
        return tuple(type for type in FeedbackType if type in asked)

    def condition(self, variant: tuple[FeedbackType, ...], alias: str) -> Q:
        # On the counters, not the actions: a look at the fact row.
        return _any_of(Q(**{f"{type.counter}__gt": 0}) for type in variant)


@dataclass(frozen=True, kw_only=True)
class Booleans(Condition):
    """Keeps interactions whose column has one of the given truth values."""

    column: str

    def variant(self, options: Mapping[str, Any], ids: Sequence[int]) -> tuple[bool, ...]:
        return tuple(sorted(set(options["values"])))

    def condition(self, variant: tuple[bool, ...], alias: str) -> Q:
        return _any_of(Q(**{self.column: value}) for value in variant)


@dataclass(frozen=True, kw_only=True)
class TextVariant:
    """is_searched: there is something to look for in the text."""

    is_searched: bool
    allow_nulls: bool


@dataclass(frozen=True, kw_only=True)
class TextSearch(Condition):
    """Keeps interactions whose free text contains the search, ignoring case."""

    column: str
    reads_texts: bool = True

    def variant(self, options: Mapping[str, Any], ids: Sequence[int]) -> TextVariant:
        return TextVariant(is_searched=bool(options["search"]), allow_nulls=options["allow_nulls"])

    def values(self, options: Mapping[str, Any], ids: Sequence[int], dimension_id: int) -> dict[str, Any]:
        return {"search": (options["search"] or "").casefold()}

    def condition(self, variant: TextVariant, alias: str) -> Q:
        folded = f"{self.column}_folded"
        with_text = InteractionText.objects.filter(
            **{"interaction_id": OuterRef("pk"), f"{folded}__isnull": False}
        )
        found = with_text
        if variant.is_searched:
            # Both sides are folded by Python; a substring test is the same on every database.
            search = Placeholder(f"{alias}_search", TextField())
            found = with_text.alias(place=dialect.PlaceInText(folded, search)).filter(place__gt=0)
        kept = Q(Exists(found))
        return kept | ~Q(Exists(with_text)) if variant.allow_nulls else kept


@dataclass(frozen=True, kw_only=True, eq=False)
class FilterKind:
    """One filter kind."""

    kind: str
    own_parameters: tuple[Parameter, ...]
    filter_condition: Condition
    help: str
    aliases: tuple[str, ...] = ()

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return (*self.own_parameters, IS_EXCLUDE)


_VALUES = Parameter(
    name="values",
    type=ParameterType.STRINGS,
    required=True,
    help="Alternatives; an empty list matches nothing.",
)
_FEEDBACK_VALUES = Parameter(
    name="values",
    type=ParameterType.CHOICES,
    choices=tuple(FeedbackType.values),
    required=True,
    help="Feedback types, any of which is enough.",
)
_BOOLEAN_VALUES = Parameter(
    name="values", type=ParameterType.BOOLEANS, required=True, help="true, false or both."
)
_TEXT_PARAMETERS = (
    Parameter(
        name="search",
        type=ParameterType.STRING,
        help="What the text contains, ignoring case; without it, any text will do.",
    ),
    Parameter(
        name="allow_nulls",
        type=ParameterType.BOOLEAN,
        default=False,
        help="Keep interactions without the text, too.",
    ),
)


def _word_filter(kind: str, help: str, *own_parameters: Parameter) -> FilterKind:
    dimension = DIMENSIONS[kind]
    return FilterKind(
        kind=kind,
        aliases=dimension.aliases,
        own_parameters=(*own_parameters, _VALUES),
        filter_condition=Words(storage=dimension.storage),
        help=help,
    )


_ENTRIES = (
    _word_filter("user_intent", "The intent is one of the values."),
    _word_filter("negative_user_intent", "The negative intent is one of the values."),
    _word_filter("topic", "The topic is one of the values."),
    _word_filter("type_of_problem", "The type of problem is one of the values."),
    _word_filter("language", "The language is one of the values."),
    _word_filter("model", "The model is one of the values."),
    _word_filter("keyword", "Any keyword is one of the values."),
    _word_filter("data_source", "Any source is one of the values."),
    _word_filter("emotion", "Any emotion is one of the values."),
    _word_filter("feature_flag", "Any feature flag is one of the values."),
    _word_filter("tag", "The tag of the given key has one of the values.", TAG),
    _word_filter("user", "The end user is one of the values."),
    _word_filter("conversation_id", "The conversation is one of the values."),
    _word_filter("cohort", "The group profile of the end user is one of the values."),
    FilterKind(
        kind="user_feedback",
        own_parameters=(_FEEDBACK_VALUES,),
        filter_condition=FeedbackTypes(),
        help="There is feedback of one of these types.",
    ),
    FilterKind(
        kind="pii",
        own_parameters=(_BOOLEAN_VALUES,),
        filter_condition=Booleans(column="has_pii"),
        help="Personal data was found and masked, or not.",
    ),
    FilterKind(
        kind="user_query",
        own_parameters=_TEXT_PARAMETERS,
        filter_condition=TextSearch(column="user_query"),
        help="The user query contains the search.",
    ),
    FilterKind(
        kind="warning_message",
        own_parameters=_TEXT_PARAMETERS,
        filter_condition=TextSearch(column="warning_message"),
        help="The warning message contains the search.",
    ),
    FilterKind(
        kind="negative_intent_message",
        own_parameters=_TEXT_PARAMETERS,
        filter_condition=TextSearch(column="negative_intent_message"),
        help="The negative intent message contains the search.",
    ),
)

# Every accepted name, aliases included.
FILTERS: dict[str, FilterKind] = {name: entry for entry in _ENTRIES for name in (entry.kind, *entry.aliases)}
