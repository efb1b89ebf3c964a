"""Pieces of one trace that arrive at the same time end as the whole, too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from interactions.models import Project
from tests.analytics_api.test_otlp_traces import ONE_REQUEST
from tests.otlp import Span, export
from tests.storage import stored


@pytest.mark.django_db(transaction=True)
def test_pieces_that_arrive_together_end_as_the_whole():
    whole, pieces = (Project.objects.create(name=name) for name in ("whole", "pieces"))
    export(whole, *ONE_REQUEST)

    def send(piece: Span) -> None:
        try:
            export(pieces, piece)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(ONE_REQUEST)) as exporters:
        list(exporters.map(send, ONE_REQUEST))

    assert stored(pieces) == stored(whole)
