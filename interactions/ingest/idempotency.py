"""The same request twice, told by its Idempotency-Key: answered once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from hashlib import sha256

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone

from interactions.models import IdempotentAnswer

from .new_interaction import NewInteraction
from .record import IngestResult, build_records, store_records
from .transactions import in_project

# A client that asks again does so within minutes.
KEPT_FOR = timedelta(days=1)
MAX_KEY_CHARS = 255


class AnotherRequest(ValueError):
    """The key was used for a request with another body."""


def record_once(
    project_id: int,
    items: Sequence[NewInteraction],
    answer: Callable[[IngestResult], str],
    *,
    key: str,
    body: bytes,
    anonymize: bool = True,
    using: str = DEFAULT_DB_ALIAS,
) -> str:
    """Store a batch as `record_interactions` does, unless the key says that this was done.

    answer: makes the text that is kept, in the transaction of what it tells, for KEPT_FOR.
    key: at most MAX_KEY_CHARS. body: what must be the same when the key is.
    Returns the text; the first one when there is one. Raises AnotherRequest, BatchTooLarge.
    """
    records = build_records(project_id, items, anonymize=anonymize)
    digest = sha256(body).digest()

    def work() -> str:
        answers = IdempotentAnswer.objects.using(using)
        answers.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()
        if earlier := answers.filter(project_id=project_id, key=key).first():
            if bytes(earlier.digest) != digest:
                raise AnotherRequest
            return earlier.answer
        text = answer(store_records(using, project_id, records))
        answers.create(project_id=project_id, key=key, digest=digest, answer=text, created_at=timezone.now())
        return text

    return in_project(using, project_id, {record.end_user for record in records}, work)
