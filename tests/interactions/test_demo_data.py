"""The demo: lifelike, the same for the same day, and made once."""

import ast
import re
import subprocess
import sys
import tracemalloc
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from io import StringIO
from itertools import islice, pairwise
from random import Random
from typing import Any

import orjson
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from config.env import BASE_DIR
from interactions.demo import (
    PLANS,
    ProjectPlan,
    create_demo_data,
    demo_eligible_users,
    demo_interactions,
)
from interactions.demo.material import fill, read_material
from interactions.eligible_users import NewEligibleUser, list_eligible_users
from interactions.ingest import parse_interaction
from interactions.models import (
    Conversation,
    EligibleUser,
    FeedbackAction,
    Interaction,
    InteractionText,
    Project,
)

SHOP, CODING = PLANS
# A Wednesday afternoon.
NOW = datetime(2025, 3, 12, 15, 30, tzinfo=UTC)

by_product = pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.slug)


def make_lines(
    plan: ProjectPlan = SHOP, *, count: int = 4000, seed: int = 1, now: datetime = NOW
) -> list[dict[str, Any]]:
    return _make_lines_once(plan.slug, count, seed, now)


@cache
def _make_lines_once(slug: str, count: int, seed: int, now: datetime) -> list[dict[str, Any]]:
    # Most tests look at the same lines; none changes them.
    (plan,) = (plan for plan in PLANS if plan.slug == slug)
    return list(demo_interactions(plan, count=count, seed=seed, now=now))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def seconds(line: dict[str, Any]) -> float:
    return (moment(line["time_end"]) - moment(line["time_start"])).total_seconds()


def slugs(line: dict[str, Any]) -> list[str]:
    return [action["slug"] for action in line.get("feedback_actions", [])]


def share(lines: Sequence[dict[str, Any]], slug: str) -> float:
    return sum(slug in slugs(line) for line in lines) / len(lines)


