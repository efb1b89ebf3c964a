"""/api/external/eligible-users, also known as platform-users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from analytics_api.serializers.eligible_users import EligibleIdsRequest, EligibleUsersRequest
from analytics_api.serializers.fields import Form
from interactions.eligible_users import (
    NewEligibleUser,
    add_eligible_users,
    list_eligible_users,
    remove_eligible_users,
    replace_eligible_users,
)
from interactions.models import Scope

from .query import QueryView


class EligibleUsers(QueryView):
    """The list of those the product is there for."""

    request_forms = {
        "POST": EligibleUsersRequest(),
        "PUT": EligibleUsersRequest(),
        "DELETE": EligibleIdsRequest(),
    }
    # Who records for an application also says whom it is for.
    required_scopes = {"GET": Scope.QUERY.value} | dict.fromkeys(request_forms, Scope.INGEST.value)

    @property
    def required_scope(self) -> str:
        return self.required_scopes.get(self.request.method, Scope.QUERY.value)

    @property
    def request_form(self) -> Form:
        return self.request_forms[self.request.method]

    def get(self, request: Request) -> Response:
        return _listed(list_eligible_users(request.auth.project_id))

    def post(self, request: Request) -> Response:
        users = self.validate(request)["users"]
        add_eligible_users(request.auth.project_id, users)
        return _listed(users)

    def put(self, request: Request) -> Response:
        users = self.validate(request)["users"]
        replace_eligible_users(request.auth.project_id, users)
        return _listed(users)

    def delete(self, request: Request) -> Response:
        n_removed = remove_eligible_users(request.auth.project_id, self.validate(request)["users"])
        return Response({"message": f"Users removed: {n_removed}."})


class PlatformUsers(EligibleUsers):
    """The same list by its other name."""


def _listed(users: Sequence[NewEligibleUser]) -> Response:
    return Response({"users": [_shaped(user) for user in users]})


def _shaped(user: NewEligibleUser) -> dict[str, Any]:
    """As it may be sent again; without an end there is no active_to."""
    shaped = {
        "end_user": user.external_id,
        "tags": user.tags,
        "active_from": user.active_from.isoformat(),
    }
    return shaped if user.active_to is None else shaped | {"active_to": user.active_to.isoformat()}
