"""The second step of a sign-in (AUTH-26).

Three round trips: the challenge; who it is, while the guess is counted; the transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import wait

from chalicelib.identity import factors
from chalicelib.identity.factors import MfaChallenge, MfaCodeInvalid
from chalicelib.identity.sessions import (
    Device,
    Tokens,
    add_code,
    begin,
    count_failure,
    counted_read,
    factor_keys,
    failures_left,
    keys_of,
    known,
    one_guess,
)
from chalicelib.platform import store
from chalicelib.platform.http import limits
from chalicelib.platform.parallel import submit, together
from chalicelib.platform.store import Transaction


def verify(token: str, code: str, device: Device, counted: Callable[[], object]) -> Tokens:
    """Begin the session of a sign-in that waited for its second factor.

    ``counted`` waits for the counters of the address and refuses when they do. Raises ``MfaCodeInvalid`` for everything
    wrong, ``AccountBlocked``, ``RateLimited``, ``Conflict`` when too many sign in to one account at once.
    """
    challenge, left, _ = together(
        lambda: _found(token),
        lambda: failures_left(device.network),
        counted,
    )
    limits.refuse_if_any([left] if isinstance(left, limits.Verdict) else [])
    try:
        if not isinstance(challenge, MfaChallenge):
            raise MfaCodeInvalid
        return _begin(challenge, code, device.called(challenge.device_label))
    except MfaCodeInvalid:
        count_failure(device.network)
        raise


def _found(token: str) -> MfaChallenge | None:
    try:
        return factors.find(token)
    except MfaCodeInvalid:
        return None


def _begin(challenge: MfaChallenge, code: str, device: Device) -> Tokens:
    user_id = str(challenge.user_id)
    counting = submit(lambda: factors.count_guess(challenge))
    try:
        keys = [*keys_of(user_id), *factor_keys(user_id)]
        found = counted_read(user_id, lambda: store.get_many(keys))
    finally:
        wait([counting])
    counting.result()
    who, tried = known(found[:3]), found[3:]
    if not factors.is_live(challenge, who.card):
        raise MfaCodeInvalid

    def add(tx: Transaction) -> None:
        factors.redeem(tx, challenge)
        add_code(tx, who.user, tried, code, device)

    with one_guess(user_id, tried[1]):
        begun = begin(who, device, [*challenge.amr, factors.TOTP], add, wrong=MfaCodeInvalid)
    if not isinstance(begun, Tokens):
        raise MfaCodeInvalid
    return begun
