"""Inviting people, and sending an invitation again (AUTH-14, AUTH-16)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlencode

from chalicelib.identity import accounts, roles
from chalicelib.identity.accounts import Login, User
from chalicelib.identity.invites import tokens
from chalicelib.identity.invites.audited import INVITE_CREATE, INVITE_RESEND
from chalicelib.identity.invites.errors import (
    InviteNotPending,
    InvitePending,
    InviteResentTooOften,
    InviteStale,
)
from chalicelib.identity.invites.items import PENDING, Invite, email_mark, free_for
from chalicelib.identity.invites.schemas import NewInvite
from chalicelib.platform import audit, clock, messages, settings, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import Conflict, Unavailable, invalid
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.masking import mask_email
from chalicelib.platform.messages import MessageClass, Template
from chalicelib.platform.sites import ADMIN_URL
from chalicelib.platform.store import Transaction, TransactionLost

INVITE_TTL_HOURS = settings.integer("INVITE_TTL_HOURS", default=72, minimum=1, maximum=720)
MAX_RESENT = 5

AUTH_INVITE = Template(
    "AUTH_INVITE",
    MessageClass.SECURITY,
    required=("inviterName", "roleNames", "expiresAt"),
    optional=("userName", "name"),
    sealed=("inviteUrl",),
)


def invite(wish: NewInvite, by: Caller) -> Invite:
    """Invite somebody and mail them. Two round trips.

    Raises ``EmailTaken``, ``InvitePending``, ``WouldEscalate``; 422 for roles that do not exist or are for another
    user type, and for a study centre: there are none to be invited to.
    """
    if wish.centre_id is not None:
        raise invalid("body.centreId", "CENTRE_NOT_FOUND", "must name a study centre")
    keys = list(dict.fromkeys(wish.role_keys))
    inviter, *found = store.get_many([User.place(by.user_id), *roles.keys_of(keys)])
    given = roles.suitable(keys, found, wish.type, "body.roleKeys")
    roles.require_held(by, given)
    now, secret, invite_id = clock.now(), tokens.new_secret(), new_ulid()
    new = Invite(
        *Invite.place(invite_id),
        id=invite_id,
        email=wish.email,
        name=wish.name,
        type=wish.type,
        role_keys=keys,
        token_hash=tokens.hash_of(secret),
        invited_by_user_id=by.user_id,
        expires_at=now + timedelta(hours=INVITE_TTL_HOURS()),
        created_at=now,
    )
    new.index()
    tx = Transaction()
    tx.put(new, when=store.absent(Invite), name="invite")
    _add_offer(tx, new, secret, inviter, given)
    roles.admitted(tx, by)
    audit.write(tx, INVITE_CREATE, new.id, by=by, meta={"email": mask_email(new.email), "roles": keys})
    _commit(tx)
    return new


def resend(known: Invite, by: Caller) -> Invite:
    """Mail an invitation again with a new token, which voids the old one, and a new end. Two round trips.

    Raises ``InviteNotPending`` (also for one whose time is over), ``InviteResentTooOften``, ``WouldEscalate``,
    ``InviteStale``, ``EmailTaken``, ``Conflict`` when something else changed it at that moment.
    """
    if known.shown_status != PENDING:
        raise InviteNotPending({"status": known.shown_status})
    if int(known.resent) >= MAX_RESENT:
        raise InviteResentTooOften
    inviter, *found = store.get_many([User.place(by.user_id), *roles.keys_of(known.role_keys)])
    given = [role for role in found if isinstance(role, roles.Role)]
    if not given:
        raise InviteStale
    roles.require_held(by, given)
    secret = tokens.new_secret()
    after, actions = known.becoming(
        {
            "token_hash": tokens.hash_of(secret),
            "resent": int(known.resent) + 1,
            "expires_at": clock.now() + timedelta(hours=INVITE_TTL_HOURS()),
        }
    )
    tx = Transaction()
    tx.update(Invite, known.itself, actions, when=known.still_pending(), name="invite")
    _add_offer(tx, after, secret, inviter, given)
    roles.admitted(tx, by)
    audit.write(tx, INVITE_RESEND, after.id, by=by, meta={"resent": int(after.resent)})
    _commit(tx)
    return after


def _add_offer(tx: Transaction, new: Invite, secret: str, inviter: object, given: Sequence[roles.Role]) -> None:
    """Add what holds for as long as an invitation waits, and its mail."""
    if not isinstance(inviter, User):
        raise Unavailable
    mark = email_mark(new.email, new.id, new.expires_at)
    tx.put(mark, when=free_for(new.id), name="email")
    tx.check(Login, Login.place(new.email), store.absent(Login), name="login")
    messages.post(
        tx,
        AUTH_INVITE,
        new.email,
        dedup=f"AUTH_INVITE:{new.id}:{int(new.resent)}",
        payload={
            "inviterName": inviter.name,
            "roleNames": ", ".join(str(role.name) for role in given),
            "expiresAt": clock.iso(new.expires_at),
            **({"name": new.name} if new.name else {}),
        },
        sealed={"inviteUrl": f"{ADMIN_URL()}/invite?{urlencode({'token': tokens.render(new.id, secret)})}"},
        expires_at=new.expires_at,
    )


def _commit(tx: Transaction) -> None:
    try:
        tx.commit()
    except TransactionLost as lost:
        roles.raise_if_not_admitted(lost)
        if lost.failed("login"):
            raise accounts.EmailTaken from lost
        if lost.failed("invite"):
            raise _overtaken(lost) from lost
        if lost.failed("email"):
            raise InvitePending from lost
        raise


def _overtaken(lost: TransactionLost) -> InviteNotPending | Conflict:
    there = lost.item("invite")
    if isinstance(there, Invite) and there.shown_status != PENDING:
        return InviteNotPending({"status": there.shown_status})
    return Conflict()
