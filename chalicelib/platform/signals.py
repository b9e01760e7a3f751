"""Security signals (SHIELD-50, SHIELD-51): something that people should look at; nothing is decided by them.

One signal a type, severity and subject in 10 minutes; repetitions raise its count (``times``). Raising one never
fails what raised it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.attributes import MapAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.platform import clock
from chalicelib.platform.errors import ApiError
from chalicelib.platform.ids import ulid_for
from chalicelib.platform.logs import count_metric, event
from chalicelib.platform.store import table
from chalicelib.platform.store.conflicts import ConditionFailed
from chalicelib.platform.store.items import InstantAttribute, Item
from chalicelib.platform.store.keys import Key

WINDOW_SECONDS = 600
KEPT_SECONDS = 400 * 86_400


class SignalType(StrEnum):
    """What was noticed."""

    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    OTP_SPAM = "OTP_SPAM"
    LOGIN_BRUTE_FORCE = "LOGIN_BRUTE_FORCE"
    REFRESH_REUSE = "REFRESH_REUSE"
    WEBHOOK_BAD_SIGNATURE = "WEBHOOK_BAD_SIGNATURE"


class Severity(StrEnum):
    """How much it matters."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


class SecuritySignal(Item, discriminator="SecuritySignal"):
    """Something noticed about a person, a session, a note or, where nobody is known, a pseudonymous ``subject``.

    gsi1 lists a user's; ``row`` has what lists show.
    """

    id = UnicodeAttribute()
    type = UnicodeAttribute()
    severity = UnicodeAttribute()
    user_id = UnicodeAttribute(null=True)
    session_id = UnicodeAttribute(null=True)
    subject = UnicodeAttribute(null=True)
    meta: MapAttribute[str, Any] = MapAttribute(default=dict)
    times = NumberAttribute(default=1)
    created_at = InstantAttribute()
    last_at = InstantAttribute()
    reviewed_at = InstantAttribute(null=True)
    reviewed_by_user_id = UnicodeAttribute(null=True)
    verdict = UnicodeAttribute(null=True)

    @staticmethod
    def place(month: str, signal_id: str) -> Key:
        """Where a signal of a month (``2026-01``, UTC) is."""
        return Key(f"SIGNAL#{month}", signal_id)


def notice(
    kind: SignalType,
    severity: Severity,
    *,
    user_id: str | None = None,
    session_id: str | None = None,
    subject: str | None = None,
    meta: Mapping[str, Any] | None = None,
) -> None:
    """Keep that something was noticed. One write; two when it was noticed in this window already.

    ``subject``: an HMAC or a network, never an address in clear; ``meta``: small facts without personal data.
    """
    event("security signal", signal=kind.value, severity=severity.value, userId=user_id, sessionId=session_id)
    count_metric("SecuritySignals")
    signal = _signal(kind, severity, user_id, session_id, subject, dict(meta or {}))
    try:
        table.put(signal, when=table.absent(SecuritySignal))
    except ConditionFailed:
        _again(signal)
    except (ApiError, ClientError):
        count_metric("SignalLost")


def _signal(
    kind: SignalType,
    severity: Severity,
    user_id: str | None,
    session_id: str | None,
    subject: str | None,
    meta: dict[str, Any],
) -> SecuritySignal:
    now = clock.now()
    window = datetime.fromtimestamp(int(now.timestamp()) // WINDOW_SECONDS * WINDOW_SECONDS, tz=now.tzinfo)
    about = session_id or user_id or subject or ""
    own_id = ulid_for(window, f"{kind}#{severity}#{about}".encode())
    row = {
        "id": own_id,
        "type": kind.value,
        "severity": severity.value,
        "userId": user_id,
        "sessionId": session_id,
        "meta": meta,
        "count": 1,
        "createdAt": clock.iso(now),
        "lastAt": clock.iso(now),
    }
    return SecuritySignal(
        *SecuritySignal.place(f"{window:%Y-%m}", own_id),
        id=own_id,
        type=kind,
        severity=severity,
        user_id=user_id,
        session_id=session_id,
        subject=subject,
        meta=meta,
        created_at=now,
        last_at=now,
        row=row,
        gsi1pk=f"SIGUSER#{user_id}" if user_id else None,
        gsi1sk=own_id if user_id else None,
        ttl=int(now.timestamp()) + KEPT_SECONDS,
    )


def _again(signal: SecuritySignal) -> None:
    now = signal.last_at
    actions = [
        SecuritySignal.times.add(1),
        SecuritySignal.last_at.set(now),
        SecuritySignal.row["count"].set(SecuritySignal.row["count"] + 1),
        SecuritySignal.row["lastAt"].set(clock.iso(now)),
    ]
    try:
        table.update(SecuritySignal, signal.itself, actions, when=table.present(SecuritySignal))
    except (ConditionFailed, ApiError, ClientError):
        count_metric("SignalLost")
