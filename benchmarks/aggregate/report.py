"""The tables of docs/performance.md, and its plot, from the results of folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.sections import write_section
from config.env import BASE_DIR

from .plot import plot_ratios
from .results import read_results
from .stores import Folder

PAGE = BASE_DIR / "docs" / "performance.md"
PLOT = BASE_DIR / "docs" / "performance.svg"
# The report stands between these lines.
FIRST_LINE = "<!-- made by: python -m benchmarks.aggregate report --write -->"
LAST_LINE = "<!-- end of what was made -->"
YARDSTICK = "by hand"
# {question: {competitor: {"median_seconds": 0.2, "n": 5}}}
Questions = Mapping[str, Mapping[str, Mapping[str, Any]]]


def make_report(folders: Sequence[Folder]) -> str:
    """The Markdown of all that was measured. folders: the one that matters first."""
    results = [read_results(folder) for folder in folders]
    parts = [
        _questions_table(results[0]),
        _summary_table(results),
        _sizes_table(results),
        *(_crowds_table(result) for result in results if "crowds" in result),
        *(_sealing_line(result) for result in results if "sealing" in result),
    ]
    return "\n\n".join(parts)


def write_report(folders: Sequence[Folder]) -> None:
    """Keep the report in the page, and the plot of the first folder beside it."""
    write_section(PAGE, FIRST_LINE, LAST_LINE, make_report(folders))
    questions = read_results(folders[0])["questions"]
    ratios = {name: _ratios(questions, name) for name in _competitors(questions) if name != YARDSTICK}
    plot_ratios({name: r for name, r in ratios.items() if not name.endswith("HTTP")}, PLOT)


def _competitors(questions: Questions) -> list[str]:
    """In the order they were asked, the yardstick first."""
    return list(dict.fromkeys(name for answers in questions.values() for name in answers))


def _ratios(questions: Questions, competitor: str) -> dict[str, float]:
    """-> {question: how many times the yardstick's median}, without those given up."""
    return {
        question: seconds / answers[YARDSTICK]["median_seconds"]
        for question, answers in questions.items()
        if (seconds := answers.get(competitor, {}).get("median_seconds")) is not None
    }


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The first column is text, the others are numbers."""
    lines = [header, ["---", *(["--:"] * (len(header) - 1))], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _questions_table(result: Mapping[str, Any]) -> str:
    questions = result["questions"]
    competitors = _competitors(questions)

    def rows() -> Iterator[list[str]]:
        for question, answers in questions.items():
            yield [question, *(_milliseconds(answers.get(name)) for name in competitors)]

    title = f"{result['n_interactions']:,} interactions. Milliseconds, medians."
    return f"{title}\n\n{_table(['question', *competitors], rows())}"


def _milliseconds(answer: Mapping[str, Any] | None) -> str:
    if answer is None:
        return ""
    seconds = answer["median_seconds"]
    return "given up" if seconds is None else f"{seconds * 1000:,.0f}"


def _summary_table(results: Sequence[Mapping[str, Any]]) -> str:
    def rows() -> Iterator[list[str]]:
        for result in results:
            questions = result["questions"]
            for name in _competitors(questions):
                ratios = list(_ratios(questions, name).values())
                if not ratios:
                    continue
                n_given_up = sum(
                    name in answers and answers[name]["median_seconds"] is None
                    for answers in questions.values()
                )
                memory = result.get("pss_bytes", {}).get(name)
                yield [
                    name,
                    f"{result['n_interactions']:,}",
                    f"{median(ratios):.2f}",
                    f"{max(ratios):.2f}",
                    str(n_given_up),
                    "" if memory is None else f"{memory / 1e6:,.0f}",
                ]

    header = ["", "interactions", "× by hand, median", "× by hand, worst", "given up", "server's memory, MB"]
    return _table(header, rows())


def _sizes_table(results: Sequence[Mapping[str, Any]]) -> str:
    def rows() -> Iterator[list[str]]:
        for result in results:
            for name, size in result["sizes"].items():
                per_interaction = size / result["n_interactions"]
                yield [name, f"{result['n_interactions']:,}", f"{size / 1e6:,.0f}", f"{per_interaction:,.0f}"]

    return _table(["on disk", "interactions", "MB", "bytes an interaction"], rows())


def _crowds_table(result: Mapping[str, Any]) -> str:
    def rows() -> Iterator[list[str]]:
        for name, crowds in result["crowds"].items():
            for crowd in crowds:
                yield [
                    name,
                    str(crowd["n_clients"]),
                    f"{crowd['requests_per_second']:.1f}",
                    *(f"{crowd[key] * 1000:,.0f}" if key in crowd else "" for key in _PERCENTILES),
                    str(crowd["n_too_slow"]),
                    f"{crowd['pss_bytes'] / 1e6:,.0f}",
                ]

    header = ["over HTTP", "clients", "requests a second", "p50, ms", "p95, ms", "too slow", "memory, MB"]
    return f"{result['n_interactions']:,} interactions, all questions in turn.\n\n{_table(header, rows())}"


_PERCENTILES = ("p50_seconds", "p95_seconds")


def _sealing_line(result: Mapping[str, Any]) -> str:
    rates = ", ".join(
        f"{sealing['interactions_per_second']:,.0f} on {name}" for name, sealing in result["sealing"].items()
    )
    return f"Interactions sealed a second, of {result['n_interactions']:,}: {rates}."
