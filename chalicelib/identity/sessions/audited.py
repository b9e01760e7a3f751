"""Ending a session: what is written on its item, and in the audit trail."""

from __future__ import annotations

from pynamodb.expressions.update import Action

from chalicelib.identity.sessions.items import Session
from chalicelib.platform import clock
from chalicelib.platform.audit import AuditAction

SESSION_REVOKE = AuditAction("session.revoke", "A session was ended before its time")


def revoked(reason: str) -> list[Action]:
    """The update of a session that ends now: LOGOUT, USER, ADMIN, REUSE, PASSWORD, BLOCKED, LIMIT or DELETED."""
    return [Session.revoked_at.set(clock.now()), Session.revoked_reason.set(reason), Session.version.add(1)]
