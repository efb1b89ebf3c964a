"""POST /api/external/get-interaction-aggregates and get-interaction-multi-aggregates."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from analytics_api.pagination import GroupPagination
from analytics_api.query import engine
from analytics_api.query.merging import merged_page
from analytics_api.query.plan import build_plan, build_plans
from analytics_api.query.rows import group_rows, read_total, shape_page, shape_total
from analytics_api.serializers.aggregates import AggregateRequest, MultiAggregateRequest

from .query import QueryView
from .timing import ServerTiming


class InteractionAggregates(QueryView):
    """Aggregate values among interactions, in total or by group."""

    request_form = AggregateRequest()

    def post(self, request: Request) -> Response:
        timing = ServerTiming()
        asked = self.validate(request)
        pages = GroupPagination(asked["limit"], asked["offset"])
        plan = build_plan(request.auth.project_id, asked, now=timezone.now())

        def ask(using: str) -> list[Mapping[str, Any]]:
            if not plan.shape.groups:
                return pages.paginate_total(shape_total(plan, read_total(plan, using)))
            return shape_page(plan, pages.paginate_queryset(group_rows(plan, using), request), using)

        timing.end("plan")
        rows, engine_used = engine.run(plan, request.auth.n_sealed, ask)
        timing.end("query", engine_used)
        response = pages.get_paginated_response(rows)
        response["Server-Timing"] = timing.header
        return response


class InteractionMultiAggregates(QueryView):
    """Several aggregations at once, their rows in one order."""

    request_form = MultiAggregateRequest()

    def post(self, request: Request) -> Response:
        timing = ServerTiming()
        asked = self.validate(request)
        groupings, offset, limit = asked["group_by_groups"], asked["offset"], asked["limit"]
        total, data, engine_used = 0, [], engine.Engine.DATABASE
        if plans := build_plans(request.auth.project_id, asked, groupings, now=timezone.now()):
            timing.end("plan")
            # They differ in their groups alone, so what suits one suits all.
            (total, page), engine_used = engine.run(
                plans[0],
                request.auth.n_sealed,
                lambda using: merged_page(plans, using, offset=offset, limit=limit),
            )
            data = [row | {"kinds": [group.kind for group in groupings[number]]} for number, row in page]
        timing.end("query", engine_used)
        envelope = {"total": total, "offset": offset, "limit": limit, "data": data}
        return Response(envelope, headers={"Server-Timing": timing.header})
