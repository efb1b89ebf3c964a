"""POST /api/external/get-interaction-time-series."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from analytics_api.query import engine
from analytics_api.query.series import as_datasets, build_series, series_rows
from analytics_api.serializers.aggregates import TimeSeriesRequest

from .query import QueryView
from .timing import ServerTiming


class InteractionTimeSeries(QueryView):
    """Aggregate values bucket by bucket, without gaps."""

    request_form = TimeSeriesRequest()

    def post(self, request: Request) -> Response:
        timing = ServerTiming()
        asked = self.validate(request)
        plan = build_series(request.auth.project_id, asked, asked["granularity"], now=timezone.now())
        timing.end("plan")
        rows, engine_used = engine.run(
            plan.whole, request.auth.n_sealed, lambda using: series_rows(plan, using)
        )
        timing.end("query", engine_used)
        return Response(as_datasets(plan, rows), headers={"Server-Timing": timing.header})
