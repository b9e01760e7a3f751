"""Moving to another e-mail address (USR-03, USR-04): asked for with the password, done with a code sent there."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from chalicelib.identity.accounts import (
    EMAIL_CHANGED,
    EmailTaken,
    Login,
    User,
    add_changes,
    check_domain_allowed,
    masked_changes,
    move_login,
    tell_of_move,
)
from chalicelib.identity.credentials import changing, codes, guarding, requesting, templates
from chalicelib.identity.credentials.changing import Own
from chalicelib.identity.credentials.codes import Purpose
from chalicelib.identity.credentials.errors import OtpInvalid, OtpTooSoon
from chalicelib.identity.credentials.items import EmailChange, OtpCode
from chalicelib.identity.credentials.requesting import Asked
from chalicelib.identity.sessions import Device, Tokens, end_others
from chalicelib.platform import audit, clock, messages, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.proof import require_recent
from chalicelib.platform.errors import Conflict, invalid
from chalicelib.platform.http import limits
from chalicelib.platform.http.limits import Limits, Verdict
from chalicelib.platform.masking import mask_email
from chalicelib.platform.parallel import together
from chalicelib.platform.store import Key, Transaction, TransactionLost, became


def place_of(user_id: str) -> Key:
    """Where somebody's wish to move is, for who reads it beside card and profile."""
    return EmailChange.place(user_id)


def request_change(
    user: User, email: str, password: str | None, *, by: Caller, device: Device, counted: Callable[[], object]
) -> OtpCode:
    """Send a code to the address that somebody wants to move to, and a notice to theirs.

    A taken address answers alike and gets a notice instead. Without ``password`` the session must have been proven
    within 10 minutes (AUTH-59). Raises ``InvalidCredentials``, ``ReauthRequired``, ``OtpTooSoon``, ``RateLimited``.
    """
    if email == user.email:
        raise invalid("body.newEmail", "SAME", "must be another one than now")
    check_domain_allowed(email, "body.newEmail")
    own = changing.read_own(user, by, device, counted)
    if password is None:
        require_recent(by)
    else:
        changing.check_own_password(own, password, device)
    taken, previous = together(
        lambda: store.get(Login, Login.place(email)),
        lambda: store.get(OtpCode, codes.place_of(email, Purpose.CHANGE_EMAIL)),
    )
    wait = codes.wait_of(previous) if isinstance(previous, OtpCode) else 0
    if wait > 0:
        raise OtpTooSoon(retry_after=wait)
    hour = limits.hit(Limits.OTP_HOUR, codes.pseudonym(email))
    if isinstance(hour, Verdict):
        requesting.refuse_hour(hour, Asked(email, None, None))
    item, code = codes.issue(email, Purpose.CHANGE_EMAIL, user_id=user.id)
    tx = Transaction()
    if isinstance(taken, Login):
        item.decoy = True
        _add_attempt(tx, item, taken)
    else:
        requesting.add_mail(tx, templates.AUTH_OTP, item, Asked(email, None, user), _code_facts(item), {"code": code})
    tx.put(item, when=codes.not_too_soon(), name="code")
    tx.put(_wish(user, item, email))
    _add_asked(tx, user, item, email, device)
    requesting.commit(tx)
    return item


def _code_facts(item: OtpCode) -> dict[str, object]:
    return {"ttlMinutes": codes.AUTH_OTP_TTL_MINUTES(), "purpose": str(item.purpose)}


def _wish(user: User, item: OtpCode, email: str) -> EmailChange:
    return EmailChange(
        *EmailChange.place(user.id),
        user_id=user.id,
        email=email,
        challenge_id=item.challenge_id,
        expires_at=item.expires_at,
        ttl=item.ttl,
    )


def _add_attempt(tx: Transaction, item: OtpCode, owner: Login) -> None:
    messages.post(
        tx,
        templates.AUTH_EMAIL_ATTEMPT,
        owner.email,
        dedup=f"AUTH_EMAIL_ATTEMPT:{item.challenge_id}",
        user_id=owner.user_id,
        payload={"at": clock.iso(clock.now())},
    )


def _add_asked(tx: Transaction, user: User, item: OtpCode, email: str, device: Device) -> None:
    messages.post(
        tx,
        templates.AUTH_EMAIL_CHANGE_ASKED,
        str(user.email),
        dedup=f"AUTH_EMAIL_CHANGE_ASKED:{item.challenge_id}",
        user_id=user.id,
        locale=requesting.locale_of(user),
        payload={**templates.noticed(device), "newEmailMasked": mask_email(email), "userName": user.name},
    )


def confirm_change(
    user: User,
    wish: EmailChange | None,
    challenge_id: str,
    code: str,
    *,
    by: Caller,
    device: Device,
    counted: Callable[[], object],
) -> tuple[User, Tokens]:
    """Move to the address whose code this is; other sessions end. Answers the profile, and this session's tokens.

    ``wish``: as it was read beside the profile. Raises ``OtpInvalid``, ``EmailTaken``, ``Conflict`` when the profile
    was changed at the same moment.
    """
    if wish is None or wish.challenge_id != challenge_id:
        raise guarding.failed(device, OtpInvalid)
    email = str(wish.email)
    found = together(
        lambda: codes.guess(email, Purpose.CHANGE_EMAIL, challenge_id, code),
        lambda: changing.read_own(user, by, device, counted),
    )
    item, own = cast(tuple[OtpCode | None, Own], tuple(found))
    if item is None or item.user_id != user.id:
        raise guarding.failed(device, OtpInvalid)
    if item.decoy:
        raise EmailTaken
    tx = Transaction()
    tokens = _add_move(tx, own, item, wish, device)
    try:
        tx.commit()
    except TransactionLost as lost:
        raise _lost(lost) from lost
    now = clock.now()
    return became(user, {"email": email, "email_verified_at": now, "updated_at": now}), tokens


def _add_move(tx: Transaction, own: Own, item: OtpCode, wish: EmailChange, device: Device) -> Tokens:
    user, email, now = own.user, str(wish.email), clock.now()
    codes.consume(tx, item)
    tx.delete(EmailChange, wish.itself)
    move_login(tx, own.login, email)
    add_changes(tx, user, {"email": email}, also=[User.email_verified_at.set(now)])
    tokens = end_others(tx, own.caller.card, own.session, device, reason="USER", rotate=False)
    meta = {"changed": masked_changes(user, {"email": email})}
    audit.write(tx, EMAIL_CHANGED, user.id, by=own.caller, meta=meta)
    tell_of_move(tx, user, email, device.shown)
    return tokens


def _lost(lost: TransactionLost) -> Exception:
    if lost.failed("code"):
        return OtpInvalid()
    if lost.failed("login"):
        return EmailTaken()
    return Conflict() if lost.failed("user") or lost.failed("old-login") else changing.lost_own(lost)
