"""POST /api/external/get-interaction-aggregates."""

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from analytics_api.pagination import GroupPagination
from analytics_api.query.plan import build_plan
from analytics_api.query.rows import group_rows, shape_page, shape_total
from analytics_api.serializers.aggregates import AggregateRequest
from interactions import dialect

from .query import QueryView


class InteractionAggregates(QueryView):
    """Aggregate values among interactions, in total or by group."""

    request_form = AggregateRequest()

    def post(self, request: Request) -> Response:
        asked = self.validate(request)
        pages = GroupPagination(asked["limit"], asked["offset"])
        plan = build_plan(request.auth.project_id, asked, now=timezone.now())
        # Page, total and the metrics of the second query come from one view of the data.
        with dialect.snapshot(DEFAULT_DB_ALIAS):
            if plan.shape.groups:
                page = pages.paginate_queryset(group_rows(plan, DEFAULT_DB_ALIAS), request)
                rows = shape_page(plan, page, DEFAULT_DB_ALIAS)
            else:
                rows = pages.paginate_total(shape_total(plan, DEFAULT_DB_ALIAS))
        return pages.get_paginated_response(rows)
