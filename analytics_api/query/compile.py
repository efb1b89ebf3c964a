"""A plan as QuerySets; touches no data.

The page's QuerySet groups by ids alone, carries the number of groups on every row, and has a
total order. What it cannot say (metrics of two levels) a second QuerySet says about the same
groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import CharField, Count, F, Q, QuerySet, Value, Window
from django.db.models.expressions import OrderBy
from django.db.models.functions import StrIndex
from django_cte import CTE, with_cte

from analytics_api.catalog.measures import ENTITIES, N_INTERACTIONS, Entity
from interactions.models import Interaction, Label

from .plan import BoundFilter, BoundGroup, QueryPlan
from .words import is_narrowed

# How many groups there are, before paging; on every row of a page.
N_GROUPS = "n_groups"
# {"g0": 7, "g1": None}: the grouped values of a row, by alias.
GroupRow = Mapping[str, Any]


def compile_page(plan: QueryPlan) -> QuerySet:
    """All groups in the plan's order, with as many measures as one QuerySet can hold.

    Slice it for a page; each row has the groups' values, the measures and N_GROUPS.
    """
    by_two_levels = bool(plan.ordering.two_level_measures)
    rows = _two_level_groups(plan, None) if by_two_levels else _one_level_groups(plan, None)
    return rows.annotate(**{N_GROUPS: Window(Count("*"))}).order_by(*_order(plan))


def compile_rest(plan: QueryPlan, page: Sequence[GroupRow] | None) -> QuerySet | None:
    """The measures `compile_page` left out, for the groups of a page; None when there are none.

    page: rows of the page; None asks for all groups. With several group-bys the answer may
        hold combinations that are not on the page.
    """
    if plan.ordering.two_level_measures:
        return _one_level_groups(plan, page) if plan.measures else None
    return _two_level_groups(plan, page) if plan.two_level_measures else None


def compile_total(plan: QueryPlan) -> QuerySet:
    """The interactions the total row is about."""
    return _interactions(plan, with_previous=plan.spans_previous)


def compile_total_entities(plan: QueryPlan) -> QuerySet:
    """The end users and conversations the total row's two-level metrics are about."""
    return _entities(plan, None)


def second_level_aggregates(plan: QueryPlan) -> dict[str, Any]:
    """The two-level measures as aggregates over entities, for `aggregate()` on `compile_total_entities`."""
    return {measure.name: measure.second() for measure in plan.two_level_measures}


def _interactions(plan: QueryPlan, *, with_previous: bool) -> QuerySet:
    # Served by interaction_project_started.
    start = plan.window.previous.start if with_previous else plan.window.start
    rows = Interaction.objects.for_project(plan.project_id).started_between(start, plan.window.end)
    # Grouping by an ordering nobody asked for would split the groups.
    return rows.filter(*map(_kept_interactions, plan.filters)).order_by()


def _kept_interactions(bound: BoundFilter) -> Q:
    condition = bound.asked.entry.filter_condition.condition(
        bound.asked.options, bound.ids, bound.dimension_id
    )
    return ~condition if bound.asked.options["is_exclude"] else condition


def _grouped(plan: QueryPlan, rows: QuerySet, page: Sequence[GroupRow] | None, **columns: Any) -> QuerySet:
    """`rows` grouped by the plan's group-bys and `columns`, without any aggregate yet."""
    # Few calls, each with all it can take: every call copies the query.
    joins: dict[str, Any] = {}
    for group in plan.groups:
        joins |= group.dimension.storage.joins(group.alias, group.dimension_id)
    values = {group.alias: group.dimension.storage.value(group.alias) for group in plan.groups}
    kept = (_kept_values(group) if page is None else _values_on_page(group, page) for group in plan.groups)
    return rows.annotate(**joins).values(**values, **columns).filter(*kept)


def _kept_values(group: BoundGroup) -> Q:
    wanted = Q(**{f"{group.alias}__isnull": False})
    narrowing = _narrowed_labels(group)
    if narrowing is not None:
        wanted = Q(**{f"{group.alias}__in": narrowing})
    elif group.keeps_empty:
        return Q()
    return wanted | Q(**{f"{group.alias}__isnull": True}) if group.keeps_empty else wanted


