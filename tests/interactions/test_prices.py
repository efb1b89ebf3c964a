"""The cost of an interaction that came without one: its tokens at the price of its model, of its day."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from interactions.ingest import NewInteraction, Outcome, parse_interaction, record_interactions
from interactions.models import ModelPrice, Project
from tests.storage import stored

pytestmark = pytest.mark.django_db

# What Anthropic, OpenAI and Google publish: dollars for a million tokens in and out.
SONNET_4 = ("3", "15")
GPT_4O_MINI = ("0.15", "0.60")
GEMINI_2_5_PRO = ("1.25", "10")
GEMINI_2_5_PRO_OVER_200K = ("2.50", "15")
O3_AT_FIRST = ("10", "40")
O3_SINCE_JUNE_2025 = ("2", "8")

LINE: dict[str, Any] = {
    "id": "00000000-0000-4000-8000-000000000001",
    "end_user": "ada",
    "time_start": "2024-05-27T10:00:00Z",
    "input": "Where is it?",
    "output": "Soon.",
}


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="shop")


def item(**changes: Any) -> NewInteraction:
    line = LINE | changes
    return parse_interaction(line | {"time_end": line["time_start"]})


def send(project: Project, **line: Any) -> Outcome:
    (outcome,) = record_interactions(project, [item(**line)]).outcomes
    return outcome


def cost(project: Project, **line: Any) -> int | None:
    """What is stored as the cost of a line, sent with whatever was sent before of it."""
    send(project, **line)
    (row,) = stored(project)
    return row["cost_microusd"]


def priced(usd_per_mtok: tuple[str, str], input_tokens: int, output_tokens: int) -> int:
    """Dollars for a million tokens are micro-dollars for one; a half goes to the even number."""
    into, out = map(Fraction, usd_per_mtok)
    return round(into * input_tokens + out * output_tokens)


def set_price(project: Project | None, dollars: int, **changes: Any) -> ModelPrice:
    """Each way so many dollars for a million tokens of our own model."""
    prices = dict.fromkeys(("input_microusd_per_mtok", "output_microusd_per_mtok"), dollars * 1_000_000)
    return ModelPrice.objects.create(**{"project": project, "model": "ours", **prices} | changes)


# It works


@pytest.mark.parametrize(
    ("model", "price", "input_tokens", "output_tokens"),
    [
        pytest.param("claude-sonnet-4", SONNET_4, 374, 44, id="whole dollars"),
        pytest.param("gpt-4o-mini", GPT_4O_MINI, 101, 7, id="parts of a micro-dollar"),
        pytest.param("gpt-4o-mini", GPT_4O_MINI, 10, 0, id="half, to the even one below"),
        pytest.param("gpt-4o-mini", GPT_4O_MINI, 30, 0, id="half, to the even one at hand"),
        pytest.param("gpt-4o-mini", GPT_4O_MINI, 0, 0, id="no tokens, no cost"),
        pytest.param("claude-sonnet-4", SONNET_4, 2_000_000_000, 1, id="exact where a float is not"),
        pytest.param("gemini-2.5-pro", GEMINI_2_5_PRO, 200_000, 10, id="last of the lower tier"),
        pytest.param("gemini-2.5-pro", GEMINI_2_5_PRO_OVER_200K, 200_001, 10, id="all dearer beyond"),
    ],
)
def test_cost_is_tokens_by_price(
    project: Project, model: str, price: tuple[str, str], input_tokens: int, output_tokens: int
):
    line = {"model": model, "input_tokens": input_tokens, "output_tokens": output_tokens}

    assert cost(project, **line) == priced(price, input_tokens, output_tokens)


def test_sent_cost_is_kept(project: Project):
    assert cost(project, model="claude-sonnet-4", input_tokens=374, output_tokens=44, cost=7) == 7
    assert cost(project, model="claude-sonnet-4", input_tokens=374, output_tokens=44, cost=0) == 0


@pytest.mark.parametrize(
    ("start", "price"),
    [
        pytest.param("2025-05-01T10:00:00Z", O3_AT_FIRST, id="before"),
        pytest.param("2025-07-01T10:00:00Z", O3_SINCE_JUNE_2025, id="after"),
    ],
)
def test_price_is_that_of_the_time_of_the_interaction(project: Project, start: str, price: tuple[str, str]):
    line = {"model": "o3", "input_tokens": 1000, "output_tokens": 100}

    assert cost(project, time_start=start, **line) == priced(price, 1000, 100)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param({"model": "ours", "input_tokens": 5, "output_tokens": 5}, id="unknown model"),
        pytest.param({"input_tokens": 5, "output_tokens": 5}, id="no model"),
        pytest.param({"model": "gpt-4o"}, id="no tokens"),
        pytest.param({"model": "gpt-4o", "input_tokens": 5}, id="no output tokens"),
        pytest.param({"model": "gpt-4o", "output_tokens": 5}, id="no input tokens"),
        pytest.param(
            {"model": "o1-pro", "input_tokens": 2_000_000_000, "output_tokens": 2_000_000_000},
            id="dearer than an interaction may be",
        ),
    ],
)
def test_what_is_not_known_has_no_cost(project: Project, line: dict[str, Any]):
    assert cost(project, **line) is None


# Prices that staff set


def test_set_price_holds_for_unknown_models_and_before_the_table(project: Project):
    set_price(project, 7)
    set_price(project, 9, model="gpt-4o")

    assert cost(project, model="ours", input_tokens=100, output_tokens=3) == 7 * 103
    assert cost(project, model="gpt-4o", input_tokens=100, output_tokens=3) == 9 * 103


def test_price_of_the_project_goes_before_that_of_all(project: Project):
    set_price(project, 7)
    set_price(None, 5, starts_on=date(2024, 1, 1))
    set_price(Project.objects.create(name="stranger"), 3)
    line = {"model": "ours", "input_tokens": 1, "output_tokens": 0}

    assert cost(project, **line) == 7
    ModelPrice.objects.filter(project=project).delete()
    assert cost(project, **line | {"input_tokens": 2}) == 2 * 5


@pytest.mark.parametrize(
    ("day", "dollars"), [("2024-05-31", 5), ("2024-06-01", 7), ("2024-06-30", 7), ("2024-07-01", 9)]
)
def test_set_price_is_the_latest_that_had_started_by_the_day(project: Project, day: str, dollars: int):
    for first_day, price in ((date(2024, 7, 1), 9), (date.min, 5), (date(2024, 6, 1), 7)):
        set_price(project, price, starts_on=first_day)
    line = {"model": "ours", "input_tokens": 1, "output_tokens": 0}

    assert cost(project, time_start=f"{day}T23:59:59Z", **line) == dollars
    # Days are those of UTC.
    assert cost(project, time_start=f"{day}T02:00:00+02:00", **line) == dollars


def test_free_model_costs_nothing_which_is_known(project: Project):
    set_price(project, 0)

    assert cost(project, model="ours", input_tokens=5, output_tokens=5) == 0


def test_price_is_said_once_for_a_day():
    project = Project.objects.create(name="shop")
    for owner in (project, None):
        set_price(owner, 1)
        with pytest.raises(IntegrityError), transaction.atomic():
            set_price(owner, 2)


@pytest.mark.parametrize("price", [-1, 1_000_000_000_001])
@pytest.mark.parametrize("field", ["input_microusd_per_mtok", "output_microusd_per_mtok"])
def test_price_beyond_reason_is_refused_by_the_database(project: Project, field: str, price: int):
    with pytest.raises(IntegrityError), transaction.atomic():
        set_price(project, 1, **{field: price})


# Sent again


TOKENS: dict[str, Any] = {"model": "ours", "input_tokens": 100, "output_tokens": 10}


@pytest.mark.parametrize("again", [TOKENS, {}, {"topic": "billing"}], ids=["all", "nothing", "a label"])
def test_computed_cost_stays_when_the_price_changes(project: Project, again: dict[str, Any]):
    price = set_price(project, 7)
    cost(project, **TOKENS)
    ModelPrice.objects.filter(pk=price.pk).update(input_microusd_per_mtok=1)

    assert cost(project, **again) == 7 * 110


@pytest.mark.parametrize(
    ("again", "dollars"),
    [
        pytest.param({"input_tokens": 200}, 7 * 210, id="tokens"),
        pytest.param({"model": "theirs"}, 3 * 110, id="model"),
        pytest.param({"model": "nobody's"}, None, id="unknown model"),
        pytest.param({"time_start": "2024-07-01T10:00:00Z"}, 9 * 110, id="start"),
    ],
)
def test_computed_cost_follows_what_it_is_computed_from(
    project: Project, again: dict[str, Any], dollars: int | None
):
    set_price(project, 7)
    set_price(project, 9, starts_on=date(2024, 7, 1))
    set_price(project, 3, model="theirs")
    cost(project, **TOKENS)

    assert cost(project, **again) == dollars


def test_cost_is_computed_once_model_and_tokens_are_together(project: Project):
    set_price(project, 7)

    assert cost(project, model="ours") is None
    assert cost(project, input_tokens=100) is None
    assert cost(project, output_tokens=10) == 7 * 110


def test_interaction_without_a_cost_gets_one_when_it_is_sent_after_its_price_was_set(project: Project):
    assert cost(project, **TOKENS) is None
    set_price(project, 7)

    assert send(project, **TOKENS) == Outcome.UPDATED
    assert send(project, **TOKENS) == Outcome.UNCHANGED
    assert stored(project)[0]["cost_microusd"] == 7 * 110


def test_sent_cost_replaces_a_computed_one_and_stays(project: Project):
    set_price(project, 7)
    cost(project, **TOKENS)

    assert cost(project, cost=5) == 5
    assert cost(project, input_tokens=200) == 5


def test_computed_cost_that_is_sent_back_changes_nothing(project: Project):
    set_price(project, 7)
    cost(project, **TOKENS)

    assert send(project, **TOKENS, cost=7 * 110) == Outcome.UNCHANGED
    assert cost(project, input_tokens=200) == 7 * 210


def test_repeats_within_a_batch_come_to_the_cost_of_what_they_say_together(project: Project):
    set_price(project, 7)
    lines = [{"model": "ours"}, {"input_tokens": 1}, {"output_tokens": 2}, {"input_tokens": 3}]
    record_interactions(project, [item(**line) for line in lines])

    assert stored(project)[0]["cost_microusd"] == 7 * 5


# What it asks of the database


def test_prices_are_read_once_a_batch_and_only_when_a_cost_is_missing(project: Project):
    def readings(**line: Any) -> int:
        batch = [item(id=None, end_user=f"user {number}", **line) for number in range(20)]
        with CaptureQueriesContext(connection) as queries:
            record_interactions(project, batch)
        return sum(ModelPrice._meta.db_table in query["sql"] for query in queries)

    tokens = {"input_tokens": 5, "output_tokens": 5}
    assert readings(model="gpt-4o", **tokens) == readings(model="ours", **tokens) == 1
    assert readings(model="gpt-4o", cost=5, **tokens) == readings(model="gpt-4o") == readings() == 0


# Several calls


def call(model: str | None, input_tokens: int | None, output_tokens: int | None) -> dict[str, Any]:
    return {"model": model, "input_tokens": input_tokens, "output_tokens": output_tokens}


LARGE, SMALL = call("claude-sonnet-4", 374, 44), call("gpt-4o-mini", 101, 7)


@pytest.mark.parametrize(
    ("calls", "microusd"),
    [
        pytest.param(
            [LARGE, SMALL], priced(SONNET_4, 374, 44) + priced(GPT_4O_MINI, 101, 7), id="two models"
        ),
        pytest.param(
            [call("gemini-2.5-pro", 150_000, 10)] * 2, 2 * priced(GEMINI_2_5_PRO, 150_000, 10), id="two sizes"
        ),
        pytest.param([LARGE, call("ours", 5, 5)], None, id="one unknown"),
        pytest.param([LARGE, call(None, None, None)], None, id="one that tells nothing"),
    ],
)
def test_calls_are_priced_one_by_one(project: Project, calls: list[dict[str, Any]], microusd: int | None):
    sums = {name: sum(each[name] or 0 for each in calls) for name in ("input_tokens", "output_tokens")}

    assert cost(project, model=calls[0]["model"], **sums, model_calls=calls) == microusd


def test_calls_go_with_the_tokens_they_came_with(project: Project):
    set_price(project, 7)
    first = {"model": "ours", "input_tokens": 1000, "output_tokens": 0, "model_calls": [LARGE, SMALL]}
    later = {"topic": "billing"}
    record_interactions(project, [item(**first), item(**later)])
    assert stored(project)[0]["cost_microusd"] == priced(SONNET_4, 374, 44) + priced(GPT_4O_MINI, 101, 7)

    assert cost(project, input_tokens=2000) == 7 * 2000


def test_cost_of_calls_does_not_follow_the_start_alone(project: Project):
    set_price(project, 7)
    sent = {"model": "ours", "input_tokens": 475, "output_tokens": 51}
    of_calls = cost(project, **sent, model_calls=[LARGE, SMALL])

    assert of_calls == priced(SONNET_4, 374, 44) + priced(GPT_4O_MINI, 101, 7)
    assert cost(project, time_start="2024-05-28T10:00:00Z") == of_calls
    assert cost(project, **sent) == of_calls
    assert cost(project, output_tokens=52) == 7 * (475 + 52)
