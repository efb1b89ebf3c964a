"""Request bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import orjson
from rest_framework.parsers import BaseParser

from .errors import Unprocessable


class JSONParser(BaseParser):
    """Strict JSON whatever the Content-Type says: clients differ in what they send."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        # Through Django's request, which refuses a body over the limit before reading it.
        body = parser_context["request"]._request.body
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            reason = f"not valid JSON: {error}" if body.strip() else "a JSON body is needed"
            raise Unprocessable([{"loc": ["body"], "msg": reason, "type": "json_invalid"}]) from None
