"""One person, looked into (SHIELD-13): everything side by side, after the person was read beside the caller's card."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, cast

from chalicelib.content.reading import NoteViewSession
from chalicelib.content.shield import NoteUsageDay, SignalStat
from chalicelib.identity import sessions
from chalicelib.identity.accounts import User
from chalicelib.identity.sessions import Session
from chalicelib.insight.security.ban_listing import running
from chalicelib.insight.security.ban_schemas import BanView
from chalicelib.insight.security.items import Ban
from chalicelib.insight.security.schemas import SignalView
from chalicelib.insight.security.summary_schemas import (
    Access30d,
    BusiestDay,
    LiveViewSession,
    LoginSession,
    ProfiledUser,
    SecurityProfile,
)
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.audit import AuditAction
from chalicelib.platform.parallel import together
from chalicelib.platform.signals import SecuritySignal
from chalicelib.platform.store import Slice, Transaction, fetch

READ = AuditAction("user.security_read", "Staff read what was noticed about somebody, and what they read")

DAYS = 30
NEWEST = 20
MOST_SESSIONS = 100
MOST_BANS = 100
_LONGEST = timedelta(days=1)
"""No view session lives longer."""


def profile(user: User, card: AccessCard, caller: Caller) -> SecurityProfile:
    """What is known of somebody; that it was read is kept. One round trip of queries side by side."""
    user_id = str(user.id)
    signals, usage, views, logins, found, stats, _ = together(
        lambda: fetch(SecuritySignal.of_user(user_id), limit=NEWEST),
        lambda: _usage(user_id),
        lambda: _view_sessions(user_id),
        lambda: sessions.live_sessions(card),
        lambda: fetch(Ban.of(user_id, where=running()), limit=MOST_BANS),
        lambda: _stats(user_id),
        lambda: _audited(user_id, caller),
    )
    return SecurityProfile(
        user=ProfiledUser.model_validate({name: getattr(user, name) for name in ProfiledUser.model_fields}),
        signals=[SignalView.of(one) for one in cast("Slice[SecuritySignal]", signals).items],
        access30d=_access(cast("list[NoteUsageDay]", usage)),
        active_view_sessions=cast("list[LiveViewSession]", views),
        login_sessions=[_login(one) for one in cast("list[Session]", logins)],
        bans=[BanView.of(one) for one in cast("Slice[Ban]", found).items],
        score=cast(int, stats),
    )


def _audited(user_id: str, caller: Caller) -> None:
    tx = Transaction()
    audit.write(tx, READ, user_id, by=caller)
    tx.commit()


def _usage(user_id: str) -> list[NoteUsageDay]:
    today = clock.academy_day(clock.now())
    return fetch(NoteUsageDay.of(user_id, today - timedelta(days=DAYS - 1), today), limit=DAYS).items


def _access(days: Sequence[NoteUsageDay]) -> Access30d:
    busiest = max(days, key=lambda one: int(one.requests), default=None)
    notes = {note for one in days for note in one.note_ids or ()}
    return Access30d.model_validate(
        {
            "distinct_notes": len(notes),
            "requests": sum(int(one.requests) for one in days),
            "bytes": sum(int(one.bytes) for one in days),
            "busiest_day": BusiestDay(day=date.fromisoformat(str(busiest.day)), requests=int(busiest.requests))
            if busiest
            else None,
            "per_minute_peak": max((int(one.peak) for one in days), default=0),
        }
    )


def _view_sessions(user_id: str) -> list[LiveViewSession]:
    """Those that can read now: of the last day, since none lives longer."""
    now = clock.now()
    span = (clock.iso(now - _LONGEST), clock.iso(now + timedelta(seconds=1)))
    found = fetch(NoteViewSession.of_user(user_id, between=span), limit=MOST_SESSIONS).items
    rows: list[dict[str, Any]] = [plain(one.row) for one in found]
    return [
        LiveViewSession(
            view_session_id=row["id"],
            note_id=row["note_id"],
            device_hint=row.get("device_hint"),
            created_at=row["created_at"],
            expires_at=row["expires_at"],
        )
        for row in rows
        if not row.get("ended_at") and str(row.get("expires_at", "")) > clock.iso(now)
    ]


def _stats(user_id: str) -> int:
    """The score of 30 days: one batch read."""
    today = clock.academy_day(clock.now())
    places = [SignalStat.place(today - timedelta(days=number), f"USER#{user_id}") for number in range(DAYS)]
    found = store.get_many(places, consistent=False)
    return sum(int(one.score) for one in found if isinstance(one, SignalStat))


def _login(session: Session) -> LoginSession:
    return LoginSession(
        id=str(session.id),
        device_label=str(session.device_label),
        created_at=session.created_at,
        last_used_at=session.last_used_at,
    )
