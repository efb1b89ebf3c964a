"""What one way of recording took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Taken:
    """cpu_seconds: of our processes, not of a database server. request_seconds: of each, if there were."""

    name: str
    n_interactions: int
    seconds: float
    cpu_seconds: float
    request_seconds: Sequence[float] = ()

    @property
    def rate(self) -> float:
        """Interactions a second."""
        return self.n_interactions / self.seconds
