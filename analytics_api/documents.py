"""The parts of the written documents that are made from the catalog and the declared settings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from analytics_api.catalog import DIMENSIONS, FILTERS, METRICS, ORDERINGS, Dimension, FilterKind, Parameter
from analytics_api.errors import ERROR_TYPES
from analytics_api.openapi.reading import read_endpoints
from analytics_api.openapi.recording_bodies import FEEDBACK_MEANINGS
from config.env import BASE_DIR, VARIABLES
from interactions.ingest.new_interaction import ImportLine


class MissingSection(ValueError):
    """Raised when a document has no place for one of its sections."""


def write_sections(text: str, sections: Mapping[str, Callable[[], str]]) -> str:
    """Replace what stands between the marks of each section.

    The marks are the lines `<!-- made: NAME -->` and `<!-- end: NAME -->`.
    Raises MissingSection when one of them is not there.
    """
    for name, make in sections.items():
        begin, end = f"<!-- made: {name} -->\n", f"<!-- end: {name} -->"
        place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        replacement = f"{begin}\n{make()}\n\n{end}"
        text, n_found = place.subn(lambda _, made=replacement: made, text)
        if n_found != 1:
            raise MissingSection(name)
    return text


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _code(*names: str) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _configuration() -> str:
    rows = (
        (_code(variable.name), _default(variable.default), variable.help)
        for variable in sorted(VARIABLES, key=lambda variable: variable.name)
    )
    return _table(("variable", "default", "meaning"), rows)


def _default(text: str | None) -> str:
    return _code(text.replace(f"{BASE_DIR}/", "")) if text else ""


def _kinds(entries: Mapping[str, FilterKind] | Mapping[str, Dimension]) -> str:
    rows = (
        (
            _code(entry.kind, *entry.aliases),
            _code(*(parameter.name for parameter in entry.own_parameters)),
            entry.help,
        )
        for name, entry in entries.items()
        if name == entry.kind
    )
    return _table(("kind", "own fields", "meaning"), rows)


def _parameters(entries: Mapping[str, FilterKind] | Mapping[str, Dimension]) -> str:
    """One row a field and meaning; the kinds are named where the same field means another thing."""
    kinds: dict[Parameter, list[str]] = {}
    for name, entry in entries.items():
        for parameter in entry.parameters if name == entry.kind else ():
            kinds.setdefault(parameter, []).append(name)
    meanings = Counter(parameter.name for parameter in kinds)
    rows = (
        (
            _code(parameter.name) + (f" of {_code(*names)}" if meanings[parameter.name] > 1 else ""),
            "required" if parameter.required else "",
            parameter.help,
        )
        for parameter, names in sorted(kinds.items(), key=lambda item: item[0].name)
    )
    return _table(("field", "", "meaning"), rows)


def _variables() -> str:
    rows = (
        (
            _code(metric.name),
            _code(*(field.name for field in metric.fields)),
            ("" if metric.is_default else "Only when asked for. ") + metric.help,
        )
        for metric in METRICS.values()
    )
    return _table(("variable", "fields", "meaning"), rows)


def _orderings() -> str:
    return _table(
        ("by", "meaning"), ((_code(ordering.name), ordering.help) for ordering in ORDERINGS.values())
    )


def _endpoints() -> str:
    rows = (
        (
            _code(f"{endpoint.method} {endpoint.path}"),
            endpoint.summary,
            _code(endpoint.scope) if endpoint.scope else "no key",
        )
        for endpoint in read_endpoints()
    )
    return _table(("request", "does", "scope"), rows)


def _import_fields() -> str:
    rows = (
        (_code(name), "required" if field.is_required() else "", field.description)
        for name, field in ImportLine.model_fields.items()
    )
    return _table(("field", "", "meaning"), rows)


def _feedback_actions() -> str:
    return _table(("slug", "meaning"), ((_code(slug), words) for slug, words in FEEDBACK_MEANINGS.items()))


def _error_types() -> str:
    return f"{_code(*sorted(ERROR_TYPES))}."


# Each document's sections, by the name in their marks.
DOCUMENTS: Mapping[Path, Mapping[str, Callable[[], str]]] = {
    BASE_DIR / "README.md": {"configuration": _configuration},
    BASE_DIR / "docs" / "api.md": {
        "endpoints": _endpoints,
        "import fields": _import_fields,
        "feedback actions": _feedback_actions,
        "filters": lambda: _kinds(FILTERS),
        "filter fields": lambda: _parameters(FILTERS),
        "group-bys": lambda: _kinds(DIMENSIONS),
        "group-by fields": lambda: _parameters(DIMENSIONS),
        "variables": _variables,
        "orderings": _orderings,
        "error types": _error_types,
    },
}
