"""Who is erased leaves the log, unless an open case needs their lines (SHIELD-54)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.content.shield import NoteAccessLog, NoteUsageDay, forgetting, hold_log, release_log
from chalicelib.identity.accounts import User
from chalicelib.identity.people import DeletionDue
from chalicelib.platform import clock, store
from infra.local.emulator import Emulator
from tests.content.desk import Desk
from tests.content.paper import pdf
from tests.content.shield.reading import PHONE, Reading

CASE = "01JH8Z6V3N4Q5R6S7T8V9WXYZ9"
SMALL = pdf(1)


def erase(cloud: Emulator, user_id: str) -> None:
    """Let an account's time be over."""
    due = clock.now() - timedelta(hours=1)
    store.update(User, User.place(user_id), [User.deletion_due_at.set(due)])
    store.put(DeletionDue.of(user_id, due))
    assert cloud.invoke("erase_accounts").answer == {"erased": 1, "failed": 0}
    cloud.drain()


def read(desk: Desk) -> Reading:
    reading = Reading(desk, SMALL)
    reading.open()
    reading.ask()
    desk.cloud.drain()
    return reading


def lines_of(reading: Reading) -> list[dict[str, object]]:
    month = f"{clock.now():%Y-%m}"
    return [one.facts for one in store.every(NoteAccessLog.of_note(reading.note["id"], month))]


@pytest.mark.rule("SHIELD-54", "USR-40")
def test_lines_keep_that_it_was_read_and_not_by_whom(cloud: Emulator, desk: Desk) -> None:
    gone, stays = read(desk), read(desk)
    (before,) = lines_of(gone)
    erase(cloud, gone.reader.id)
    (line,) = lines_of(gone)
    named = {"user_id", "ip", "user_agent"}
    assert {name: value for name, value in before.items() if name not in named} == line
    assert gone.log() == []
    registered = gone.registered()
    assert [registered.ip, registered.user_agent, registered.device_hint] == [None] * 3
    usage = (NoteUsageDay.ever_of(one.reader.id) for one in (gone, stays))
    assert [len(store.every(one)) for one in usage] == [0, 1]
    (other,) = stays.log()
    assert (other["user_id"], other["user_agent"]) == (stays.reader.id, PHONE)
    assert forgetting.forget(gone.reader.id) == 0


@pytest.mark.rule("SHIELD-54")
def test_lines_that_an_open_case_needs_stay_until_it_is_closed(cloud: Emulator, desk: Desk) -> None:
    reading = read(desk)
    before = reading.log()
    for case in (CASE, CASE[::-1]):
        tx = store.Transaction()
        hold_log(tx, reading.reader.id, case)
        tx.commit()
    erase(cloud, reading.reader.id)
    assert reading.log() == before
    assert reading.registered().user_agent == PHONE
    for case, kept in ((CASE, before), (CASE[::-1], [])):
        tx = store.Transaction()
        release_log(tx, reading.reader.id, case)
        tx.commit()
        cloud.drain()
        assert reading.log() == kept
    assert reading.registered().user_agent is None


@pytest.mark.rule("SHIELD-54")
def test_a_case_that_is_closed_takes_nobody_out_who_is_still_there(cloud: Emulator, desk: Desk) -> None:
    reading = read(desk)
    before = reading.log()
    for add in (hold_log, release_log):
        tx = store.Transaction()
        add(tx, reading.reader.id, CASE)
        tx.commit()
        cloud.drain()
    assert reading.log() == before
