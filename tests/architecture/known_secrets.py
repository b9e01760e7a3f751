"""Codes, links and factors whose secret is known, so that sound requests can carry them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from chalicelib.identity.credentials import EmailChange, OtpCode
from chalicelib.identity.credentials.codes import Purpose, hash_of, issue, issue_link
from chalicelib.identity.credentials.resetting import add_token
from chalicelib.identity.factors import MfaChallenge, MfaFactor, totp
from chalicelib.identity.invites import Invite, tokens
from chalicelib.identity.invites.items import email_mark
from chalicelib.platform import clock, sealing, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.store import Transaction
from tests.support.people import Person

CODE = "482913"
CHALLENGE = "01JH8Z6V3N4Q5R6S7T8V9WXYZ0"
INVITE_ID = "01JH8Z6V3N4Q5R6S7T8V9WXYZ1"
INVITE_SECRET = "s" * 43
MFA_TOKEN = "m" * 43
MFA_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def _put_code(person: Person, email: str, purpose: Purpose) -> OtpCode:
    item, _ = issue(email, purpose, user_id=person.id)
    item.challenge_id, item.code_hash = CHALLENGE, hash_of(email, purpose, CHALLENGE, CODE)
    item.expires_at = clock.now() + timedelta(days=1)
    # Long enough ago for another to be asked for.
    item.requested_at = clock.now() - timedelta(hours=1)
    store.put(item)
    return item


def _put_invite() -> str:
    """The token of an invitation that waits for an answer."""
    now = clock.now()
    invite = Invite(
        *Invite.place(INVITE_ID),
        id=INVITE_ID,
        email="invited@example.com",
        type="ADMIN",
        role_keys=["ADMIN_TEST"],
        token_hash=tokens.hash_of(INVITE_SECRET),
        invited_by_user_id=CHALLENGE,
        expires_at=now + timedelta(days=1),
        created_at=now,
    )
    invite.index()
    store.put(invite)
    store.put(email_mark(invite.email, invite.id, invite.expires_at))
    return tokens.render(INVITE_ID, INVITE_SECRET)


def _put_factor(person: Person) -> None:
    """A second factor that the person's session was begun with, and a sign-in of theirs that waits for its code."""
    now = clock.now()
    sealed = sealing.seal(MFA_SECRET, about=person.id)
    store.put(
        MfaFactor(*MfaFactor.place(person.id), user_id=person.id, secret=sealed, confirmed_at=now, created_at=now)
    )
    actions = [AccessCard.mfa_enrolled.set(True), AccessCard.sessions[person.session_id]["mfa"].set(True)]
    store.update(AccessCard, AccessCard.place(person.id), actions)
    challenge = MfaChallenge(
        *MfaChallenge.place(MFA_TOKEN),
        user_id=person.id,
        amr=["pwd"],
        token_version=1,
        expires_at=now + timedelta(days=1),
    )
    store.put(challenge)


def second_factor_bodies(person: Person) -> dict[str, Any]:
    """Bodies by endpoint with the code that the person's authenticator app shows now."""
    code = {"code": totp.code_at(MFA_SECRET, totp.step_at(clock.epoch()))}
    return {
        "confirm_totp": code,
        "renew_codes": code,
        "remove_totp": {"password": person.password, **code},
        "verify_second_factor": {"mfaToken": MFA_TOKEN, **code},
    }


def put_for(one: Person, everybody: Iterable[Person]) -> dict[str, Any]:
    """Bodies by endpoint: a code and a link of one person. Everybody may move to an address by the same code."""
    _put_code(one, one.email, Purpose.LOGIN)
    for person in everybody:
        email = f"moved.{person.id.lower()}@example.com"
        item = _put_code(person, email, Purpose.CHANGE_EMAIL)
        place = EmailChange.place(person.id)
        store.put(
            EmailChange(*place, user_id=person.id, email=email, challenge_id=CHALLENGE, expires_at=item.expires_at)
        )
    tx, reset_id = Transaction(), new_ulid()
    reset = add_token(tx, one.email, reset_id, user_id=one.id, generation=0)
    link = issue_link(one.email, reset_id, reset.expires_at, user_id=one.id)
    link.requested_at = clock.now() - timedelta(hours=1)
    tx.put(link)
    tx.commit()
    _put_factor(one)
    invited = _put_invite()
    return {
        "verify_otp": {"email": one.email, "code": CODE, "challengeId": CHALLENGE},
        "reset_password": {"token": reset.token, "newPassword": "seven lilacs over Jaipur"},
        "invite_info": {"token": invited},
        "accept_invite": {"token": invited, "name": "Meera Nair", "password": "seven lilacs over Jaipur"},
    }
