"""Which names of models are known, and that nobody is asked for their prices."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from interactions.ingest.price_table import table_rate

NOON = datetime(2025, 9, 1, 12, tzinfo=UTC)


def dollars(name: str) -> tuple[float, float] | None:
    """What the table says a million tokens in and out cost."""
    rate = table_rate(name, at=NOON, input_tokens=1)
    return rate and (
        float(rate.input_microusd_per_mtok) / 1_000_000, float(rate.output_microusd_per_mtok) / 1_000_000
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "price"),
    [
        pytest.param("gpt-4o", (2.5, 10), id="name"),
        pytest.param("GPT-4o", (2.5, 10), id="capitals"),
        pytest.param("gpt-4o-2024-08-06", (2.5, 10), id="release"),
        pytest.param("gpt-4o-2024-05-13", (5, 15), id="release with a price of its own"),
        pytest.param("claude-sonnet-4-20250514", (3, 15), id="release without dashes"),
        pytest.param("claude-3-5-haiku-latest", (0.8, 4), id="latest release"),
        pytest.param("mistral-large-2411", (2, 6), id="release of a month"),
        pytest.param("openai/gpt-4o", (2.5, 10), id="with its provider"),
        pytest.param("azure/gpt-4o", (2.5, 10), id="with a provider that sells another's"),
        pytest.param("anthropic/claude-sonnet-4-20250514", (3, 15), id="release with its provider"),
    ],
)
def test_name_is_known(name: str, price: tuple[float, float]):
    assert dollars(name) == price


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("large", id="word"),
        pytest.param("claude", id="part of a name"),
        pytest.param("claude-3-haiku-support-bot", id="name of one's own that begins like another"),
        pytest.param("our-claude-v2", id="name of one's own that contains another"),
        pytest.param("gpt-4o-2099-01-01", id="release that never was"),
        pytest.param("mycompany/gpt-4o", id="unknown provider"),
        pytest.param("llama-3.1-70b", id="sold by many, each at a price of their own"),
        pytest.param("sonar", id="no provider"),
        pytest.param("perplexity/sonar", id="calls have a price besides tokens"),
        pytest.param("whisper-1", id="sold by the minute"),
        pytest.param("", id="nothing"),
        pytest.param("/", id="neither provider nor model"),
    ],
)
def test_name_is_not_known(name: str):
    assert dollars(name) is None


def test_embeddings_cost_what_goes_in():
    rate = table_rate("openai/text-embedding-3-small", at=NOON, input_tokens=100)

    assert rate.cost_microusd(100, None) == rate.cost_microusd(100, 0) == 2
    assert rate.cost_microusd(100, 1) is None


def test_nobody_is_asked_and_nothing_runs_beside():
    """In a process of its own, because a hook on what Python does is there to stay."""
    code = """
import sys, threading
def refuse(event, args):
    if event.startswith("socket."):
        raise AssertionError(event)
sys.addaudithook(refuse)
from datetime import UTC, datetime
from interactions.ingest.price_table import load_price_table, table_rate
load_price_table()
assert table_rate("gpt-4o", at=datetime(2025, 9, 1, tzinfo=UTC), input_tokens=1)
assert table_rate("no such model", at=datetime(2025, 9, 1, tzinfo=UTC), input_tokens=1) is None
assert threading.enumerate() == [threading.main_thread()]
"""
    subprocess.run([sys.executable, "-c", "import django; django.setup()" + code], check=True)
