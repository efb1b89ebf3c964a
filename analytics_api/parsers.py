"""Request bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import orjson
from rest_framework.parsers import BaseParser

from interactions.json_input import decode_json

from .bodies import read_body
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
        body = read_body(parser_context["request"]._request)
        try:
            return self.decode(body)
        except ValueError as error:
            reason = str(error) if body.strip() else "a JSON body is needed"
            raise Unprocessable([{"loc": ["body"], "msg": reason, "type": "json_invalid"}]) from None

    def decode(self, body: bytes) -> Any:
        """Raises ValueError with the reason."""
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ValueError(f"not valid JSON: {error}") from None


class RecordedJSONParser(JSONParser):
    """JSON that is recorded: broken characters of people's texts are repaired, not refused."""

    def decode(self, body: bytes) -> Any:
        return decode_json(body)
