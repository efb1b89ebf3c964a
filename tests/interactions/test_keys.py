"""Keys: issued, found, refused, revoked."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from interactions.keys import KeyHolder, find_key_holder, issue_key, revoke_key
from interactions.models import Project, ProjectAPIKey

SECRET = "s" * 32

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="Shop")


def issue(project: Project, **changes) -> str:
    return issue_key(project, **({"name": "a test"} | changes))


def row_of(key: str) -> ProjectAPIKey:
    return ProjectAPIKey.objects.get(prefix=key.partition(".")[0])


def test_issued_key_finds_its_project_and_default_scopes(project: Project):
    key = issue(project)

    assert find_key_holder(key) == KeyHolder(
        project_id=project.pk,
        n_sealed=0,
        prefix=key[:8],
        name="a test",
        scopes=frozenset({"query", "ingest"}),
    )


def test_issued_key_keeps_what_was_asked_for(project: Project):
    expires_at = datetime(2999, 1, 1, tzinfo=UTC)

    key = issue(project, name="exporter", scopes="manage", expires_at=expires_at)

    assert find_key_holder(key).scopes == frozenset({"manage"})
    row = row_of(key)
    assert (row.project, row.name, row.expiry_date) == (project, "exporter", expires_at)


def test_key_itself_is_not_stored(project: Project):
    key = issue(project)

    stored = ProjectAPIKey.objects.values().get()
    assert key.partition(".")[2] not in " ".join(map(str, stored.values()))


def test_each_key_opens_its_own_project(project: Project):
    other = Project.objects.create(name="Bank")

    keys = {project.pk: issue(project), other.pk: issue(other)}

    assert {owner: find_key_holder(key).project_id for owner, key in keys.items()} == {
        project.pk: project.pk,
        other.pk: other.pk,
    }


def test_finding_the_holder_costs_one_query(project: Project, django_assert_num_queries):
    key = issue(project)

    # Every request pays for it.
    with django_assert_num_queries(1):
        find_key_holder(key)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("", id="empty"),
        pytest.param(".", id="dot"),
        pytest.param("abcdefgh", id="prefix alone"),
        pytest.param(f"abcdefgh{SECRET}", id="no dot"),
        pytest.param(f"abcdefgh.{SECRET[1:]}", id="short secret"),
        pytest.param(f"abcdefgh.{SECRET}s", id="long secret"),
        pytest.param(f"abcdefg.{SECRET}s", id="short prefix"),
        pytest.param(f"abcdefg\x00.{SECRET}", id="NUL"),
        pytest.param(f"abcdefgh.{SECRET}\n", id="line break"),
        pytest.param(f"äbcdefgh.{SECRET}", id="other letter"),
        pytest.param(f"abcdefg٣.{SECRET}", id="other digit"),
        pytest.param(f"abcdefg'.{SECRET}", id="quote"),
        pytest.param("a" * 1_000_000, id="huge"),
    ],
)
def test_malformed_key_never_reaches_the_database(key: str, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert find_key_holder(key) is None


def test_unknown_key_finds_nobody(project: Project):
    issue(project)

    assert find_key_holder(f"abcdefgh.{SECRET}") is None


def test_known_prefix_with_another_secret_finds_nobody(project: Project):
    key = issue(project)
    other = issue(project)

    assert find_key_holder(f"{key[:8]}.{SECRET}") is None
    assert find_key_holder(key[:9] + other[9:]) is None
    assert find_key_holder(key.swapcase()) is None


def test_revoked_key_finds_nobody_from_the_next_call(project: Project):
    key, kept = issue(project), issue(project)
    assert find_key_holder(key) is not None

    assert revoke_key(key[:8]) is True

    assert find_key_holder(key) is None
    assert find_key_holder(kept) is not None


def test_revoking_again_changes_nothing(project: Project):
    key = issue(project)

    assert [revoke_key(key[:8]), revoke_key(key[:8])] == [True, True]
    assert row_of(key).revoked


@pytest.mark.parametrize("prefix", ["abcdefgh", "", "abcdefg\x00", "%"])
def test_revoking_an_unknown_key_says_so(project: Project, prefix: str):
    key = issue(project)

    assert revoke_key(prefix) is False
    assert find_key_holder(key) is not None


@pytest.mark.parametrize(
    ("left", "found"),
    [
        (timedelta(microseconds=-1), False),
        (timedelta(0), False),
        (timedelta(microseconds=1), True),
        (timedelta(hours=1), True),
    ],
    ids=["just past", "this moment", "just ahead", "an hour ahead"],
)
# The database compares texts in SQLite, which write no fraction for a whole second.
@pytest.mark.parametrize("microsecond", [0, 500_000], ids=["whole second", "half second"])
def test_key_opens_nothing_from_its_expiry_on(
    project: Project, monkeypatch: pytest.MonkeyPatch, left: timedelta, found: bool, microsecond: int
):
    now = datetime(2026, 3, 1, 12, 0, 0, microsecond, tzinfo=UTC)
    key = issue(project)
    ProjectAPIKey.objects.update(expiry_date=now + left)
    monkeypatch.setattr(timezone, "now", lambda: now)

    assert (find_key_holder(key) is not None) is found


def test_keys_of_a_deleted_project_open_nothing(project: Project):
    key = issue(project)

    project.delete()

    assert find_key_holder(key) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": ""}, "This field cannot be blank."),
        ({"name": "n" * 51}, "Ensure this value has at most 50 characters (it has 51)."),
        ({"name": "a\x00b"}, "A name holds no control characters."),
        ({"scopes": "query everything"}, "Unknown scopes 'query everything'. Known: query, ingest, manage."),
        ({"scopes": ""}, "This field cannot be blank."),
        (
            {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)},
            "2020-01-01T00:00:00+00:00 is past; a key expires in the future.",
        ),
    ],
    ids=["no name", "long name", "control character", "unknown scope", "no scope", "past expiry"],
)
def test_wrong_key_is_refused(project: Project, changes: dict, message: str):
    with pytest.raises(ValidationError) as refusal:
        issue(project, **changes)

    assert refusal.value.messages == [message]
    assert not ProjectAPIKey.objects.exists()
