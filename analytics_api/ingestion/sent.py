"""An object as a client sent it: where it stood, what it calls things, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from analytics_api.errors import ErrorItem, Unprocessable
from interactions.ingest import InvalidInteraction, Problem

Parsed = TypeVar("Parsed")
Loc = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Sent:
    """fields: by our names. loc: of the object. names: what the client calls a field, when differently."""

    fields: Mapping[str, Any]
    loc: Loc
    names: Mapping[str, str] = field(default_factory=dict)

    def parse(self, parser: Callable[[Mapping[str, Any]], Parsed]) -> Parsed:
        """Raises Unprocessable, in the client's words."""
        try:
            return parser(self.fields)
        except InvalidInteraction as error:
            raise Unprocessable([self._in_their_words(problem) for problem in error.problems]) from None

    def _in_their_words(self, problem: Problem) -> ErrorItem:
        first, *rest = problem.loc or (None,)
        place = () if first is None else (self.names.get(str(first), first), *rest)
        return {"loc": [*self.loc, *place], "msg": problem.msg, "type": problem.type}


def all_of(work: Iterable[Callable[[], Parsed]]) -> list[Parsed]:
    """What each returns; Unprocessable with the errors of all when there are any."""
    results, errors = [], []
    for each in work:
        try:
            results.append(each())
        except Unprocessable as error:
            errors += error.errors
    if errors:
        raise Unprocessable(errors)
    return results


def refused(loc: Loc, msg: str, type: str) -> Unprocessable:
    return Unprocessable([{"loc": list(loc), "msg": msg, "type": type}])


def object_at(value: Any, loc: Loc) -> Mapping[str, Any]:
    """Raises Unprocessable when it is not an object, or not there."""
    if value is None:
        raise refused(loc, "a value is required", "missing")
    if not isinstance(value, Mapping):
        raise refused(loc, "expected an object", "value_error")
    return value


def list_at(value: Any, loc: Loc) -> Sequence[Any]:
    """Raises Unprocessable when it is not a list, or not there."""
    if value is None:
        raise refused(loc, "a value is required", "missing")
    if not isinstance(value, list):
        raise refused(loc, "expected a list", "list_type")
    return value


def flag_at(owner: Mapping[str, Any], name: str, loc: Loc, *, default: bool) -> bool:
    """true, false, or the default when it is null or absent. Raises Unprocessable."""
    value = owner.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise refused((*loc, name), "expected true or false", "bool_type")
    return value


def first_given(owner: Mapping[str, Any], names: Iterable[str]) -> tuple[str, Any] | None:
    """The first of several names for the same that has a value, and the value."""
    return next(((name, owner[name]) for name in names if owner.get(name) is not None), None)
