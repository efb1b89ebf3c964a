"""Why a request is refused although each of its fields is well formed."""

from typing import NamedTuple

Place = tuple[str | int, ...]


class Refusal(NamedTuple):
    """place: keys and indexes below the request's body."""

    place: Place
    type: str
    msg: str
