"""Another e-mail for an account: the login moves, with the password, to where sign-in finds it."""

from __future__ import annotations

from typing import cast

from pynamodb.expressions.condition import Condition

from chalicelib.identity.accounts.items import Login, User
from chalicelib.platform import clock, messages, store
from chalicelib.platform.audit import AuditAction
from chalicelib.platform.masking import mask_email
from chalicelib.platform.messages import MessageClass, Template
from chalicelib.platform.store import Transaction

EMAIL_CHANGED = AuditAction("user.email_changed", "Somebody moved to another e-mail address")

AUTH_EMAIL_CHANGED = Template(
    "AUTH_EMAIL_CHANGED",
    MessageClass.SECURITY,
    required=("at", "device", "newEmailMasked", "oldEmailMasked"),
    optional=("userName",),
)


def move_login(tx: Transaction, login: Login, email: str) -> None:
    """Add to a transaction that an account signs in under another e-mail, by the password it had.

    Reset tokens made for the old address are void (AUTH-49), should the address ever come back too. When the action
    ``login`` loses, the new e-mail is taken; when ``old-login`` does, the old one was changed since it was read.
    """
    moved = Login(
        *Login.place(email),
        email=email,
        user_id=login.user_id,
        type=login.type,
        password_hash=login.password_hash,
        password_changed_at=login.password_changed_at,
        reset_generation=int(login.reset_generation) + 1,
        mfa=login.mfa,
    )
    moved.index()
    tx.put(moved, when=store.absent(Login), name="login")
    tx.delete(Login, login.itself, when=_as_read(login), name="old-login")


def tell_of_move(tx: Transaction, user: User, email: str, device: str) -> None:
    """Add the notices to both addresses: that the account moves to ``email``, when, from which device (AUTH-71)."""
    payload = {
        "at": clock.iso(clock.now()),
        "device": device,
        "newEmailMasked": mask_email(email),
        "oldEmailMasked": mask_email(user.email),
        "userName": user.name,
    }
    dedup = f"{AUTH_EMAIL_CHANGED.key}:{user.id}:{int(user.version)}"
    for address in (user.email, email):
        messages.post(
            tx, AUTH_EMAIL_CHANGED, address, dedup=dedup, user_id=user.id, locale=user.locale, payload=payload
        )


def _as_read(login: Login) -> Condition:
    same_hash: Condition = Login.password_hash.does_not_exist()
    if login.password_hash is not None:
        same_hash = Login.password_hash == login.password_hash
    same = (Login.user_id == login.user_id) & (Login.reset_generation == login.reset_generation)
    return cast(Condition, same & (Login.mfa == login.mfa) & same_hash)
