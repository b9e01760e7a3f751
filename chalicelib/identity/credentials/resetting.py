"""Setting a new password by a link or code (AUTH-11, AUTH-12, AUTH-49), or because staff say so (USR-11)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.identity import roles
from chalicelib.identity.accounts import (
    DELETED,
    Login,
    User,
    UserNotFound,
    check_password,
    hash_password,
    is_right_password,
    require_local,
)
from chalicelib.identity.credentials import codes, guarding, requesting, templates
from chalicelib.identity.credentials.codes import Purpose
from chalicelib.identity.credentials.errors import ResetTokenInvalid
from chalicelib.identity.credentials.items import OtpCode, ResetToken
from chalicelib.identity.credentials.requesting import Asked
from chalicelib.identity.sessions import Device, all_ended
from chalicelib.platform import audit, clock, messages, settings, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.audit import Actor, AuditAction
from chalicelib.platform.errors import Conflict, invalid
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.parallel import together
from chalicelib.platform.records import frozen
from chalicelib.platform.sites import FRONTEND_URL
from chalicelib.platform.store import Transaction, TransactionLost

AUTH_RESET_TTL_MINUTES = settings.integer("AUTH_RESET_TTL_MINUTES", default=30, minimum=1, maximum=1_440)

USER_RESET_PASSWORD = AuditAction("user.reset_password", "A password reset was asked for by staff, or done by a link")

TOKEN_BYTES = 32
SELF = "SELF"
KEPT = timedelta(days=1)


@frozen
class NewReset:
    """A token that sets a new password, in clear."""

    token: str
    expires_at: datetime


def request_link(email: str, counted: Callable[[], object]) -> None:
    """Mail a link that sets a new password to an address, if somebody has it. Three round trips.

    Raises ``MethodDisabled``, ``OtpTooSoon``, ``RateLimited``.
    """
    require_local()
    asked = requesting.look_up(email, Purpose.RESET, counted)
    tx = Transaction()
    _add_link(tx, asked, requested_by=SELF, when=codes.not_too_soon())
    requesting.commit(tx)


def _add_link(tx: Transaction, asked: Asked, *, requested_by: str, when: Condition | None) -> None:
    reset_id = new_ulid()
    generation = int(asked.login.reset_generation) if asked.login is not None else None
    new = add_token(tx, asked.email, reset_id, user_id=asked.user_id, generation=generation, requested_by=requested_by)
    item = codes.issue_link(asked.email, reset_id, new.expires_at, user_id=asked.user_id)
    tx.put(item, when=when, name="code")
    payload: dict[str, object] = {"ttlMinutes": AUTH_RESET_TTL_MINUTES()}
    url = f"{FRONTEND_URL().rstrip('/')}/reset?token={new.token}"
    requesting.add_mail(tx, templates.AUTH_RESET, item, asked, payload, {"resetUrl": url})


def add_token(
    tx: Transaction,
    email: str,
    reset_id: str,
    *,
    user_id: str | None,
    generation: int | None,
    requested_by: str = SELF,
) -> NewReset:
    """Add a token to a transaction; without a ``user_id`` nobody's. Of the token only a hash is kept."""
    now, token = clock.now(), secrets.token_urlsafe(TOKEN_BYTES)
    end = now + timedelta(minutes=AUTH_RESET_TTL_MINUTES())
    item = ResetToken(
        *ResetToken.place(token),
        id=reset_id,
        user_id=user_id,
        email=email if user_id is not None else "",
        reset_generation=generation,
        requested_by=requested_by,
        created_at=now,
        expires_at=end,
        ttl=int((end + KEPT).timestamp()),
    )
    tx.put(item, when=store.absent(ResetToken), name="token")
    return NewReset(token, end)


def request_for(target: User, card: AccessCard, *, by: Caller, reason: str | None, require_change: bool) -> None:
    """Mail somebody a reset link and end all their sessions, because staff say so (USR-11). One round trip.

    With ``require_change`` their old password works only to change it. Raises ``NotOnYourself``, ``TargetOutranks``,
    ``UserNotFound`` for a deleted account, ``Conflict`` when roles or address changed at the same moment.
    """
    if target.id == by.user_id:
        raise roles.NotOnYourself
    roles.require_not_outranked(by, card)
    if target.status == DELETED or target.email is None:
        raise UserNotFound
    tx = Transaction()
    # Staff are not held to the 60 seconds: whoever attacks an account asks all the time.
    _add_link(tx, Asked(target.email, None, target), requested_by=by.user_id, when=None)
    as_read = (AccessCard.status != DELETED) & (AccessCard.roles_version == card.roles_version)
    demands: list[Action] = [AccessCard.must_change_password.set(True)] if require_change else []
    tx.update(AccessCard, card.itself, [*all_ended("ADMIN"), *demands], when=as_read, name="card")
    same = (User.email == target.email) & (User.status != DELETED)
    if require_change:
        actions = [User.must_change_password.set(True), User.updated_at.set(clock.now()), User.version.add(1)]
        tx.update(User, target.itself, actions, when=same, name="user")
    else:
        tx.check(User, target.itself, same, name="user")
    roles.admitted(tx, by)
    meta = {"requireChange": require_change}
    audit.write(tx, USER_RESET_PASSWORD, target.id, by=by, meta=meta, reason=reason)
    try:
        tx.commit()
    except TransactionLost as lost:
        roles.raise_if_not_admitted(lost)
        raise Conflict from lost


