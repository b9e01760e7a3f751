"""Invitations that end without being accepted: taken back (AUTH-17), or their time is over (AUTH-32)."""

from __future__ import annotations

from chalicelib.identity.invites.audited import INVITE_EXPIRE, INVITE_REVOKE
from chalicelib.identity.invites.errors import InviteNotFound, InviteNotPending
from chalicelib.identity.invites.items import ACCEPTED, EXPIRED, PENDING, REVOKED, Invite, InviteEmail
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.audit import SYSTEM, Actor, AuditAction
from chalicelib.platform.errors import Conflict
from chalicelib.platform.store import Transaction, TransactionLost

TRIES = 3


def revoke(invite_id: str, email: str, by: Caller) -> None:
    """Take an invitation back; nothing happens to one that was revoked or has expired. Two round trips.

    Raises ``InviteNotPending`` for one that was accepted, ``InviteNotFound``.
    """
    for _ in range(TRIES):
        known, mark = _read(invite_id, email)
        if known is None:
            raise InviteNotFound
        if known.status == ACCEPTED:
            raise InviteNotPending({"status": ACCEPTED})
        if known.status != PENDING or _end(known, mark, REVOKED, INVITE_REVOKE, by):
            return
    raise Conflict


def expire_due() -> int:
    """Expire the invitations whose time is over, and answer how many those were.

    One transaction each, on the condition that it still waits: a second run finds nothing left to do.
    """
    expired = 0
    for listed in store.every(Invite.of_status(PENDING)):
        if clock.parse_iso(listed.facts["expiresAt"]) > clock.now():
            continue
        known, mark = _read(listed.facts["id"], listed.facts["email"])
        # The index may be behind: somebody may have sent it again or accepted it just now.
        if known is not None and known.status == PENDING and known.shown_status == EXPIRED:
            expired += _end(known, mark, EXPIRED, INVITE_EXPIRE, SYSTEM)
    return expired


def _read(invite_id: str, email: str) -> tuple[Invite | None, InviteEmail | None]:
    known, mark = store.get_many([Invite.place(invite_id), InviteEmail.place(email)])
    return (
        known if isinstance(known, Invite) else None,
        mark if isinstance(mark, InviteEmail) else None,
    )


def _end(known: Invite, mark: InviteEmail | None, status: str, action: AuditAction, by: Caller | Actor) -> bool:
    """Whether it ended so; not when something else happened to it since it was read."""
    _, actions = known.becoming({"status": status})
    tx = Transaction()
    tx.update(Invite, known.itself, actions, when=known.still_pending(), name="invite")
    # A younger invitation of the same address keeps its mark.
    if mark is not None and mark.invite_id == known.id:
        tx.delete(InviteEmail, mark.itself, when=InviteEmail.invite_id == known.id, name="email")
    audit.write(tx, action, known.id, by=by)
    try:
        tx.commit()
    except TransactionLost:
        return False
    return True
