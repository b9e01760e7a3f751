"""Security signals (SHIELD-50, SHIELD-51): something that people should look at; nothing is decided by them.

One signal a type, severity and session (or person, or subject) in 10 minutes; repetitions raise its count (``times``).
Raising one never fails what raised it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.attributes import MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.platform import clock
from chalicelib.platform.access.card import plain
from chalicelib.platform.errors import ApiError
from chalicelib.platform.ids import month_of, new_ulid
from chalicelib.platform.logs import count_metric, event
from chalicelib.platform.store import table
from chalicelib.platform.store.conflicts import ConditionFailed, TransactionLost
from chalicelib.platform.store.items import InstantAttribute, Item
from chalicelib.platform.store.keys import Key
from chalicelib.platform.store.pages import Query
from chalicelib.platform.store.patterns import AccessPattern
from chalicelib.platform.store.transaction import Transaction

WINDOW_SECONDS = 600
KEPT_SECONDS = 400 * 86_400


class SignalType(StrEnum):
    """What was noticed."""

    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    RANGE_SCRAPE = "RANGE_SCRAPE"
    MULTI_DEVICE = "MULTI_DEVICE"
    TOKEN_REUSE = "TOKEN_REUSE"  # noqa: S105  # no secret
    IP_FLAPPING = "IP_FLAPPING"
    UA_CHANGED = "UA_CHANGED"
    WATERMARK_STALE = "WATERMARK_STALE"
    CLIENT_REPORT = "CLIENT_REPORT"
    ASSET_SCRAPE = "ASSET_SCRAPE"
    OTP_SPAM = "OTP_SPAM"
    LOGIN_BRUTE_FORCE = "LOGIN_BRUTE_FORCE"
    REFRESH_REUSE = "REFRESH_REUSE"
    WEBHOOK_BAD_SIGNATURE = "WEBHOOK_BAD_SIGNATURE"
    PAYMENT_FAILURES = "PAYMENT_FAILURES"
    COUPON_GUESSING = "COUPON_GUESSING"


class Severity(StrEnum):
    """How much it matters."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


class SecuritySignal(Item, discriminator="SecuritySignal"):
    """Something noticed about a person, a session, a note or, where nobody is known, a pseudonymous ``subject``.

    gsi1 lists a user's, gsi2 a note's; ``row`` has what lists show. No address and no user agent is in it (SHIELD-54).
    """

    id = UnicodeAttribute()
    type = UnicodeAttribute()
    severity = UnicodeAttribute()
    user_id = UnicodeAttribute(null=True)
    session_id = UnicodeAttribute(null=True)
    note_id = UnicodeAttribute(null=True)
    subject = UnicodeAttribute(null=True)
    meta: MapAttribute[str, Any] = MapAttribute(default=dict)
    times = NumberAttribute(default=1)
    created_at = InstantAttribute()
    last_at = InstantAttribute()
    reviewed_at = InstantAttribute(null=True)
    reviewed_by_user_id = UnicodeAttribute(null=True)
    verdict = UnicodeAttribute(null=True)
    review_note = UnicodeAttribute(null=True)
    tallied_at = InstantAttribute(null=True)
    cause = UnicodeAttribute(null=True)

    def index(self) -> None:
        """Set what lists find and show."""
        if self.user_id:
            self.gsi1pk, self.gsi1sk = f"SIGUSER#{self.user_id}", self.id
        if self.note_id:
            self.gsi2pk, self.gsi2sk = f"SIGNOTE#{self.note_id}", self.id
        self.row = {
            "id": self.id,
            "type": str(self.type),
            "severity": str(self.severity),
            "userId": self.user_id,
            "sessionId": self.session_id,
            "noteId": self.note_id,
            "subject": self.subject,
            "meta": plain(self.meta),
            "count": int(self.times),
            "createdAt": clock.iso(self.created_at),
            "lastAt": clock.iso(self.last_at),
        }

    @staticmethod
    def place(month: str, signal_id: str) -> Key:
        """Where a signal of a month (``2026-01``, UTC) is."""
        return Key(f"SIGNAL#{month}", signal_id)

    @staticmethod
    def of_month(month: str, **keys: Any) -> Query[SecuritySignal]:
        """A month's signals, newest first."""
        return Query(SecuritySignal, f"SIGNAL#{month}", descending=True, **keys)

    @staticmethod
    def of_user(user_id: str, **keys: Any) -> Query[SecuritySignal]:
        """What was noticed about a person, newest first."""
        return Query(SecuritySignal, f"SIGUSER#{user_id}", "gsi1", descending=True, **keys)

    @staticmethod
    def of_note(note_id: str, **keys: Any) -> Query[SecuritySignal]:
        """What was noticed about a note's readers, newest first."""
        return Query(SecuritySignal, f"SIGNOTE#{note_id}", "gsi2", descending=True, **keys)


