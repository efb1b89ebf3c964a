"""The bytes of a request's body, unpacked within the limit."""

from __future__ import annotations

import zlib

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import UnsupportedMediaType

from .errors import PayloadTooLarge, Unprocessable

# Of zlib: a window of any size, with a header and trailer of gzip.
_GZIP = 31


def read_body(request: HttpRequest) -> bytes:
    """The body, gunzipped when Content-Encoding says so.

    Raises PayloadTooLarge when it is, or becomes, larger than MAX_BODY_BYTES; it is not unpacked
    further than that. Raises UnsupportedMediaType for another encoding, Unprocessable when it is
    not what it says.
    """
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    unpack = _UNPACK.get(encoding)
    if unpack is None:
        accepted = ", ".join(filter(None, _UNPACK))
        raise UnsupportedMediaType(
            encoding, f"Content-Encoding {encoding[:40]!r} is not accepted; known: {accepted}."
        )
    # Through Django's request, which refuses a body over the limit before reading it.
    return unpack(request.body)


def _gunzip(data: bytes) -> bytes:
    limit_bytes = settings.MAX_BODY_BYTES
    unpacker = zlib.decompressobj(_GZIP)
    try:
        body = unpacker.decompress(data, limit_bytes + 1)
    except zlib.error as error:
        raise _malformed(f"not valid gzip: {error}") from None
    if len(body) > limit_bytes:
        raise PayloadTooLarge
    if not unpacker.eof:
        raise _malformed("not valid gzip: cut off")
    if unpacker.unused_data:
        raise _malformed("not valid gzip: something follows its end")
    return body


def _malformed(reason: str) -> Unprocessable:
    return Unprocessable([{"loc": ["body"], "msg": reason, "type": "json_invalid"}])


_UNPACK = {"": bytes, "identity": bytes, "gzip": _gunzip, "x-gzip": _gunzip}
