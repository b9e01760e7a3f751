"""Registration of students (AUTH-01): the account and its first session in one transaction."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.identity import accounts
from chalicelib.identity.sessions.device import Device
from chalicelib.identity.sessions.items import Session
from chalicelib.identity.sessions.opening import Tokens, new_session, tokens_of
from chalicelib.identity.sessions.schemas import RegisterRequest
from chalicelib.platform import clock, settings, store
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.audit import Actor
from chalicelib.platform.store import Transaction, TransactionLost

AUTH_REGISTRATION = settings.choice("AUTH_REGISTRATION", default="open", choices=("open", "closed"))
TERMS_VERSION = settings.text("TERMS_VERSION", default="1")
"""The version of the terms page that registering accepts."""

FIRST_TOKEN_VERSION = 1


def sign_up(
    wish: RegisterRequest,
    device: Device,
    counted: Callable[[], object],
    also: Callable[[Transaction, accounts.NewAccount], None],
    *,
    signed_in: bool = True,
) -> Tokens | None:
    """Create a student and, if ``signed_in``, begin a session. One round trip beside the limit's counters.

    Those run while hashing; ``counted`` waits for them and refuses when they do. ``also`` adds to the transaction what
    else a new account brings. Raises ``RegistrationClosed``, ``PasswordTooWeak``, ``EmailTaken``.
    """
    if AUTH_REGISTRATION() == "closed":
        raise accounts.RegistrationClosed
    new = _new_account(wish)
    session, entry = new_session(new.user_id, new.user_type, FIRST_TOKEN_VERSION, device, ["pwd"])
    tokens = tokens_of(session) if signed_in else None
    counted()
    tx = Transaction()
    accounts.add_account(
        tx,
        new,
        by=Actor(new.user_id, new.user_type, "USER"),
        sessions={session.id: entry} if signed_in else {},
        devices={device.agent_hash: clock.epoch()} if signed_in else {},
    )
    if signed_in:
        tx.put(session, when=store.absent(Session), name="session")
    also(tx, new)
    try:
        tx.commit()
    except TransactionLost as lost:
        if lost.failed("login"):
            raise accounts.EmailTaken from lost
        raise
    return tokens


def _new_account(wish: RegisterRequest) -> accounts.NewAccount:
    """What the wish makes, if it may be: with the password hashed."""
    accounts.check_domain_allowed(wish.email)
    accounts.check_asked(wish.email, wish.date_of_birth, wish.guardian_email)
    accounts.check_password(wish.password, user_type=UserType.STUDENT, email=wish.email, name=wish.name)
    return accounts.NewAccount(
        wish.email,
        wish.name,
        str(UserType.STUDENT),
        accounts.hash_password(wish.password),
        accounts.REGISTERED,
        phone=wish.phone,
        terms_version=TERMS_VERSION(),
        marketing_email=wish.marketing_email,
        date_of_birth=wish.date_of_birth.isoformat() if wish.date_of_birth else None,
        guardian_email=wish.guardian_email,
    )
