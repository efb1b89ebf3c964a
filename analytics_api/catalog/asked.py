"""A filter or group-by as a request asked for it: the entry and the values of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .dimensions import Dimension
from .filters import FilterKind


@dataclass(frozen=True, kw_only=True)
class AskedFilter:
    """options: {"values": ["billing"], "is_exclude": False}, complete with defaults."""

    entry: FilterKind
    kind: str
    options: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class AskedGroup:
    """kind: the name as sent, which may be an alias of the entry's."""

    entry: Dimension
    kind: str
    options: Mapping[str, Any]

    @property
    def identity(self) -> tuple[str, str | None]:
        """What may not be asked for twice: the kind and, for a tag, its key."""
        return self.entry.kind, self.options.get("tag")