def reset_password(token: str, password: str, device: Device, counted: Callable[[], object]) -> None:
    """Set a new password by a token, once, and end all sessions. Three round trips.

    It neither signs in nor lifts a block. Raises ``ResetTokenInvalid`` for whatever is wrong with the token,
    ``PasswordTooWeak``, which leaves the token usable, ``MethodDisabled``, ``RateLimited``.
    """
    require_local()
    place = ResetToken.place(token)
    item = guarding.beside_counters(
        lambda: store.get(ResetToken, place), subject=f"reset:{place.pk}", device=device, counted=counted
    )
    if item is None or not item.is_open:
        raise guarding.failed(device, ResetTokenInvalid)
    login, user = _owner(item)
    check_password(password, user_type=user.type, email=item.email, name=user.name, field="body.newPassword")
    if user.must_change_password and is_right_password(password, login.password_hash):
        raise same_password()
    try:
        _set(item, login, user, hash_password(password), device)
    except TransactionLost as lost:
        raise ResetTokenInvalid from lost


def same_password() -> Exception:
    """422 for a new password that is the old one."""
    return invalid("body.newPassword", "SAME", "must be another one than before")


def _owner(item: ResetToken) -> tuple[Login, User]:
    login, user = together(
        lambda: store.get(Login, Login.place(item.email)),
        lambda: store.get(User, User.place(str(item.user_id))),
    )
    if not isinstance(login, Login) or not isinstance(user, User) or login.user_id != item.user_id:
        raise ResetTokenInvalid
    return login, user


def _set(item: ResetToken, login: Login, user: User, hashed: str, device: Device) -> None:
    now = clock.now()
    tx = Transaction()
    unused = ResetToken.used_at.does_not_exist() & (ResetToken.expires_at > now)
    tx.update(ResetToken, item.itself, [ResetToken.used_at.set(now), ResetToken.version.add(1)], when=unused)
    latest = OtpCode.challenge_id == item.id
    tx.check(OtpCode, codes.place_of(item.email, Purpose.RESET), latest)
    tx.update(Login, login.itself, new_password(hashed), when=_still_good(item))
    clears = AccessCard.must_change_password.set(False)
    tx.update(AccessCard, AccessCard.place(user.id), [*all_ended("PASSWORD"), clears], when=store.present(AccessCard))
    clear_must_change(tx, user)
    by = Actor(user.id, user.type, "USER")
    audit.write(tx, USER_RESET_PASSWORD, user.id, by=by, meta={"requestedBy": item.requested_by})
    add_notice(tx, user, item.id, device)
    tx.commit()


def _still_good(item: ResetToken) -> Condition:
    """That neither password nor address changed since the token was made (AUTH-49)."""
    own, has_generation = Login.user_id == item.user_id, item.reset_generation is not None
    if has_generation:
        return cast(Condition, own & (Login.reset_generation == item.reset_generation))
    unchanged = Login.password_changed_at.does_not_exist() | (Login.password_changed_at <= item.created_at)
    return cast(Condition, own & unchanged)


def new_password(hashed: str) -> list[Action]:
    """The update of a login whose password becomes another; every reset token made before is void."""
    return [
        Login.password_hash.set(hashed),
        Login.password_changed_at.set(clock.now()),
        Login.reset_generation.add(1),
        Login.version.add(1),
    ]


def clear_must_change(tx: Transaction, user: User) -> None:
    """Add to a transaction that somebody has set a password of their own; the card's part is the caller's."""
    if user.must_change_password:
        actions = [User.must_change_password.set(False), User.updated_at.set(clock.now()), User.version.add(1)]
        tx.update(User, user.itself, actions, name="user")


def add_notice(tx: Transaction, user: User, cause: str, device: Device) -> None:
    """Add to a transaction the mail that says that the password changed (AUTH-71); ``cause`` names the event."""
    messages.post(
        tx,
        templates.AUTH_PASSWORD_CHANGED,
        str(user.email),
        dedup=f"AUTH_PASSWORD_CHANGED:{cause}",
        user_id=user.id,
        locale=requesting.locale_of(user),
        payload={**templates.noticed(device), "userName": user.name},
    )
