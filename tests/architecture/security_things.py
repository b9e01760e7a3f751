"""What paths of security staff name: a view session in the register, a signal, a leak case."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.content.reading import NoteViewSession
from chalicelib.insight.security.items import LeakCase
from chalicelib.platform import clock, signals, store
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.signals import SecuritySignal, Severity, SignalType
from tests.support.people import Person


def put_view_session(reader: Person, note_id: str) -> str:
    """The id of a view session of somebody, that runs."""
    now, own_id = clock.now(), new_ulid()
    session = NoteViewSession(
        *NoteViewSession.place(own_id),
        id=own_id,
        user_id=reader.id,
        note_id=note_id,
        file_version=1,
        login_session_id=reader.session_id,
        ip_hash="a" * 32,
        user_agent_hash="b" * 32,
        created_at=now,
        last_seen_at=now,
        expires_at=now + timedelta(days=1),
    )
    session.index()
    store.put(session)
    return own_id


def put_signal(about: Person) -> str:
    """The id of a signal about somebody."""
    signals.notice(SignalType.IP_FLAPPING, Severity.LOW, user_id=about.id)
    (found,) = store.fetch(SecuritySignal.of_user(about.id), limit=1).items
    return str(found.row["id"])


def put_leak_case(by: Person) -> str:
    """The id of a leak case that nothing is known of yet."""
    now, own_id = clock.now(), new_ulid()
    case = LeakCase(
        *LeakCase.place(own_id),
        id=own_id,
        title="Fundamental Rights in a channel",
        created_by_user_id=by.id,
        created_at=now,
        updated_at=now,
    )
    case.index()
    store.put(case)
    return own_id
