"""POST /api/external/get-interaction-time-series."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from analytics_api.query import engine
from analytics_api.query.series import build_series, read_series
from analytics_api.serializers.aggregates import TimeSeriesRequest

from .query import QueryView
from .timing import ServerTiming


class InteractionTimeSeries(QueryView):
    """Aggregate values bucket by bucket, without gaps, in total or by group."""

    request_form = TimeSeriesRequest()

    def post(self, request: Request) -> Response:
        timing = ServerTiming()
        asked = self.validate(request)
        plan = build_series(request.auth.project_id, asked, asked["granularity"], now=timezone.now())
        timing.end("plan")
        series, engine_used = engine.run(
            plan.whole, request.auth.n_sealed, lambda using: read_series(plan, using)
        )
        timing.end("query", engine_used)
        return Response(series, headers={"Server-Timing": timing.header})
