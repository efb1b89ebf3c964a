"""Two hundred senders at once: what is acknowledged is stored once, whole, and in the next answer."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from interactions.models import FeedbackAction, WaitingTags
from tests.clients.installation import installation
from tests.storage import COUNTERS, stored
from tests.traffic.expected import events_by_line, expected_row
from tests.traffic.scripts import make_scripts
from tests.traffic.senders import Sender, send_at_once

# The senders ask, too, and what they ask for may be answered from the columns.
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "columnar"])


def test_everything_acknowledged_is_stored_once_and_counted_at_once(tmp_path: Path):
    scripts = make_scripts()
    calls = [call for script in scripts for call in script]
    events = events_by_line(calls)
    lines = sorted({line for call in calls for line in call.lines}, key=lambda line: line.number)
    expected = [expected_row(line, events[line]) for line in lines]

    with installation(tmp_path) as server:
        senders = [
            Sender(str(number), script, server, keeps_connection=number % 4 == 0)
            for number, script in enumerate(scripts)
        ]
        send_at_once(senders)
        (total,) = server.aggregates(variables=["n_interactions", "user_feedback"])

    rows = stored(server.project)
    ids = {row["input"]: {row.pop("id")} for row in rows}
    assert rows == expected
    assert not FeedbackAction.objects.filter(interaction=None).exists()
    assert not WaitingTags.objects.exists()
    assert sum(len(sender.acknowledged) for sender in senders) == len(calls)
    for sender in senders:
        for line, told in sender.ids.items():
            assert {UUID(id) for id in told} == ids[line.input]
    assert total["n_interactions"] == len(expected)
    assert total["n_feedback"] == sum(row[counter] for row in expected for counter in COUNTERS)
