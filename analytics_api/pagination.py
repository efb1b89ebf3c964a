"""Pages of groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response

from analytics_api.query.compile import N_GROUPS
from interactions.prepared import BoundQuery

if TYPE_CHECKING:
    # Its module reads our settings, which name this one.
    from rest_framework.views import APIView


class GroupPagination(LimitOffsetPagination):
    """Limit and offset from the body; the total comes with the page's own rows."""

    def __init__(self, limit: int, offset: int):
        self.limit = limit
        self.offset = offset
        self.count = 0

    def paginate_queryset(
        self, queryset: BoundQuery, request: Request, view: APIView | None = None
    ) -> list[Mapping[str, Any]]:
        """The page's rows, each of which carries the number of groups.

        A page past the end has no row to carry it, and asks once more.
        """
        page = queryset[self.offset : self.offset + self.limit]
        if page:
            self.count = page[0][N_GROUPS]
        elif self.offset:
            self.count = next((row[N_GROUPS] for row in queryset[0:1]), 0)
        return page

    def paginate_total(self, row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The total is a list of one row."""
        self.count = 1
        return [row][self.offset : self.offset + self.limit]

    def get_paginated_response(self, data: list[Mapping[str, Any]]) -> Response:
        return Response({"total": self.count, "offset": self.offset, "limit": self.limit, "data": data})
