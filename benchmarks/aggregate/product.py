"""The product's own answer, in this process: what the view does between a body and an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from analytics_api.pagination import GroupPagination
from analytics_api.query import engine
from analytics_api.query.plan import build_plan
from analytics_api.query.rows import group_rows, read_total, shape_page, shape_total
from analytics_api.serializers.aggregates import AggregateRequest
from interactions.models import Project

from .question import PROJECT_ID, AggregateQuestion

_FORM = AggregateRequest()


def answer(question: AggregateQuestion) -> dict[str, Any]:
    """-> the body of the answer, but for limit and offset."""
    asked = _FORM.run_validation(question.body)
    pages = GroupPagination(asked["limit"], asked["offset"])
    plan = build_plan(PROJECT_ID, asked, now=timezone.now())

    def ask(using: str) -> list[Mapping[str, Any]]:
        if not plan.shape.groups:
            return pages.paginate_total(shape_total(plan, read_total(plan, using)))
        return shape_page(plan, pages.paginate_queryset(group_rows(plan, using), request=None), using)

    # Read on every request, along with the key.
    n_sealed = Project.objects.values_list("n_sealed", flat=True).get(pk=PROJECT_ID)
    rows, _ = engine.run(plan, n_sealed, ask)
    return {"total": pages.count, "data": rows}
