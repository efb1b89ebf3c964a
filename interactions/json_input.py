"""Decoding JSON that others wrote."""

import json
from typing import Any, NoReturn

import orjson


def decode_json(data: bytes) -> Any:
    """Decode UTF-8 JSON; strict, but for one thing clients do send: halves of surrogate pairs.

    They come through as lone surrogates, for the caller to repair or refuse.
    Raises ValueError with the reason.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        if b"\\u" not in data:
            raise ValueError(f"not valid JSON: {error}") from None
    try:
        return json.loads(data, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("not valid JSON: nested too deep") from None
    except ValueError as error:
        raise ValueError(f"not valid JSON: {error}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")
