"""The server's own addresses and the bare view."""

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.urls import handler400, handler404, handler500
from config.urls import urlpatterns as own_urlpatterns
from interactions.models import Scope

from .questions import BARE_PATH

__all__ = ["handler400", "handler404", "handler500", "urlpatterns"]


class Bare(APIView):
    """What every endpoint of the query API does, and nothing else.

    Authentication, permission, parser and renderer come from the settings, as theirs do.
    """

    required_scope = Scope.QUERY.value

    def post(self, request: Request) -> Response:
        # DRF parses a body when it is first asked for.
        return Response({"ok": bool(request.data)})


urlpatterns = [path(BARE_PATH.removeprefix("/"), Bare.as_view()), *own_urlpatterns]
