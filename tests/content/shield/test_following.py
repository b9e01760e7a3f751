"""What follows a request runs more than once, at the same time, or breaks off: it is counted once."""

from __future__ import annotations

from functools import partial

import pytest

from chalicelib.content.shield import watching
from chalicelib.content.shield.events import NoteAsked
from chalicelib.content.shield.items import SessionWatch
from chalicelib.platform import store
from chalicelib.platform.errors import Conflict
from infra.local.emulator import Emulator
from tests.content.desk import Desk
from tests.content.paper import pdf
from tests.content.shield.reading import Reading, asked_of
from tests.support.races import at_once

SMALL = pdf(2)


@pytest.fixture
def reading(desk: Desk) -> Reading:
    return Reading(desk, SMALL)


@pytest.mark.rule("SHIELD-30")
def test_requests_followed_at_once_are_each_counted(cloud: Emulator, reading: Reading) -> None:
    events = []
    for _ in range(5):
        reading.ask()
        events.append(asked_of(reading))
    at_once([partial(_follow_until_done, one) for one in [*events, *events]])
    assert (len(reading.log()), reading.usage().requests, reading.usage().bytes) == (5, 5, 50)
    watch = store.get(SessionWatch, SessionWatch.place(reading.session_id))
    assert watch is not None
    assert (int(watch.served), len(watch.asked)) == (5, 5)


def _follow_until_done(event: NoteAsked) -> None:
    """As its queue does: once more after a conflict."""
    for _ in range(5):
        try:
            watching.follow(event)
        except Conflict:
            continue
        return


@pytest.mark.rule("SHIELD-30", "SHIELD-52")
def test_who_breaks_off_between_revoking_and_keeping_it_comes_again(cloud: Emulator, reading: Reading) -> None:
    for agent in ("one", "two"):
        reading.ask(agent=agent)
    # One to revoke; then the table is busy for as long as it is asked.
    cloud.fault("dynamodb", "TransactWriteItems", "ThrottlingException", times=4, skip=2, function="watch_reading")
    cloud.drain()
    assert cloud.faults.pending() == []
    assert cloud.faults.take("dynamodb", "TransactWriteItems", "watch_reading") is None
    assert reading.registered().revoked_reason == "REUSE"
    assert reading.signals() == {"UA_CHANGED LOW": 1, "TOKEN_REUSE HIGH": 1}
    assert (int(reading.session()["score"]), len(reading.log())) == (21, 2)
