"""A shape as QuerySets, with parameters for values; touches no data.

The page's QuerySet groups by ids alone, carries the number of groups on every row, and has a
total order. What it cannot say (metrics of two levels), or would say of too many groups (what is
counted distinct, where that costs most), further QuerySets say about the page's groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Count, F, Q, QuerySet, Value, Window
from django.db.models.expressions import Combinable, OrderBy
from django_cte import CTE, with_cte

from analytics_api.catalog.measures import ENTITIES, N_INTERACTIONS, Entity, Measure
from interactions import dialect
from interactions.models import Interaction, Label

from .shape import DAYS_END, END, PREVIOUS_START, PROJECT_ID, START, GroupShape, QueryShape

# How many groups there are, before paging; on every row of a page.
N_GROUPS = "n_groups"
# What a row is ordered by, on every row of a page.
ORDER_VALUE = "order_value"
# Grouping by a constant makes one row of everything, even of nothing.
_ONE_GROUP = {"total": Value(1)}
# Whether the values of each group on a page include null; None for a group that all values are asked of.
NullsOnPage = tuple[bool | None, ...]


@dataclass(frozen=True, kw_only=True)
class Split:
    """Which measures the page's QuerySet computes, for all groups, and which others for the page's.

    of_page: of two levels when the order needs those, which no QuerySet has beside those of one level.
    """

    of_page: Sequence[Measure]
    of_rest: Sequence[Measure]
    is_page_of_two_levels: bool


def split(shape: QueryShape, *, defers_distinct: bool) -> Split:
    """defers_distinct: leave what counts different values to the rest, if the order can do without.

    Where a page shows all groups there are, that would only be a second look at them.
    """
    if shape.ordering.two_level_measures:
        return Split(of_page=(), of_rest=shape.measures, is_page_of_two_levels=True)
    defers_distinct &= not all(group.dimension.has_few_values for group in shape.groups)
    deferred = [
        measure
        for measure in shape.measures
        if defers_distinct and measure.is_distinct and measure not in shape.ordering.measures
    ]
    kept = [measure for measure in shape.measures if measure not in deferred]
    return Split(of_page=kept, of_rest=deferred, is_page_of_two_levels=False)


def compile_page(shape: QueryShape, *, defers_distinct: bool, with_order_value: bool = False) -> QuerySet:
    """All groups in the shape's order, with as many measures as one QuerySet can or should hold.

    Each row has the groups' values, the measures and N_GROUPS, and if asked ORDER_VALUE.
    """
    parts = split(shape, defers_distinct=defers_distinct)
    if parts.is_page_of_two_levels:
        rows = _two_level_groups(shape, None)
    else:
        rows = _one_level_groups(shape, parts.of_page, None)
    rows = rows.annotate(**{N_GROUPS: Window(Count("*"))})
    if with_order_value:
        rows = rows.annotate(**{ORDER_VALUE: _order_value(shape)})
    return rows.order_by(*_order(shape))


def compile_rest(
    shape: QueryShape, nulls: NullsOnPage | None, *, defers_distinct: bool
) -> Sequence[QuerySet]:
    """The measures that `compile_page` left out, for the groups of a page.

    nulls: None asks for all groups. Otherwise the page's other values are parameters; with
        several group-bys the answer may hold combinations that are not on the page.
    """
    parts = split(shape, defers_distinct=defers_distinct)
    rest = [_one_level_groups(shape, parts.of_rest, nulls)] if parts.of_rest else []
    if shape.two_level_measures and not parts.is_page_of_two_levels:
        rest.append(_two_level_groups(shape, nulls))
    return rest


def compile_unordered(shape: QueryShape, nulls: NullsOnPage | None) -> Sequence[QuerySet]:
    """All measures, as far as one QuerySet holds them, of groups in any order.

    nulls: as for `compile_rest`. Without groups, each QuerySet has the one row of the total.
    """
    parts = [_one_level_groups(shape, shape.measures, nulls)]
    return [*parts, _two_level_groups(shape, nulls)] if shape.two_level_measures else parts


def compile_listing(shape: QueryShape, *, newest_first: bool) -> QuerySet:
    """The interactions themselves, by primary key, in the order they started in or its reverse."""
    order = ("-started_at", "-id") if newest_first else ("started_at", "id")
    return _interactions(shape, with_previous=False).order_by(*order).values("id")


def compile_selected(shape: QueryShape, *, is_in_window: bool) -> QuerySet:
    """The interactions of the filters by primary key, in its order; of all times unless in the window."""
    if is_in_window:
        rows = _interactions(shape, with_previous=False)
    else:
        rows = Interaction.objects.for_project(PROJECT_ID).filter(
            *(asked.condition for asked in shape.filters)
        )
    return rows.order_by("id").values("id")


def _interactions(shape: QueryShape, *, with_previous: bool) -> QuerySet:
    # Served by interaction_project_started.
    rows = Interaction.objects.for_project(PROJECT_ID)
    rows = rows.started_between(PREVIOUS_START if with_previous else START, END)
    # Grouping by an ordering nobody asked for would split the groups.
    return rows.filter(*(asked.condition for asked in shape.filters)).order_by()


def _grouped(shape: QueryShape, rows: QuerySet, nulls: NullsOnPage | None, **columns: Any) -> QuerySet:
    """`rows` grouped by the shape's group-bys and `columns`, without any aggregate yet."""
    joins: dict[str, Any] = {}
    for group in shape.groups:
        joins |= group.dimension.storage.joins(group.alias, group.dimension_id)
    kept = map(_kept_values, shape.groups, nulls or (None,) * len(shape.groups))
    values = {group.alias: group.dimension.storage.value(group.alias) for group in shape.groups}
    return rows.annotate(**joins).values(**values, **columns).filter(*kept)


