"""One-time codes (AUTH-45): six digits that serve one address, one purpose and one challenge, once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import cast

from pynamodb.expressions.condition import Condition

from chalicelib.identity.credentials.errors import OtpInvalid
from chalicelib.identity.credentials.items import OtpCode
from chalicelib.platform import clock, settings, store
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.secrets import secret
from chalicelib.platform.store import ConditionFailed, Transaction

AUTH_OTP_TTL_MINUTES = settings.integer("AUTH_OTP_TTL_MINUTES", default=10, minimum=1, maximum=60)
AUTH_OTP_LOGIN = settings.boolean("AUTH_OTP_LOGIN", default=True)
OTP_KEY = secret("OTP_KEY")

DIGITS = 6
GUESSES = 5
RESEND_SECONDS = 60
KEPT = timedelta(days=1)


class Purpose(StrEnum):
    """What a code proves its address for."""

    LOGIN = "LOGIN"
    RESET = "RESET"
    VERIFY_EMAIL = "VERIFY_EMAIL"
    CHANGE_EMAIL = "CHANGE_EMAIL"


def pseudonym(email: str) -> str:
    """32 hex digits that stand for an address in keys and counters: an HMAC, so that they tell no address."""
    return _mac(f"address:{email}")[:32]


def hash_of(email: str, purpose: Purpose, challenge_id: str, code: str) -> str:
    """What is stored of a code; without the pepper, six digits would be found from it at once."""
    return _mac(f"code:{purpose}:{challenge_id}:{email}:{code}")


def _mac(text: str) -> str:
    return hmac.new(OTP_KEY().encode(), text.encode(), hashlib.sha256).hexdigest()


def new_code() -> str:
    """Six digits, each text as likely as any other."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"


def place_of(email: str, purpose: Purpose) -> store.Key:
    """Where the live code of an address and purpose is."""
    return OtpCode.place(pseudonym(email), purpose)


def issue(email: str, purpose: Purpose, *, user_id: str | None) -> tuple[OtpCode, str]:
    """A new code, as its item and in clear; for an address that nobody has (no ``user_id``) one that nobody gets."""
    challenge_id, code = new_ulid(), new_code()
    item = _item(email, purpose, challenge_id, hash_of(email, purpose, challenge_id, code))
    item.user_id, item.decoy = user_id, user_id is None
    item.expires_at = item.requested_at + timedelta(minutes=AUTH_OTP_TTL_MINUTES())
    item.ttl = int((item.expires_at + KEPT).timestamp())
    return item, code


def issue_link(email: str, challenge_id: str, expires_at: datetime, *, user_id: str | None) -> OtpCode:
    """What stands for a reset link that was asked for: in a code's place, so that either makes the other void."""
    item = _item(email, Purpose.RESET, challenge_id, secrets.token_hex(32))
    item.user_id, item.decoy = user_id, user_id is None
    item.expires_at, item.ttl = expires_at, int((expires_at + KEPT).timestamp())
    return item


def _item(email: str, purpose: Purpose, challenge_id: str, code_hash: str) -> OtpCode:
    return OtpCode(
        *place_of(email, purpose),
        challenge_id=challenge_id,
        code_hash=code_hash,
        purpose=purpose,
        requested_at=clock.now(),
    )


def not_too_soon() -> Condition:
    """That an address and purpose was not written to within the last 60 s (AUTH-48)."""
    long_ago = OtpCode.requested_at <= clock.now() - timedelta(seconds=RESEND_SECONDS)
    return cast(Condition, store.absent(OtpCode) | long_ago)


def wait_of(previous: OtpCode | None) -> int:
    """Whole seconds until an address may ask again; 0 when it may."""
    if previous is None:
        return 0
    left = RESEND_SECONDS - (clock.now() - previous.requested_at).total_seconds()
    return max(0, -int(-left // 1))


def guess(email: str, purpose: Purpose, challenge_id: str, code: str) -> OtpCode | None:
    """The live code if this is it; None for whatever is wrong. One write, before the guess is looked at.

    So that no more than 5 guesses ever are, however many come at once.
    """
    is_live = (
        (OtpCode.challenge_id == challenge_id)
        & OtpCode.consumed_at.does_not_exist()
        & (OtpCode.attempts < GUESSES)
        & (OtpCode.expires_at > clock.now())
    )
    actions = [OtpCode.attempts.add(1), OtpCode.version.add(1)]
    try:
        item = store.update(OtpCode, place_of(email, purpose), actions, when=is_live)
    except ConditionFailed:
        return None
    right = hmac.compare_digest(item.code_hash, hash_of(email, purpose, challenge_id, code))
    return item if right else None


def consume(tx: Transaction, item: OtpCode) -> None:
    """Add to a transaction that a right code is used up. When the action ``code`` loses, it was used or replaced."""
    unused = (
        OtpCode.consumed_at.does_not_exist()
        & (OtpCode.challenge_id == item.challenge_id)
        & (OtpCode.code_hash == item.code_hash)
    )
    actions = [OtpCode.consumed_at.set(clock.now()), OtpCode.version.add(1)]
    tx.update(OtpCode, item.itself, actions, when=unused, name="code")


def require(item: OtpCode | None) -> OtpCode:
    """The code, or ``OtpInvalid``."""
    if item is None:
        raise OtpInvalid
    return item
