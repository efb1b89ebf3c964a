"""The Server-Timing header: where the time of a request went, for browsers and people."""

from __future__ import annotations

from time import perf_counter


class ServerTiming:
    """A watch that is read at the end of each stage."""

    def __init__(self) -> None:
        self._last = perf_counter()
        self._stages: list[str] = []

    def end(self, stage: str, description: str | None = None) -> None:
        """End a stage, which began where the last one ended. Names are tokens of the header."""
        now = perf_counter()
        described = f';desc="{description}"' if description else ""
        self._stages.append(f"{stage}{described};dur={(now - self._last) * 1000:.1f}")
        self._last = now

    @property
    def header(self) -> str:
        """-> plan;dur=0.9, query;desc="columnar";dur=31.4, in milliseconds"""
        return ", ".join(self._stages)