class SignalWindow(Item, discriminator="SignalWindow"):
    """That a signal was raised in this window already, and which: what makes one of many (SHIELD-51)."""

    signal_id = UnicodeAttribute()

    @staticmethod
    def place(what: str, about: str, start: int) -> Key:
        """Where the mark of a type and severity (``what``) about somebody in the window from ``start`` on is."""
        return Key(f"SIGWINDOW#{what}#{about}", f"{start}")


PATTERNS = (
    AccessPattern("security signals of a month", SecuritySignal.of_month("<month>"), 0.5, consistent=False),
    AccessPattern("security signals about a person", SecuritySignal.of_user("<user>"), 0.5, consistent=False),
    AccessPattern("security signals about a note", SecuritySignal.of_note("<note>"), 0.5, consistent=False),
)


def notice(
    kind: SignalType,
    severity: Severity,
    *,
    user_id: str | None = None,
    session_id: str | None = None,
    note_id: str | None = None,
    subject: str | None = None,
    apart: str = "",
    every: int = WINDOW_SECONDS,
    meta: Mapping[str, Any] | None = None,
    cause: str | None = None,
) -> None:
    """Keep that something was noticed. One transaction; one more write when it was noticed in this window already.

    ``subject``: an HMAC or a network, never an address in clear; ``meta``: small facts without personal data. Signals
    with another ``apart`` are not repetitions. ``every``: seconds of a window. ``cause``: what it was noticed by;
    noticing it by the same again changes nothing.
    """
    _tell(kind, severity, user_id, session_id)
    now = clock.now()
    about = "#".join(part for part in (session_id or user_id or subject or "", apart) if part)
    signal = _made(kind, severity, user_id, session_id, note_id, subject, meta or {})
    signal.cause, own_id = cause, str(signal.id)
    start = int(now.timestamp()) // every * every
    mark = SignalWindow(
        *SignalWindow.place(f"{kind}#{severity}", about, start), signal_id=own_id, ttl=start + every + 60
    )
    try:
        _keep(signal, mark)
    except (ConditionFailed, TransactionLost, ApiError, ClientError):
        count_metric("SignalLost")


def add(
    tx: Transaction,
    kind: SignalType,
    severity: Severity,
    *,
    user_id: str,
    session_id: str,
    note_id: str,
    meta: Mapping[str, Any],
) -> str:
    """Add a signal to the transaction of whoever knows by itself what is a repetition (``add_again``); the new id."""
    _tell(kind, severity, user_id, session_id)
    signal = _made(kind, severity, user_id, session_id, note_id, None, meta)
    tx.put(signal, when=table.absent(SecuritySignal), name="signal")
    return str(signal.id)


def add_again(tx: Transaction, signal_id: str) -> None:
    """Add that a signal was noticed once more."""
    place = SecuritySignal.place(month_of(signal_id), signal_id)
    tx.update(SecuritySignal, place, _once_more(clock.now()), when=table.present(SecuritySignal), name="signal")


def _tell(kind: SignalType, severity: Severity, user_id: str | None, session_id: str | None) -> None:
    event("security signal", signal=kind.value, severity=severity.value, userId=user_id, sessionId=session_id)
    count_metric("SecuritySignals")


def _made(
    kind: SignalType,
    severity: Severity,
    user_id: str | None,
    session_id: str | None,
    note_id: str | None,
    subject: str | None,
    meta: Mapping[str, Any],
) -> SecuritySignal:
    now, own_id = clock.now(), new_ulid()
    signal = SecuritySignal(
        *SecuritySignal.place(month_of(own_id), own_id),
        id=own_id,
        type=kind,
        severity=severity,
        user_id=user_id,
        session_id=session_id,
        note_id=note_id,
        subject=subject,
        meta=dict(meta),
        created_at=now,
        last_at=now,
        ttl=int(now.timestamp()) + KEPT_SECONDS,
    )
    signal.index()
    return signal


def _keep(signal: SecuritySignal, mark: SignalWindow) -> None:
    tx = Transaction()
    tx.put(mark, when=table.absent(SignalWindow), name="window")
    tx.put(signal, when=table.absent(SecuritySignal))
    try:
        tx.commit()
    except TransactionLost as lost:
        known = lost.item("window")
        if not isinstance(known, SignalWindow):
            raise
        _again(SecuritySignal.place(month_of(known.signal_id), known.signal_id), signal.last_at, signal.cause)


def _again(place: Key, now: datetime, cause: str | None) -> None:
    actions, when = _once_more(now), table.present(SecuritySignal)
    if cause is not None:
        actions.append(SecuritySignal.cause.set(cause))
        when &= SecuritySignal.cause != cause
    table.update(SecuritySignal, place, actions, when=when)


def _once_more(now: datetime) -> list[Action]:
    return [
        SecuritySignal.times.add(1),
        SecuritySignal.last_at.set(now),
        SecuritySignal.row["count"].set(SecuritySignal.row["count"] + 1),
        SecuritySignal.row["lastAt"].set(clock.iso(now)),
    ]
