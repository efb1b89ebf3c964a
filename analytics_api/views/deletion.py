"""POST /api/external/projects/delete-interactions."""

from __future__ import annotations

from functools import partial

from rest_framework.request import Request
from rest_framework.response import Response

from analytics_api.query.selecting import selected_keys
from analytics_api.serializers.aggregates import DeletionRequest
from interactions.ingest.deleting import delete_interactions
from interactions.models import Scope

from .query import QueryView


class DeleteInteractions(QueryView):
    """Delete the interactions that a range and filters name; of neither, all of the project."""

    required_scope = Scope.MANAGE.value
    request_form = DeletionRequest()

    def post(self, request: Request) -> Response:
        asked = self.validate(request)
        project_id = request.auth.project_id
        n_deleted = delete_interactions(
            project_id,
            partial(selected_keys, project_id, asked),
            requested_by=f"{request.auth.name} ({request.auth.prefix})",
            # What it says of a selection; of nothing, everything goes.
            selection={name: value for name in asked if (value := request.data.get(name))},
        )
        noun = "interaction is" if n_deleted == 1 else "interactions are"
        return Response({"message": f"{n_deleted} {noun} deleted."})
