"""The plot of how many times the yardstick's time each engine takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

# Text that can be searched, and the same file for the same numbers.
mpl.rcParams["svg.fonttype"] = "none"
mpl.rcParams["svg.hashsalt"] = "performance"


def plot_ratios(ratios: Mapping[str, Mapping[str, float]], path: Path) -> None:
    """ratios: {engine: {question: 1.05}}; a question that an engine gave up is missing."""
    questions = list(dict.fromkeys(question for answers in ratios.values() for question in answers))
    places = {question: len(questions) - number for number, question in enumerate(questions)}
    figure = Figure(figsize=(9, 0.32 * len(questions) + 1.4), layout="constrained")
    axes = figure.subplots()
    for engine, answers in ratios.items():
        axes.scatter(answers.values(), [places[question] for question in answers], s=22, label=engine)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlabel("times as long as SQL written by hand for DuckDB")
    axes.set_yticks(list(places.values()), labels=list(places))
    axes.grid(axis="x", linewidth=0.3)
    # In two columns: a viewer's own font may be wider than the one it was laid out with.
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    figure.savefig(path, metadata={"Date": None})
