"""Words to ids before the big query, and ids to words after it: one query each way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, reduce
from operator import or_

from django.db.models import BigIntegerField, F, FilteredRelation, Model, Q, QuerySet, Value
from django.db.models.functions import Cast

from analytics_api.catalog.asked import AskedFilter, AskedGroup
from analytics_api.catalog.storage import UNKNOWN_DIMENSION_ID, Axis, LabelBridge, WordSource
from interactions import dialect
from interactions.models import Conversation, Dimension, EndUser, Label
from interactions.prepared import ListPlaceholder, PreparedQuery

# Where a source's words stand.
_TABLES: dict[WordSource, tuple[type[Model], str]] = {
    WordSource.LABEL: (Label, "value"),
    WordSource.END_USER: (EndUser, "external_id"),
    WordSource.CONVERSATION: (Conversation, "external_id"),
}
_EXTERNAL = (WordSource.END_USER, WordSource.CONVERSATION)


@dataclass(kw_only=True)
class ResolvedWords:
    """The ids of a request's words, and of the dimensions it names, as far as they were recorded."""

    dimension_ids: dict[Axis, int] = field(default_factory=dict)
    # By source and, for labels, dimension.
    word_ids: dict[tuple[WordSource, Axis | None], dict[str, int]] = field(
        default_factory=lambda: defaultdict(dict)
    )

    def dimension_id_for(self, asked: AskedFilter | AskedGroup) -> int:
        axis = _axis(asked)
        return UNKNOWN_DIMENSION_ID if axis is None else self.dimension_ids.get(axis, UNKNOWN_DIMENSION_ID)

    def ids_for(self, asked: AskedFilter) -> list[int]:
        condition = asked.entry.filter_condition
        if condition.storage is None:
            return []
        known = self.word_ids[condition.storage.word_source, _axis(asked)]
        return sorted({known[word] for word in condition.words(asked.options) if word in known})


def resolve_words(
    project_id: int, filters: Sequence[AskedFilter], groups: Sequence[AskedGroup]
) -> ResolvedWords:
    """Look up the words of a request and the dimensions it needs, in one query or none."""
    needing = (*filters, *filter(_names_its_dimension, groups))
    axes = {axis for asked in needing if (axis := _axis(asked)) is not None}
    words: dict[WordSource, set[str]] = defaultdict(set)
    for asked in filters:
        condition = asked.entry.filter_condition
        if condition.storage is not None:
            words[condition.storage.word_source].update(condition.words(asked.options))
    parts = [_dimension_rows(project_id, axes, words[WordSource.LABEL])] if axes else []
    parts += [_external_rows(project_id, source, words[source]) for source in _EXTERNAL if words[source]]
    resolved = ResolvedWords()
    if not parts:
        return resolved
    for source_name, kind, key, dimension_id, word_id, word in _union(parts):
        source = WordSource[source_name]
        axis = (kind, key) if source is WordSource.LABEL else None
        if axis is not None:
            resolved.dimension_ids[axis] = dimension_id
        if word_id is not None:
            resolved.word_ids[source, axis][word] = word_id
    return resolved


def read_words(ids: Mapping[WordSource, Iterable[int]]) -> dict[tuple[WordSource, int], str]:
    """The words of ids that came out of a query: {(WordSource.LABEL, 7): "billing"}."""
    wanted = {source: list(source_ids) for source, source_ids in ids.items() if source_ids}
    if not wanted:
        return {}
    rows = _words_statement(tuple(wanted)).rows({source.name: ids for source, ids in wanted.items()})
    return {(WordSource[row["source"]], row["pk"]): row["word"] for row in rows}


@cache
def _words_statement(sources: tuple[WordSource, ...]) -> PreparedQuery:
    parts = []
    for source in sources:
        model, column = _TABLES[source]
        is_wanted = dialect.OneOf(F("id"), ListPlaceholder(source.name, BigIntegerField()))
        rows = model.objects.filter(is_wanted)
        parts.append(rows.values(source=Value(source.name), pk=F("id"), word=F(column)))
    return PreparedQuery.of(_union(parts))


def _is_narrowed(group: AskedGroup) -> bool:
    """Whether only some of the kind's labels were asked for."""
    return bool(group.options.get("only_customs") or group.options.get("similarity_search"))


def _names_its_dimension(group: AskedGroup) -> bool:
    """Whether the query needs the id of the dimension to find the group's labels."""
    return isinstance(group.entry.storage, LabelBridge) or _is_narrowed(group)


def _axis(asked: AskedFilter | AskedGroup) -> Axis | None:
    storage = asked.entry.filter_condition.storage if isinstance(asked, AskedFilter) else asked.entry.storage
    return None if storage is None else storage.axis(asked.options)


def _dimension_rows(project_id: int, axes: Iterable[Axis], words: Iterable[str]) -> QuerySet:
    """Rows of the dimensions, each with those of the words it knows, or once without any."""
    # Served by dimension_once_a_project and label_once_a_dimension.
    named = reduce(or_, (Q(kind=kind, key=key) for kind, key in sorted(axes)))
    rows = Dimension.objects.filter(named, project_id=project_id)
    if not words:
        no_id = Cast(Value(None), BigIntegerField())
        return rows.values_list(Value(WordSource.LABEL.name), "kind", "key", "id", no_id, Value(""))
    known = FilteredRelation("labels", condition=Q(labels__value__in=sorted(words)))
    return rows.annotate(known=known).values_list(
        Value(WordSource.LABEL.name), "kind", "key", "id", F("known__id"), F("known__value")
    )


def _external_rows(project_id: int, source: WordSource, words: Iterable[str]) -> QuerySet:
    # Served by end_user_once_a_project and conversation_once_a_project.
    model, _ = _TABLES[source]
    rows = model.objects.filter(project_id=project_id, external_id__in=sorted(words))
    no_id = Value(UNKNOWN_DIMENSION_ID, output_field=BigIntegerField())
    return rows.values_list(Value(source.name), Value(""), Value(""), no_id, "id", "external_id")


def _union(parts: Sequence[QuerySet]) -> QuerySet:
    first, *others = parts
    return first.union(*others, all=True) if others else first
