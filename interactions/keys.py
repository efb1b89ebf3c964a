"""API keys: issued once, looked up on every request, revoked at once."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from interactions.models import DEFAULT_SCOPES, Project, ProjectAPIKey
from interactions.projects import refuse_control_characters

# Prefix and secret as the library makes them. Checked before the database is asked, so that
# neither garbage nor a NUL, which PostgreSQL refuses with an error, gets that far.
_PREFIX_FORM = re.compile(r"[A-Za-z0-9]{8}")
_KEY_FORM = re.compile(rf"({_PREFIX_FORM.pattern})\.[A-Za-z0-9]{{32}}")

# Every request pays for this lookup, and the ORM's takes several times as long. The unique
# index on prefix serves it.
_FIND_KEY = f"""
    SELECT project_id, prefix, api_key.name, scopes, hashed_key, n_sealed
    FROM {ProjectAPIKey._meta.db_table} api_key
    JOIN {Project._meta.db_table} project ON project.id = api_key.project_id
    WHERE prefix = %s AND NOT revoked AND (expiry_date IS NULL OR expiry_date > %s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHolder:
    """Who a request comes from: the project its key opens and what the key may do there.

    n_sealed: interactions of the project in sealed files, which tells how large it is at least.
    prefix, name: of the key.
    """

    project_id: int
    n_sealed: int
    prefix: str
    name: str
    scopes: frozenset[str]


def issue_key(
    project: Project, *, name: str, scopes: str = DEFAULT_SCOPES, expires_at: datetime | None = None
) -> str:
    """Make a key and return it in clear: only its hash is stored, so this is the one chance.

    scopes: words separated by single spaces. expires_at: aware; None means never.
    Raises ValidationError on a name that is empty or too long, an unknown scope or a past expiry.
    """
    refuse_control_characters(name)
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationError(f"{expires_at.isoformat()} is past; a key expires in the future.")
    row = ProjectAPIKey(project=project, name=name, scopes=scopes, expiry_date=expires_at)
    key = ProjectAPIKey.objects.assign_key(row)
    row.full_clean()
    row.save()
    return key


def find_key_holder(key: str) -> KeyHolder | None:
    """The holder of a valid key; None when it is malformed, unknown, revoked or expired.

    Nothing is remembered between calls: a key that was revoked a moment ago opens nothing.
    """
    form = _KEY_FORM.fullmatch(key)
    if form is None:
        return None
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute(_FIND_KEY, [form[1], now])
        row = cursor.fetchone()
    if row is None:
        return None
    project_id, prefix, name, scopes, hashed_key, n_sealed = row
    # Compares in constant time. The prefix is no secret, the rest of the key is.
    if not ProjectAPIKey.objects.key_generator.verify(key, hashed_key):
        return None
    return KeyHolder(
        project_id=project_id,
        n_sealed=n_sealed,
        prefix=prefix,
        name=name,
        scopes=frozenset(scopes.split()),
    )


def revoke_key(prefix: str) -> bool:
    """Revoke the key of this prefix, again if need be. False when there is none."""
    if _PREFIX_FORM.fullmatch(prefix) is None:
        return False
    return bool(ProjectAPIKey.objects.filter(prefix=prefix).update(revoked=True))
