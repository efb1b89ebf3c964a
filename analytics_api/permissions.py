"""What a key may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:
    # Its module reads our settings, which name this one.
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """The key has the scope the view declares as `required_scope`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        self.message = f"The API key lacks the scope {view.required_scope!r}."
        return view.required_scope in request.auth.scopes
