"""The tokens of spans cost what the calls of each model cost, whoever else has counted them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from interactions.models import ModelPrice, Project
from tests.otlp import export, span
from tests.storage import stored

pytestmark = pytest.mark.django_db

# Micro-dollars a token, in and out.
PRICES = {"mine": (2, 10), "yours": (30, 70)}


@pytest.fixture
def project() -> Project:
    for model, (input_price, output_price) in PRICES.items():
        ModelPrice.objects.create(
            model=model,
            starts_on=date(2020, 1, 1),
            input_microusd_per_mtok=input_price * 1_000_000,
            output_microusd_per_mtok=output_price * 1_000_000,
        )
    return Project.objects.create(name="acme")


def call(model: str | None = None, tokens: tuple[int, int] | None = None, **more: Any) -> dict[str, Any]:
    """The attributes of a call; without a model that of an agent."""
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model}
    if tokens is not None:
        attributes |= dict(
            zip(("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"), tokens, strict=True)
        )
    return {name: value for name, value in (attributes | more).items() if value is not None}


# Of each span its parent and attributes; then the cost.
COSTS: dict[str, tuple[dict[int, tuple[int | None, dict[str, Any]]], int | None]] = {
    "one call": ({1: (None, call("mine", (3, 1)))}, 3 * 2 + 1 * 10),
    "unknown model": ({1: (None, call("unknown", (3, 1)))}, None),
    "no tokens": ({1: (None, call("mine"))}, None),
    "two models": (
        {1: (None, call()), 2: (1, call("mine", (3, 1))), 3: (1, call("yours", (5, 2)))},
        3 * 2 + 1 * 10 + 5 * 30 + 2 * 70,
    ),
    "two models, counted by their agent too": (
        {1: (None, call(None, (8, 3))), 2: (1, call("mine", (3, 1))), 3: (1, call("yours", (5, 2)))},
        3 * 2 + 1 * 10 + 5 * 30 + 2 * 70,
    ),
    "an agent that names another model": (
        {1: (None, call("yours", (3, 1))), 2: (1, call("mine", (3, 1)))},
        3 * 2 + 1 * 10,
    ),
    "an agent that counts for calls of one model": (
        {1: (None, call(None, (8, 3))), 2: (1, call("mine")), 3: (1, call("mine"))},
        8 * 2 + 3 * 10,
    ),
    "an agent that counts for calls of two models": (
        {1: (None, call(None, (8, 3))), 2: (1, call("mine")), 3: (1, call("yours"))},
        None,
    ),
    "an agent that counts more than is told": (
        {1: (None, call("yours", (8, 3))), 2: (1, call("mine", (3, 1)))},
        8 * 30 + 3 * 70,
    ),
    "a model whose price is not known among others": (
        {1: (None, call()), 2: (1, call("mine", (3, 1))), 3: (1, call("unknown", (5, 2)))},
        None,
    ),
}


@pytest.mark.parametrize("one_by_one", [False, True], ids=["whole", "ends first"])
@pytest.mark.parametrize(("calls", "cost"), COSTS.values(), ids=COSTS)
def test_calls_are_priced_one_by_one(project: Project, calls: dict, cost: int | None, one_by_one: bool):
    spans = [span(number, attributes, parent=parent) for number, (parent, attributes) in calls.items()]
    for piece in [[one] for one in reversed(spans)] if one_by_one else [spans]:
        export(project, *piece)

    (row,) = stored(project)
    assert row["cost_microusd"] == cost
