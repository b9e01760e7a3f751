"""Whether a watermark's facts are ours (SHIELD-19): signed by us, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.content.reading import WatermarkIssue, verified
from chalicelib.identity.accounts import UserHash
from chalicelib.insight.security.trace_schemas import Verified, VerifyRequest
from chalicelib.insight.security.tracing import TRACE
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.store import Transaction, fetch

MAX_KEY_ID = 64


def verify(asked: VerifyRequest, caller: Caller) -> Verified:
    """Whom facts name that we signed; of any others only that they are not ours. That it was asked is kept.

    Two round trips, one for what we did not sign.
    """
    payload = asked.payload
    valid = verified(payload, asked.watermark_signature)
    user_id = _whose(payload) if valid else None
    tx = Transaction()
    about = _text(payload, "viewSessionId") or "" if valid else ""
    audit.write(
        tx,
        TRACE,
        about or "payload",
        by=caller,
        meta={"valid": valid, "userIds": [user_id] if user_id else []},
        reason=asked.reason,
    )
    tx.commit()
    key_id = _text(payload, "keyId")
    key_id = key_id if key_id and len(key_id) <= MAX_KEY_ID else None
    if not valid:
        return Verified(valid=False, key_id=key_id)
    return Verified(
        valid=True,
        key_id=key_id,
        user_id=user_id,
        view_session_id=_text(payload, "viewSessionId"),
        issued_at=_instant(payload),
    )


def _text(payload: Mapping[str, Any], name: str) -> str | None:
    value = payload.get(name)
    return value if isinstance(value, str) else None


def _instant(payload: Mapping[str, Any]) -> datetime | None:
    text = _text(payload, "issuedAt")
    return clock.parse_iso(text) if text else None


def _whose(payload: Mapping[str, Any]) -> str | None:
    """By the trace code, else by the user hash; None when neither is kept any longer. At most two reads."""
    code, user_hash = _text(payload, "traceCode"), _text(payload, "userHash")
    if code:
        issue = store.get(WatermarkIssue, WatermarkIssue.place(code.replace("-", "")))
        if issue is not None:
            return str(issue.user_id)
    people = fetch(UserHash.of(user_hash), limit=1).items if user_hash else []
    return str(people[0].user_id) if people else None