def conversations(lines: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    turns = defaultdict(list)
    for line in lines:
        turns[line["conversation_id"]].append(line)
    return turns


# What is made


@by_product
def test_every_line_can_be_imported(plan):
    for line in make_lines(plan):
        assert parse_interaction(orjson.loads(orjson.dumps(line))).end_user == line["end_user"]


@by_product
def test_ids_are_distinct(plan):
    lines = make_lines(plan)
    assert len({line["id"] for line in lines}) == len(lines)


def test_products_share_no_ids():
    assert {line["id"] for line in make_lines(SHOP)}.isdisjoint(line["id"] for line in make_lines(CODING))


@by_product
def test_count_falls_short_by_the_rest_of_today_alone(plan):
    midnight = NOW.replace(hour=0, minute=0)
    n_lines = len(make_lines(plan, count=4000))
    n_before_today = len(make_lines(plan, count=4000, now=midnight))
    n_after_today = len(make_lines(plan, count=4000, now=midnight + timedelta(hours=23, minutes=59)))
    assert n_before_today < n_lines < n_after_today <= 4000
    # A day is about one part in ninety; recent days are busier, and Wednesdays too.
    assert 4000 - n_before_today < 4000 * 3 / 90


@by_product
@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_few_are_made_too(plan, count):
    assert 1 <= len(make_lines(plan, count=count)) <= count


def test_nothing_is_held_in_memory():
    lines = demo_interactions(SHOP, count=1_000_000, seed=1, now=NOW)
    next(lines)
    tracemalloc.start()
    try:
        deque(islice(lines, 5000), maxlen=0)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The 5,000 lines together take more than 15 MB.
    assert peak_bytes < 1_000_000


# The same again


@by_product
def test_same_arguments_make_the_same_lines(plan):
    assert list(demo_interactions(plan, count=4000, seed=1, now=NOW)) == make_lines(plan)


def test_another_process_makes_the_same_lines():
    program = (
        "import django; django.setup(); from datetime import datetime; import orjson, sys;"
        "from interactions.demo import PLANS, demo_interactions;"
        f"now = datetime.fromisoformat({NOW.isoformat()!r});"
        "lines = demo_interactions(PLANS[0], count=300, seed=1, now=now);"
        "sys.stdout.buffer.write(orjson.dumps(list(lines)))"
    )
    # Only what hangs on hash() differs from process to process.
    printed = subprocess.run([sys.executable, "-c", program], cwd=BASE_DIR, capture_output=True, check=True)
    assert orjson.loads(printed.stdout) == make_lines(count=300)


def test_another_seed_makes_other_lines():
    assert {line["id"] for line in make_lines(seed=1)}.isdisjoint(line["id"] for line in make_lines(seed=2))
    assert make_lines(seed=1)[0]["time_start"] != make_lines(seed=2)[0]["time_start"]


@by_product
def test_later_the_same_day_there_is_only_more(plan):
    def without_feedback(lines):
        return {line["id"]: {**line, "feedback_actions": []} for line in lines}

    morning, evening = (make_lines(plan, now=NOW.replace(hour=hour)) for hour in (9, 21))
    assert without_feedback(morning).items() <= without_feedback(evening).items()
    assert len(morning) < len(evening)
    feedback = {line["id"]: line.get("feedback_actions", []) for line in evening}
    for line in morning:
        given = line.get("feedback_actions", [])
        assert given == feedback[line["id"]][: len(given)]


# When


@by_product
@pytest.mark.parametrize("hour", [0, 8, 23])
def test_nothing_lies_in_the_future(plan, hour):
    now = NOW.replace(hour=hour)
    lines = make_lines(plan, now=now)
    times = [line[name] for line in lines for name in ("time_start", "time_end")]
    times += [action["timestamp"] for line in lines for action in line.get("feedback_actions", [])]
    assert max(map(moment, times)) <= now


@by_product
def test_last_hours_to_ninety_days_ago(plan):
    starts = [moment(line["time_start"]) for line in make_lines(plan)]
    assert timedelta(days=88) < NOW - min(starts) < timedelta(days=90)
    assert NOW - max(starts) < timedelta(hours=3)


@by_product
def test_an_answer_follows_its_question(plan):
    assert all(0.05 < seconds(line) < 120 for line in make_lines(plan))


@by_product
def test_turns_of_a_conversation_follow_each_other(plan):
    lengths = Counter()
    for turns in conversations(make_lines(plan)).values():
        lengths[len(turns)] += 1
        for before, after in pairwise(turns):
            assert moment(before["time_end"]) < moment(after["time_start"])
        for name in ("end_user", "model", "language", "tags"):
            assert all(turn[name] == turns[0][name] for turn in turns)
    assert set(lengths) <= set(range(1, 13))
    assert lengths[1] > lengths[4] > lengths[8]
    assert max(lengths) >= 10


def test_developers_rest_at_the_weekend():
    by_weekday = Counter(moment(line["time_start"]).weekday() for line in make_lines(CODING))
    assert max(by_weekday[5], by_weekday[6]) < min(by_weekday[day] for day in range(5)) / 3


def test_shoppers_slow_down_at_the_weekend():
    by_weekday = Counter(moment(line["time_start"]).weekday() for line in make_lines(SHOP))
    assert max(by_weekday[5], by_weekday[6]) < min(by_weekday[day] for day in range(5))


@by_product
def test_nights_are_quiet(plan):
    by_hour = Counter(moment(line["time_start"]).hour for line in make_lines(plan))
    assert sum(by_hour[hour] for hour in range(1, 5)) < sum(by_hour[hour] for hour in range(14, 18)) / 5


@by_product
def test_traffic_grows(plan):
    ages = [(NOW - moment(line["time_start"])).days for line in make_lines(plan)]
    # Four whole weeks each, so that every weekday counts alike.
    assert sum(1 <= age < 29 for age in ages) > 1.3 * sum(61 <= age < 89 for age in ages)


# Who


@by_product
def test_few_regulars_and_many_who_come_once(plan):
    visits = Counter(turns[0]["end_user"] for turns in conversations(make_lines(plan, count=6000)).values())
    ranked = sorted(visits.values(), reverse=True)
    assert sum(n == 1 for n in ranked) > len(ranked) / 3
    assert sum(ranked[: len(ranked) // 10]) > sum(ranked) / 4
    assert ranked[0] < sum(ranked) / 20


@by_product
def test_a_user_stays_the_same_person(plan):
    def person(line):
        tags = {key: value for key, value in line["tags"].items() if key != "app_version"}
        return line["end_user_group_profile"], line["language"], tags

    persons = {}
    for line in make_lines(plan):
        assert persons.setdefault(line["end_user"], person(line)) == person(line)
    assert len({profile for profile, _, _ in persons.values()}) == len(plan.group_profiles)


@by_product
def test_users_take_new_versions_of_the_app_and_never_older_ones(plan):
    versions = defaultdict(list)
    for line in make_lines(plan):
        versions[line["end_user"]].append(plan.app_versions.index(line["tags"]["app_version"]))
    assert all(seen == sorted(seen) for seen in versions.values())
    assert {version for seen in versions.values() for version in seen} == set(range(len(plan.app_versions)))


# Whom it is for


def make_eligible(
    plan: ProjectPlan = SHOP, *, count: int = 4000, seed: int = 1, now: datetime = NOW
) -> list[NewEligibleUser]:
    return list(demo_eligible_users(plan, count=count, seed=seed, now=now))


@by_product
def test_whoever_asks_is_eligible_that_day(plan):
    eligible = {user.external_id: user for user in make_eligible(plan)}
    for line in make_lines(plan):
        user = eligible[line["end_user"]]
        assert NOW.date() - timedelta(days=89) <= user.active_from <= moment(line["time_start"]).date()
        assert user.active_to is None
        assert user.tags.items() <= line["tags"].items()


@by_product
def test_more_are_eligible_as_weeks_pass_and_not_all_of_them_ask(plan):
    first_days = [user.active_from for user in make_eligible(plan)]
    # A third was there from the start; the last came today or yesterday.
    assert 0.25 < first_days.count(NOW.date() - timedelta(days=89)) / len(first_days) < 0.35
    assert NOW.date() - timedelta(days=1) <= max(first_days) <= NOW.date()
    n_asking = len({line["end_user"] for line in make_lines(plan)})
    assert 0.1 < n_asking / len(first_days) < 0.9


@by_product
def test_eligible_users_are_distinct_and_the_same_again(plan):
    users = make_eligible(plan)
    assert len({user.external_id for user in users}) == len(users)
    assert make_eligible(plan) == users
    assert make_eligible(plan, seed=2) != users


@by_product
@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_few_eligible_users_hold_the_few_who_ask(plan, count):
    eligible = {user.external_id for user in make_eligible(plan, count=count)}
    assert {line["end_user"] for line in make_lines(plan, count=count)} <= eligible


# What it costs

# US dollars for a million tokens, in and out, which is micro-dollars for one.
PRICES = {
    "gpt-4o": (Decimal("2.50"), Decimal("10.00")),
    "gpt-4o-mini": (Decimal("0.15"), Decimal("0.60")),
    "mistral-large": (Decimal("2.00"), Decimal("6.00")),
    "claude-sonnet-4": (Decimal("3.00"), Decimal("15.00")),
}


@by_product
def test_cost_is_tokens_times_price(plan):
    unpriced = set()
    for line in make_lines(plan):
        if line["model"] not in PRICES:
            unpriced.add(line["model"])
            assert "cost" not in line
            continue
        input_price, output_price = PRICES[line["model"]]
        expected = line["input_tokens"] * input_price + line["output_tokens"] * output_price
        assert type(line["cost"]) is int
        assert abs(line["cost"] - expected) <= Decimal("0.5")
    assert unpriced == ({"qwen2.5-coder-32b"} if plan is CODING else set())


@by_product
def test_tokens_go_with_the_texts(plan):
    for turns in conversations(make_lines(plan)).values():
        for turn in turns:
            assert len(turn["output"]) / 4 <= turn["output_tokens"] <= len(turn["output"])
            assert turn["input_tokens"] > len(turn["input"]) / 4
        # The history is sent along.
        plain = [turn["input_tokens"] for turn in turns if "data_sources" not in turn]
        assert plain == sorted(plain)


@by_product
def test_long_answers_take_longer(plan):
    by_model = defaultdict(list)
    for line in make_lines(plan):
        if "data_sources" not in line:
            by_model[line["model"]].append((line["output_tokens"], seconds(line)))
    for pairs in by_model.values():
        pairs.sort()
        half = len(pairs) // 2
        shorter, longer = pairs[:half], pairs[-half:]
        assert sum(s for _, s in longer) > sum(s for _, s in shorter)


# What there is to find


def test_one_model_failed_twelve_days_ago():
    start = (NOW - timedelta(days=12)).replace(hour=6, minute=0)
    lines = [line for line in make_lines(SHOP, count=20_000) if line["model"] == "gpt-4o-mini"]
    during, week_before = (
        [line for line in lines if begin <= moment(line["time_start"]) < end]
        for begin, end in (
            (start, start + timedelta(hours=36)),
            (start - timedelta(days=7), start),
        )
    )
    assert sum(map(seconds, during)) / len(during) > 3 * sum(map(seconds, week_before)) / len(week_before)
    assert share(during, "thumbs_down") > 3 * share(week_before, "thumbs_down")


def test_the_shop_moves_to_the_small_model():
    lines = make_lines(SHOP)
    months = lines[: len(lines) // 3], lines[-len(lines) // 3 :]
    first, last = (sum(line["cost"] for line in month) / len(month) for month in months)
    assert last < first / 1.3


@by_product
def test_japanese_answers_miss_more_often(plan):
    missed = defaultdict(list)
    for line in make_lines(plan, count=20_000):
        missed[line["language"]].append("type_of_problem" in line)
    shares = {language: sum(each) / len(each) for language, each in missed.items()}
    assert set(shares) == set(plan.languages)
    assert shares["japanese"] > 1.5 * shares["english"]


@by_product
def test_thorough_prompt_gets_fewer_thumbs_down(plan):
    lines = make_lines(plan, count=20_000)
    thorough, concise = (
        [line for line in lines if line["tags"]["prompt"] == prompt] for prompt in ("thorough", "concise")
    )
    assert share(thorough, "thumbs_down") < share(concise, "thumbs_down")


# Quality and what people make of it


@by_product
def test_feedback_goes_with_quality(plan):
    lines = make_lines(plan)
    poor = [line for line in lines if "type_of_problem" in line]
    good = [line for line in lines if "type_of_problem" not in line]
    assert 0.05 < len(poor) / len(lines) < 0.2
    for slug in ("thumbs_down", "regenerate"):
        assert share(poor, slug) > 4 * share(good, slug)
    for slug in ("thumbs_up", "copy_output"):
        assert share(good, slug) > 4 * share(poor, slug)


@by_product
def test_feedback_follows_the_answer_one_of_a_kind(plan):
    for line in make_lines(plan):
        actions = line.get("feedback_actions", [])
        assert all(action["timestamp"] > line["time_end"] for action in actions)
        assert len(set(slugs(line))) == len(actions)
        assert not {"thumbs_up", "thumbs_down"} <= set(slugs(line))


@by_product
def test_every_action_of_the_plan_is_taken(plan):
    taken = {slug for line in make_lines(plan) for slug in slugs(line)}
    assert taken == set(plan.feedback)


@by_product
def test_ratings_go_with_quality(plan):
    ratings = defaultdict(list)
    for line in make_lines(plan):
        for action in line.get("feedback_actions", []):
            if action["slug"] == "rating":
                ratings["type_of_problem" in line].append(action["value"])
    assert {*ratings[True], *ratings[False]} == {1, 2, 3, 4, 5}
    assert max(ratings[True]) <= min(ratings[False]) == 3


@by_product
def test_complaints_follow_poor_answers(plan):
    n_complaints = 0
    for turns in conversations(make_lines(plan)).values():
        assert "negative_intent" not in turns[0]
        for before, after in pairwise(turns):
            if "negative_intent" in after:
                n_complaints += 1
                assert "type_of_problem" in before
                assert after["negative_intent_message"]
                assert after["sentiment"] < 0.2
    assert n_complaints > 50


@by_product
def test_optional_labels_are_there_and_not_everywhere(plan):
    lines = make_lines(plan)
    for name in ("topic", "intent", "keywords", "data_sources", "emotions", "user_query"):
        assert 0.1 < sum(name in line for line in lines) / len(lines) < 0.97, name
    assert 0 < sum("warning_message" in line for line in lines) < len(lines) / 50
    assert {len(line.get("keywords", [])) for line in lines} == {0, 1, 2, 3}


# The material


def material_texts(plan: ProjectPlan) -> list[str]:
    """Every text of the product's file, with words in its slots."""
    material = read_material(plan.material)
    texts = [*material.negative_intents.values(), *material.warnings]
    for voice in material.voices.values():
        pairs = [*voice.poor_answers, *voice.complaints, *voice.thanks]
        texts += [*voice.apologies, *voice.liked, *voice.disliked, *(text for pair in pairs for text in pair)]
    for scene in (scene for scenes in material.scenes.values() for scene in scenes):
        pairs = [*scene.poor_answers, *scene.follow_ups]
        texts += [*scene.questions, *scene.answers, *(text for pair in pairs for text in pair)]
        texts += [scene.user_query or ""]
    words = {**material.draw_words(Random(1)), "topic": "a topic"}
    return [fill(text, words) for text in texts]


@by_product
def test_every_slot_has_a_word(plan):
    assert not [text for text in material_texts(plan) if "{{" in text or "}}" in text]


@by_product
def test_every_language_has_a_voice_and_scenes(plan):
    material = read_material(plan.material)
    assert set(plan.languages) == set(material.voices) == set(material.scenes)


@by_product
def test_sources_and_what_they_are_searched_for_come_together(plan):
    for scenes in read_material(plan.material).scenes.values():
        for scene in scenes:
            assert bool(scene.data_sources) == (scene.user_query is not None)


@by_product
def test_every_complaint_is_explained(plan):
    material = read_material(plan.material)
    used = {one.negative_intent for voice in material.voices.values() for one in voice.complaints}
    assert used == set(material.negative_intents)


def test_python_of_the_coding_assistant_is_python():
    blocks = [
        code
        for text in material_texts(CODING)
        for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    ]
    assert len(blocks) > 8
    for code in blocks:
        # Some blocks are the inside of a function.
        ast.parse("def scope():\n" + "".join(f"    {line}\n" for line in code.splitlines()))


# Storing it


def contents() -> tuple[list, int, int, int]:
    """What is stored, in a form that shows any change."""
    rows = Interaction.objects.order_by("id").values_list("id", "public_id", "started_at", "project__name")
    others = (FeedbackAction, Conversation, EligibleUser)
    return list(rows), *(model.objects.count() for model in others)


def create(*arguments: str) -> str:
    output = StringIO()
    call_command("create_demo_data", *arguments, stdout=output)
    return output.getvalue()


@pytest.mark.django_db
def test_command_fills_both_projects_and_says_so():
    output = create("--interactions", "300")
    n_shop, n_coding = (Interaction.objects.filter(project__name=plan.name).count() for plan in PLANS)
    assert output == (
        f"Web shop assistant (demo): {n_shop} interactions made.\n"
        f"Coding assistant (demo): {n_coding} interactions made.\n"
    )
    assert 160 < n_shop <= 180
    assert 100 < n_coding <= 120


@pytest.mark.django_db
def test_stored_rows_are_the_lines():
    create_demo_data(count=100, seed=1, now=NOW, on_progress=lambda n: None)
    lines = {line["id"]: line for line in make_lines(SHOP, count=60)}
    rows = Interaction.objects.filter(project__name=SHOP.name).select_related(
        "end_user", "conversation", "model"
    )
    assert {str(row.public_id) for row in rows} == set(lines)
    for row in rows:
        line = lines[str(row.public_id)]
        assert (row.end_user.external_id, row.conversation.external_id, row.model.value, row.started_at) == (
            line["end_user"],
            line["conversation_id"],
            line["model"],
            moment(line["time_start"]),
        )
        assert (row.cost_microusd, row.latency_us) == (line["cost"], round(seconds(line) * 1_000_000))
    assert FeedbackAction.objects.filter(interaction__in=rows).count() == sum(
        len(slugs(line)) for line in lines.values()
    )


@pytest.mark.django_db
def test_eligible_users_are_listed():
    create_demo_data(count=3000, seed=1, now=NOW, on_progress=lambda n: None)
    for plan, count in ((SHOP, 1800), (CODING, 1200)):
        listed = list_eligible_users(Project.objects.get(name=plan.name).pk)
        assert listed == sorted(make_eligible(plan, count=count), key=lambda user: user.external_id)


@pytest.mark.django_db
def test_second_run_changes_nothing_and_says_so():
    create("--interactions", "100")
    before = contents()
    output = create("--interactions", "100")
    assert contents() == before
    n_shop, n_coding = (Interaction.objects.filter(project__name=plan.name).count() for plan in PLANS)
    assert output == (
        f"Web shop assistant (demo): left as it is, with {n_shop} interactions.\n"
        f"Coding assistant (demo): left as it is, with {n_coding} interactions.\n"
    )


@pytest.mark.django_db
def test_tomorrow_and_with_other_arguments_nothing_is_doubled():
    create_demo_data(count=100, seed=1, now=NOW, on_progress=lambda n: None)
    before = contents()
    create_demo_data(count=200, seed=2, now=NOW + timedelta(days=1), on_progress=lambda n: None)
    assert contents() == before


@pytest.mark.django_db
def test_interrupted_run_leaves_nothing_and_can_be_repeated():
    def interrupt(n_interactions: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create_demo_data(count=100, seed=1, now=NOW, on_progress=interrupt)
    assert not Interaction.objects.exists()
    assert not Project.objects.exists()
    projects = create_demo_data(count=100, seed=1, now=NOW, on_progress=lambda n: None)
    assert [project.is_new for project in projects] == [True, True]


@pytest.mark.django_db
def test_progress_is_told_batch_by_batch():
    told = []
    projects = create_demo_data(count=2600, seed=1, now=NOW, on_progress=told.append)
    n_shop, n_coding = (project.n_interactions for project in projects)
    assert told == [1000, n_shop - 1000, 1000, n_coding - 1000]


@pytest.mark.django_db
def test_personal_data_is_there_to_be_masked():
    create_demo_data(count=2600, seed=1, now=NOW, on_progress=lambda n: None)
    lines = [*make_lines(SHOP, count=1560), *make_lines(CODING, count=1040)]
    marks = ("@example.", "555-01", "4111 1111", "5555 5555", "203.0.113.", "198.51.100.", "192.0.2.")
    for mark in marks:
        assert any(mark in line["input"] for line in lines), mark
        assert not InteractionText.objects.filter(input__contains=mark).exists(), mark
    expected = {line["id"] for line in lines if any(mark in line["input"] + line["output"] for mark in marks)}
    masked = Interaction.objects.filter(has_pii=True).values_list("public_id", flat=True)
    assert {str(public_id) for public_id in masked} == expected


@pytest.mark.django_db
def test_one_interaction_is_enough():
    create("--interactions", "1")
    assert list(Interaction.objects.values_list("project__name", flat=True)) == [SHOP.name]
    assert Project.objects.count() == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--interactions", "0"), "--interactions: 0 is not a whole number from 1 to 1,000,000."),
        (("--interactions", "-5"), "--interactions: -5 is not a whole number from 1 to 1,000,000."),
        (("--interactions", "1000001"), "--interactions: 1000001 is not a whole number from 1 to 1,000,000."),
        (("--interactions", "many"), "Error: argument --interactions: invalid int value: 'many'"),
        (("--interactions", "1e4"), "Error: argument --interactions: invalid int value: '1e4'"),
        (("--seed", "lucky"), "Error: argument --seed: invalid int value: 'lucky'"),
    ],
    ids=["zero", "negative", "too many", "a word", "a float", "seed in words"],
)
def test_nonsense_is_refused(arguments, message):
    with pytest.raises(CommandError) as refusal:
        create(*arguments)
    assert str(refusal.value) == message


@pytest.mark.django_db
def test_no_progress_bar_outside_a_terminal(capsys):
    create("--interactions", "50")
    assert capsys.readouterr().err == ""
