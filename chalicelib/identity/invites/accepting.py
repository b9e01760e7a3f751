"""What an invited person does: looks at the invitation (AUTH-18), and accepts it (AUTH-19)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chalicelib.identity import accounts, roles, sessions
from chalicelib.identity.invites import tokens
from chalicelib.identity.invites.audited import INVITE_ACCEPT
from chalicelib.identity.invites.errors import InviteInvalid, InviteStale
from chalicelib.identity.invites.items import ACCEPTED, PENDING, Invite, InviteEmail
from chalicelib.identity.invites.schemas import AcceptInviteRequest
from chalicelib.identity.sessions import Device, Tokens
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.audit import Actor
from chalicelib.platform.http import limits
from chalicelib.platform.parallel import together
from chalicelib.platform.store import Transaction, TransactionLost

INVITED = "INVITE"
FIRST_TOKEN_VERSION = 1


def pending(token: str, device: Device, counted: Callable[[], object]) -> Invite:
    """The invitation that a token opens, read beside the counters of the address. One round trip.

    ``counted`` waits for those counters and refuses when they do. Raises ``InviteInvalid`` for whatever is wrong: not a
    token, replaced, used, revoked, too old; ``RateLimited``.
    """
    parsed = tokens.parse(token)
    known, failures, _ = together(
        lambda: store.get(Invite, Invite.place(parsed.invite_id)) if parsed is not None else None,
        lambda: sessions.failures_left(device.network),
        counted,
    )
    limits.refuse_if_any([failures] if isinstance(failures, limits.Verdict) else [])
    is_open = isinstance(known, Invite) and known.shown_status == PENDING
    if (
        parsed is None
        or not isinstance(known, Invite)
        or not is_open
        or not tokens.fits(parsed.secret, known.token_hash)
    ):
        sessions.count_failure(device.network)
        raise InviteInvalid
    return known


def role_names(invite: Invite) -> list[str]:
    """What the roles of an invitation are called that still exist."""
    return [str(role.name) for role in roles.remaining(invite.role_keys)]


def accept(wish: AcceptInviteRequest, device: Device, counted: Callable[[], object]) -> Tokens:
    """Make the account of an invitation, with its first session, in one transaction.

    Raises ``MethodDisabled``, ``InviteInvalid``, ``PasswordTooWeak``, ``EmailTaken``, ``InviteStale``, ``RateLimited``.
    """
    accounts.require_local()
    invite = pending(wish.token, device, counted)
    limits.refuse_if_any([sessions.count_attempt(invite.email)])
    kind = UserType(invite.type)
    accounts.check_password(wish.password, user_type=kind, email=invite.email, name=wish.name)
    hashed = accounts.hash_password(wish.password)

    def open_account(held: list[roles.Role]) -> Tokens:
        if not held:
            raise InviteStale
        return _open(invite, wish.name, hashed, held, device)

    try:
        return roles.with_fresh_roles(list(invite.role_keys), open_account, read=roles.remaining)
    except TransactionLost as lost:
        # Whoever accepted it a moment earlier has taken the address, too.
        if lost.failed("invite") or lost.failed("email"):
            raise InviteInvalid from lost
        if lost.failed("login"):
            raise accounts.EmailTaken from lost
        raise


def _open(invite: Invite, name: str, hashed: str, held: Sequence[roles.Role], device: Device) -> Tokens:
    new = accounts.NewAccount(invite.email, name, str(invite.type), hashed, INVITED, email_verified=True, roles=held)
    by = Actor(new.user_id, new.user_type, "USER")
    session, entry = sessions.new_session(new.user_id, new.user_type, FIRST_TOKEN_VERSION, device, ["pwd"])
    begun = sessions.tokens_of(session)
    tx = Transaction()
    _use(tx, invite, new.user_id)
    accounts.add_account(tx, new, by=by, sessions={session.id: entry}, devices={device.agent_hash: clock.epoch()})
    tx.put(session, when=store.absent(sessions.Session), name="session")
    meta = {"userId": new.user_id, "roles": new.role_keys, "invitedBy": invite.invited_by_user_id}
    audit.write(tx, INVITE_ACCEPT, invite.id, by=by, meta=meta)
    tx.commit()
    return begun


def _use(tx: Transaction, invite: Invite, user_id: str) -> None:
    """Add that the invitation, waiting and in time, is used up, and its address free of it."""
    in_time = invite.still_pending() & (Invite.expires_at > clock.now())
    _, actions = invite.becoming({"status": ACCEPTED, "accepted_user_id": user_id})
    tx.update(Invite, invite.itself, actions, when=in_time, name="invite")
    own = InviteEmail.invite_id == invite.id
    tx.delete(InviteEmail, InviteEmail.place(invite.email), when=own, name="email")