def _kept_values(group: GroupShape, has_null: bool | None) -> Q:
    if has_null is None:
        kept, has_null = _all_values(group), group.keeps_empty
    else:
        kept = _values_on_page(group, has_null)
    return kept if has_null else kept & group.dimension.storage.has_value


def _all_values(group: GroupShape) -> Q:
    wanted = Q(**{f"{group.alias}__isnull": False})
    narrowing = _narrowed_labels(group)
    if narrowing is not None:
        wanted = Q(**{f"{group.alias}__in": narrowing})
    elif group.keeps_empty:
        return Q()
    return wanted | Q(**{f"{group.alias}__isnull": True}) if group.keeps_empty else wanted


def _narrowed_labels(group: GroupShape) -> QuerySet | None:
    """The labels that `only_customs` and `similarity_search` leave; None when they leave all."""
    if not (group.only_customs or group.is_searched):
        return None
    labels = Label.objects.filter(dimension_id=group.dimension_id)
    if group.only_customs:
        labels = labels.filter(is_custom=True)
    if group.is_searched:
        labels = labels.alias(place=dialect.PlaceInText("folded", group.search)).filter(place__gt=0)
    return labels.values("id")


def _values_on_page(group: GroupShape, has_null: bool) -> Q:
    kept = Q(dialect.OneOf(F(group.alias), group.page_values))
    return kept | Q(**{f"{group.alias}__isnull": True}) if has_null else kept


def _one_level_aggregates(shape: QueryShape, measures: Sequence[Measure]) -> dict[str, Any]:
    """The measures as aggregates over interactions."""
    if not shape.spans_previous:
        return {measure.name: measure.aggregate(None) for measure in measures}
    current = Q(started_at__gte=START)
    previous = Q(started_at__lt=START)
    return {measure.name: measure.aggregate(current) for measure in measures} | {
        measure.previous: measure.aggregate(previous) for measure in measures
    }


def _one_level_groups(shape: QueryShape, measures: Sequence[Measure], nulls: NullsOnPage | None) -> QuerySet:
    rows = _interactions(shape, with_previous=shape.spans_previous)
    rows = _grouped(shape, rows, nulls) if shape.groups else rows.values(**_ONE_GROUP)
    # Without an aggregate Django would not group, and give a row an interaction.
    aggregates = _one_level_aggregates(shape, measures) or {
        N_INTERACTIONS.name: N_INTERACTIONS.aggregate(None)
    }
    rows = rows.annotate(**aggregates)
    if shape.spans_previous and shape.groups:
        # A group that was there only before is no group of this window.
        current = Count("pk", filter=Q(started_at__gte=START))
        rows = rows.alias(n_current=current).filter(n_current__gt=0)
    return rows


def _two_level_groups(shape: QueryShape, nulls: NullsOnPage | None) -> QuerySet:
    aggregates = {measure.name: measure.second() for measure in shape.two_level_measures}
    entities = _entities(shape, nulls)
    groups = [group.alias for group in shape.groups]
    rows = entities.values(*groups) if groups else entities.values(**_ONE_GROUP)
    return rows.annotate(**aggregates)


def _entities(shape: QueryShape, nulls: NullsOnPage | None) -> QuerySet:
    """One row for each end user, and one for each conversation, of each group; as far as needed."""
    needed = [entity for entity in ENTITIES if any(m.entity is entity for m in shape.two_level_measures)]
    first, *others = (_entity_rows(shape, entity, nulls) for entity in needed)
    entities = CTE(first.union(*others, all=True) if others else first, name="entities")
    return with_cte(entities, select=entities)


def _entity_rows(shape: QueryShape, entity: Entity, nulls: NullsOnPage | None) -> QuerySet:
    rows = _grouped(
        shape,
        _interactions(shape, with_previous=False),
        nulls,
        branch=Value(entity.column, output_field=CharField()),
        entity=F(entity.column),
    )
    # Both halves of the union have the columns of both.
    columns: dict[str, Any] = {}
    for measure in shape.two_level_measures:
        for name, aggregate in measure.first(DAYS_END).items():
            columns[name] = aggregate if measure.entity is entity else _nothing_like(aggregate)
    return rows.annotate(**columns)


def _nothing_like(aggregate: Any) -> Value:
    return Value(None, output_field=aggregate.output_field)


def _order_value(shape: QueryShape) -> Combinable:
    expression = shape.ordering.expression
    if expression is None:
        main = shape.groups[0]
        return main.dimension.storage.sort_key(main.alias)
    return expression


def _order(shape: QueryShape) -> list[OrderBy]:
    """The asked ordering, rows without a value last, and every group to break ties."""
    ties = [OrderBy(F(group.alias), nulls_last=True) for group in shape.groups]
    return [OrderBy(_order_value(shape), descending=shape.is_descending, nulls_last=True), *ties]
