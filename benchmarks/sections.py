"""The part of a page that a benchmark writes."""

from __future__ import annotations

from pathlib import Path


def write_section(page: Path, first_line: str, last_line: str, section: str) -> None:
    """Replace what stands between two lines of the page. Raises SystemExit where they are missing."""
    before, first, rest = page.read_text().partition(first_line)
    _, last, after = rest.partition(last_line)
    if not (first and last):
        raise SystemExit(f"{page}: expected the lines {first_line!r} and {last_line!r}.")
    page.write_text(f"{before}{first_line}\n\n{section}\n\n{last_line}{after}")
