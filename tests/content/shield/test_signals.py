"""Signals: on how many devices somebody reads, how signals are counted, whom they are told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.content.shield import SignalStat, devices, suspicious_signals, tallying
from chalicelib.content.shield.events import SignalRaised, ViewSessionOpened, signal_events, view_session_events
from chalicelib.identity.accounts import User
from chalicelib.identity.roles import RoleHolder, seed_roles
from chalicelib.platform import clock, signals, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.events.changes import Change
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.signals import SecuritySignal, Severity, SignalType
from infra.local.emulator import Emulator
from tests.content.desk import Desk
from tests.content.paper import pdf
from tests.content.shield.reading import Reading
from tests.support.people import People, Person

ASHA, NOTE = "01JH8Z6V3N4Q5R6S7T8V9WXYZ0", "01JH8Z6V3N4Q5R6S7T8V9WXYZ2"
SMALL = pdf(1)


def counted(days_ago: int = 0) -> dict[str, tuple[int, int]]:
    """A day's counts: what → how many, score."""
    day = clock.academy_day(clock.now() - timedelta(days=days_ago))
    return {"#".join(one.about): (int(one.times), int(one.score)) for one in store.every(SignalStat.of_day(day))}


@pytest.mark.rule("SHIELD-50")
def test_four_devices_in_a_day_are_a_signal_and_two_are_none(cloud: Emulator, desk: Desk) -> None:
    reading = Reading(desk, SMALL)
    for agent in ("laptop", "laptop", "tablet"):
        reading.open(**{"User-Agent": agent})
    cloud.drain()
    assert reading.signals() == {}
    reading.open(**{"User-Agent": "somebody else's phone"})
    cloud.drain()
    assert reading.signals() == {"MULTI_DEVICE MEDIUM": 1}
    (event,) = view_session_events(Change(None, reading.registered(), "1"))
    assert isinstance(event, ViewSessionOpened)
    assert devices.judge(event) == 4
    assert reading.signals() == {"MULTI_DEVICE MEDIUM": 1}
    # It is about the person: no session pays for it.
    assert int(reading.session()["score"]) == 0


@pytest.mark.rule("SHIELD-50", "SHIELD-49")
def test_devices_of_other_days_and_of_staff_are_not_counted(cloud: Emulator, desk: Desk) -> None:
    reading = Reading(desk, SMALL)
    staff = Reading(desk, SMALL, desk.editor, subject={"id": reading.note["subjectId"]})
    for agent in ("laptop", "tablet", "television"):
        staff.open(**{"User-Agent": agent})
    for agent in ("laptop", "tablet"):
        reading.open(**{"User-Agent": agent})
    cloud.drain()
    later = ViewSessionOpened(
        view_session_id=new_ulid(),
        user_id=reading.reader.id,
        agent_hash="f" * 32,
        at=clock.now() + timedelta(hours=23, minutes=59),
    )
    assert devices.judge(later.model_copy(update={"at": later.at + timedelta(minutes=5)})) == 1
    assert (reading.signals(), staff.signals()) == ({}, {})
    assert devices.judge(later) == 4


@pytest.mark.rule("SHIELD-31", "SHIELD-82")
def test_each_signal_is_counted_once_by_type_person_and_note(
    cloud: Emulator, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        signals.notice(SignalType.RANGE_SCRAPE, Severity.HIGH, user_id=ASHA, session_id="S1", note_id=NOTE)
    signals.notice(SignalType.UA_CHANGED, Severity.LOW, user_id=ASHA, session_id="S1", note_id=NOTE)
    signals.notice(SignalType.OTP_SPAM, Severity.MEDIUM, subject="a" * 32)
    cloud.drain()
    expected = {
        "TYPE#RANGE_SCRAPE#HIGH": (1, 20),
        "TYPE#UA_CHANGED#LOW": (1, 1),
        "TYPE#OTP_SPAM#MEDIUM": (1, 5),
        f"USER#{ASHA}": (2, 21),
        f"NOTE#{NOTE}": (2, 21),
    }
    assert counted() == expected
    assert capsys.readouterr().out.count('"Alarm"') >= 1
    for stored in store.every(SecuritySignal.of_month(f"{clock.now():%Y-%m}")):
        (event,) = signal_events(Change(None, stored, "1"))
        assert isinstance(event, SignalRaised)
        assert tallying.tally(event) is False
    assert counted() == expected
    assert suspicious_signals() == 2
    cloud.advance(6 * 86_400)
    assert suspicious_signals() == 2
    cloud.advance(86_400)
    assert suspicious_signals() == 0


@pytest.mark.rule("SHIELD-31")
def test_counting_a_signal_is_one_round_trip_and_asking_a_query_a_day(cloud: Emulator) -> None:
    signals.notice(SignalType.OTP_SPAM, Severity.MEDIUM, user_id=ASHA)
    (stored,) = store.every(SecuritySignal.of_month(f"{clock.now():%Y-%m}"))
    (event,) = signal_events(Change(None, stored, "1"))
    assert isinstance(event, SignalRaised)
    with cloud.calls.during() as calls:
        assert tallying.tally(event)
        suspicious_signals()
    assert [call.operation for call in calls] == ["TransactWriteItems", *["Query"] * 7]
    assert list(signal_events(Change(stored, stored, "2"))) == []


def managing(people: People, *roles: str) -> list[Person]:
    """Staff who hold these roles, as the roles' own register has it."""
    found = [people.admin(role) for role in roles]
    for one in found:
        place = RoleHolder.place(one.role, one.id)
        store.put(RoleHolder(*place, user_id=one.id, role_key=one.role, assigned_at=clock.now()))
    return found


def mails(cloud: Emulator) -> list[tuple[str, str, str]]:
    """To whom, how many signals, of which types."""
    return sorted(
        (one["to"]["S"], one["payload"]["M"]["count"]["N"], one["payload"]["M"]["types"]["S"])
        for one in cloud.items()
        if one["kind"]["S"] == "Message"
    )


@pytest.mark.rule("SHIELD-31")
def test_those_who_manage_security_are_written_to_at_most_once_an_hour(cloud: Emulator, people: People) -> None:
    seed_roles()
    guard, _, blocked = managing(people, "ADMIN_SECURITY", "ADMIN_CONTENT", "ADMIN_SECURITY")
    store.update(AccessCard, AccessCard.place(blocked.id), [AccessCard.status.set("BLOCKED")])
    store.update(User, User.place(guard.id), [User.locale.set("hi-IN")])
    signals.notice(SignalType.UA_CHANGED, Severity.LOW, user_id=ASHA)
    cloud.drain()
    assert mails(cloud) == []
    signals.notice(SignalType.RANGE_SCRAPE, Severity.HIGH, user_id=ASHA)
    cloud.drain()
    first = (guard.email, "1", "RANGE_SCRAPE")
    assert mails(cloud) == [first]
    # More of them within the hour wait for its end, and come in one mail.
    for kind, session in ((SignalType.TOKEN_REUSE, "1"), (SignalType.RANGE_SCRAPE, "2"), (SignalType.TOKEN_REUSE, "3")):
        cloud.advance(60)
        signals.notice(kind, Severity.HIGH, user_id=ASHA, session_id=session)
    cloud.drain()
    assert mails(cloud) == [first]
    cloud.advance(3_600)
    cloud.drain()
    assert mails(cloud) == [first, (guard.email, "3", "RANGE_SCRAPE, TOKEN_REUSE")]
    cloud.advance(3_600)
    cloud.drain()
    assert len(mails(cloud)) == 2
