"""POST /api/external/get-interactions."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from analytics_api.catalog import DEFAULT_ORDERING, METRICS
from analytics_api.query import engine
from analytics_api.query.listing import listed_page
from analytics_api.query.plan import build_plan
from analytics_api.serializers.aggregates import InteractionsRequest

from .query import QueryView
from .timing import ServerTiming

# A list is asked like the total of a count.
_COUNT = {
    "group_by": None,
    "variables": (METRICS["n_interactions"],),
    "order_by": {"by": DEFAULT_ORDERING, "direction": "desc"},
    "include_previous": False,
}


class Interactions(QueryView):
    """The interactions of a range, newest first, with their texts."""

    request_form = InteractionsRequest()

    def post(self, request: Request) -> Response:
        timing = ServerTiming()
        asked = self.validate(request)
        offset, limit = asked["offset"], asked["limit"]
        plan = build_plan(request.auth.project_id, asked | _COUNT, now=timezone.now())
        timing.end("plan")
        (total, rows), engine_used = engine.run(
            plan,
            request.auth.n_sealed,
            lambda using: listed_page(plan, using, offset=offset, limit=limit),
        )
        timing.end("query", engine_used)
        envelope = {"total": total, "offset": offset, "limit": limit, "data": rows}
        return Response(envelope, headers={"Server-Timing": timing.header})
