"""One guess at somebody's second factor: counted when it is wrong, refused while the account waits (AUTH-62).

A challenge dies after 5 guesses, but whoever has the password begins another; so wrong codes are also counted by the
account, wherever they are tried, and make it wait as wrong passwords do. They are counted apart from those: an attacker
without the password cannot lock anybody out of their second step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from chalicelib.identity import factors
from chalicelib.identity.accounts import User
from chalicelib.identity.factors import MfaCodeInvalid, MfaFactor
from chalicelib.identity.sessions import notices, waiting
from chalicelib.identity.sessions.device import Device
from chalicelib.identity.sessions.errors import InvalidCredentials
from chalicelib.identity.sessions.items import FailedProofs
from chalicelib.identity.sessions.notices import FactorChange
from chalicelib.platform import signals, store
from chalicelib.platform.http import limits
from chalicelib.platform.http.limits import Limits
from chalicelib.platform.parallel import submit
from chalicelib.platform.signals import Severity, SignalType
from chalicelib.platform.store import Item, Key, Transaction, TransactionLost

T = TypeVar("T")


def factor_keys(user_id: str) -> list[Key]:
    """What a guess needs to know: the factor, and the failures so far."""
    return [MfaFactor.place(user_id), waiting.place(waiting.FACTOR, user_id)]


@contextmanager
def one_guess(user_id: str, failed: Item | None) -> Iterator[None]:
    """Inside, one code is tried (and the password, where both are asked for) and the transaction of it committed.

    ``failed``: the second of the items of ``factor_keys``. Raises ``RateLimited`` while the account waits, and
    ``MfaCodeInvalid`` also when the code was used at the same moment.
    """
    known = failed if isinstance(failed, FailedProofs) else None
    waiting.refuse_while(known)
    try:
        yield
    except (MfaCodeInvalid, InvalidCredentials):
        if waiting.count(waiting.FACTOR, user_id, known):
            # Whoever guesses codes has the password already.
            signals.notice(SignalType.LOGIN_BRUTE_FORCE, Severity.MEDIUM, user_id=user_id, meta={"step": factors.TOTP})
        raise
    except TransactionLost as lost:
        if lost.failed("factor") or lost.failed("challenge"):
            raise MfaCodeInvalid from lost
        raise


def counted_read(user_id: str, read: Callable[[], T]) -> T:
    """What ``read`` reads, while one attempt of the account is counted (class ``auth``); ``RateLimited`` if too many.

    For those who are signed in, or have passed the first step: an attempt is counted by their id.
    """
    counting = submit(lambda: limits.hit(Limits.AUTH, user_id))
    try:
        found = read()
    finally:
        verdict = counting.result()
    limits.refuse_if_any([verdict])
    return found


def prove(user_id: str, code: str, add: Callable[[Transaction], None], *, recovery_too: bool = True) -> None:
    """Try a code of somebody who is signed in, and commit, with what ``add`` adds, that it is used up.

    Two round trips. Raises ``MfaCodeInvalid``, ``RateLimited``, and ``TransactionLost`` when something that ``add``
    added did not hold.
    """
    factor, failed = counted_read(user_id, lambda: store.get_many(factor_keys(user_id)))
    with one_guess(user_id, failed):
        tx = Transaction()
        factors.consume(tx, factor_of([factor]), code, recovery_too=recovery_too)
        add(tx)
        tx.commit()


def add_code(tx: Transaction, user: User, items: Sequence[Item | None], code: str, device: Device) -> None:
    """Add that a sign-in uses up a code; the owner hears of a recovery code. ``items``: those of ``factor_keys``.

    Raises ``MfaCodeInvalid``.
    """
    if factors.consume(tx, factor_of(items), code):
        notices.add_factor_changed(tx, user, FactorChange.RECOVERY_USED, device.agent_shown)


def factor_of(items: Sequence[Item | None]) -> MfaFactor | None:
    """The factor among the items of ``factor_keys``."""
    return next((one for one in items if isinstance(one, MfaFactor)), None)
