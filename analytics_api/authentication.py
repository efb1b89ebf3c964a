"""Who asks: the key in the request's header, and through it the project."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from interactions.keys import KeyHolder, find_key_holder

_SCHEMES = ("bearer", "api-key")


class ProjectKeyAuthentication(BaseAuthentication):
    """Accepts `Authorization: Bearer <key>`, `Authorization: Api-Key <key>` and `X-API-Key: <key>`.

    `request.auth` is the KeyHolder. Anything but a good key is 401: missing, malformed,
    unknown, revoked and expired keys look alike from outside.
    """

    def authenticate(self, request: Request) -> tuple[None, KeyHolder]:
        key = _key_of(request)
        if key is None:
            raise AuthenticationFailed("An API key is needed: Authorization: Bearer <key>.")
        holder = find_key_holder(key)
        if holder is None:
            raise AuthenticationFailed("The API key is not valid.")
        return None, holder

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _key_of(request: Request) -> str | None:
    scheme, _, credentials = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() in _SCHEMES:
        return credentials.strip()
    return request.headers.get("X-API-Key")