def _narrowed_labels(group: BoundGroup) -> QuerySet | None:
    """The labels that `only_customs` and `similarity_search` leave; None when they leave all."""
    if not is_narrowed(group.asked):
        return None
    options = group.asked.options
    labels = Label.objects.filter(dimension_id=group.dimension_id)
    if options["only_customs"]:
        labels = labels.filter(is_custom=True)
    if search := options["similarity_search"]:
        labels = labels.alias(place=StrIndex("folded", Value(search.casefold()))).filter(place__gt=0)
    return labels.values("id")


def _values_on_page(group: BoundGroup, page: Sequence[GroupRow]) -> Q:
    values = {row[group.alias] for row in page}
    kept = Q(**{f"{group.alias}__in": sorted(values - {None})})
    return kept | Q(**{f"{group.alias}__isnull": True}) if None in values else kept


def one_level_aggregates(plan: QueryPlan) -> dict[str, Any]:
    """The measures as aggregates over interactions, for `aggregate()` on `compile_total`."""
    if not plan.spans_previous:
        return {measure.name: measure.aggregate(None) for measure in plan.measures}
    current = Q(started_at__gte=plan.window.start)
    previous = Q(started_at__lt=plan.window.start)
    return {measure.name: measure.aggregate(current) for measure in plan.measures} | {
        measure.previous: measure.aggregate(previous) for measure in plan.measures
    }


def _one_level_groups(plan: QueryPlan, page: Sequence[GroupRow] | None) -> QuerySet:
    rows = _grouped(plan, _interactions(plan, with_previous=plan.spans_previous), page)
    # Without an aggregate Django would not group, and give a row an interaction.
    aggregates = one_level_aggregates(plan) or {N_INTERACTIONS.name: N_INTERACTIONS.aggregate(None)}
    rows = rows.annotate(**aggregates)
    if plan.spans_previous:
        # A group that was there only before is no group of this window.
        current = Count("pk", filter=Q(started_at__gte=plan.window.start))
        rows = rows.alias(n_current=current).filter(n_current__gt=0)
    return rows


def _two_level_groups(plan: QueryPlan, page: Sequence[GroupRow] | None) -> QuerySet:
    aliases = [group.alias for group in plan.groups]
    return _entities(plan, page).values(*aliases).annotate(**second_level_aggregates(plan))


def _entities(plan: QueryPlan, page: Sequence[GroupRow] | None) -> QuerySet:
    """One row for each end user, and one for each conversation, of each group; as far as needed."""
    needed = [entity for entity in ENTITIES if any(m.entity is entity for m in plan.two_level_measures)]
    first, *others = (_entity_rows(plan, entity, page) for entity in needed)
    entities = CTE(first.union(*others, all=True) if others else first, name="entities")
    return with_cte(entities, select=entities)


def _entity_rows(plan: QueryPlan, entity: Entity, page: Sequence[GroupRow] | None) -> QuerySet:
    rows = _grouped(
        plan,
        _interactions(plan, with_previous=False),
        page,
        branch=Value(entity.column, output_field=CharField()),
        entity=F(entity.column),
    )
    # Both halves of the union have the columns of both.
    columns: dict[str, Any] = {}
    for measure in plan.two_level_measures:
        for name, aggregate in measure.first(plan.days_end).items():
            columns[name] = aggregate if measure.entity is entity else _nothing_like(aggregate)
    return rows.annotate(**columns)


def _nothing_like(aggregate: Any) -> Value:
    return Value(None, output_field=aggregate.output_field)


def _order(plan: QueryPlan) -> list[OrderBy]:
    """The asked ordering, rows without a value last, and every group to break ties."""
    expression = plan.ordering.expression
    if expression is None:
        main = plan.groups[0]
        expression = main.dimension.storage.sort_key(main.alias)
    ties = [OrderBy(F(group.alias), nulls_last=True) for group in plan.groups]
    return [OrderBy(expression, descending=plan.is_descending, nulls_last=True), *ties]
