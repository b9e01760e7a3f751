"""Challenges: a sign-in that was proven once waits 5 minutes, and 5 guesses, for the second factor."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta

from chalicelib.identity.factors.errors import MfaCodeInvalid
from chalicelib.identity.factors.items import MfaChallenge
from chalicelib.identity.factors.proving import METHODS
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.records import frozen
from chalicelib.platform.store import ConditionFailed, Transaction

TOTP = "totp"
"""How tokens say that a second factor was used."""
LIFETIME = timedelta(minutes=5)
GUESSES = 5
KEPT = timedelta(days=1)
TOKEN_BYTES = 32


@frozen
class PendingStep:
    """What a sign-in answers instead of tokens: ``token`` goes with the code of the second factor."""

    token: str
    methods: tuple[str, ...]


def begin_challenge(tx: Transaction, card: AccessCard, amr: Sequence[str], label: str | None) -> PendingStep:
    """Add to a transaction that somebody, proven by ``amr``, is asked for their second factor."""
    token, end = secrets.token_urlsafe(TOKEN_BYTES), clock.now() + LIFETIME
    challenge = MfaChallenge(
        *MfaChallenge.place(token),
        user_id=card.user_id,
        amr=list(amr),
        token_version=int(card.token_version),
        device_label=label,
        expires_at=end,
        ttl=int((end + KEPT).timestamp()),
    )
    tx.put(challenge, when=store.absent(MfaChallenge), name="challenge")
    return PendingStep(token, METHODS)


def find(token: str) -> MfaChallenge:
    """The challenge of a token. Raises ``MfaCodeInvalid`` for an unknown, expired, used or dead one. One round trip."""
    challenge = store.get(MfaChallenge, MfaChallenge.place(token))
    if challenge is None or challenge.consumed or int(challenge.attempts) >= GUESSES:
        raise MfaCodeInvalid
    if challenge.expires_at <= clock.now():
        raise MfaCodeInvalid
    return challenge


def count_guess(challenge: MfaChallenge) -> None:
    """Count one guess before it is looked at, so that no more than 5 are. Raises ``MfaCodeInvalid`` after those."""
    actions = [MfaChallenge.attempts.add(1), MfaChallenge.version.add(1)]
    is_open = MfaChallenge.consumed_at.does_not_exist() & (MfaChallenge.attempts < GUESSES)
    try:
        store.update(MfaChallenge, challenge.itself, actions, when=is_open)
    except ConditionFailed as failed:
        raise MfaCodeInvalid from failed


def is_live(challenge: MfaChallenge, card: AccessCard) -> bool:
    """Whether nothing has ended all sessions since the first step."""
    return int(card.token_version) == int(challenge.token_version)


def redeem(tx: Transaction, challenge: MfaChallenge) -> None:
    """Add to a transaction that the challenge is used. When ``challenge`` loses, it was used at the same moment."""
    unused = store.present(MfaChallenge) & MfaChallenge.consumed_at.does_not_exist()
    actions = [MfaChallenge.consumed_at.set(clock.now()), MfaChallenge.version.add(1)]
    tx.update(MfaChallenge, challenge.itself, actions, when=unused, name="challenge")
