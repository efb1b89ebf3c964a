"""What the endpoints of the query API have in common."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from analytics_api.errors import form_error
from analytics_api.serializers.fields import Form
from interactions.models import Scope


class QueryView(APIView):
    """A question about one project, asked in the body."""

    required_scope = Scope.QUERY.value
    request_form: Form

    def validate(self, request: Request) -> dict[str, Any]:
        """The body as the form understands it. Raises Unprocessable with every error."""
        # DRF reads no body as an empty form; here it is a body that is missing.
        data = request.data if request.body else None
        try:
            return self.request_form.run_validation(data)
        except ValidationError as error:
            raise form_error(error) from None
