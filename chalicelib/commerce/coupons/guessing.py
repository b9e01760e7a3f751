"""Who tries codes that do not exist (CPN-15): after ten such answers in an hour no code is looked at for an hour."""

from __future__ import annotations

from chalicelib.commerce.coupons.items import CouponGuesses
from chalicelib.platform import clock, signals, store
from chalicelib.platform.errors import RateLimited, Unavailable
from chalicelib.platform.signals import Severity, SignalType
from chalicelib.platform.store import ConditionFailed

GUESSES = 10
WINDOW_SECONDS = BLOCKED_SECONDS = 3_600
TRIES = 60


def refuse_while(guesses: CouponGuesses | None) -> None:
    """429 with ``Retry-After`` while this person's codes are not looked at."""
    left = int(guesses.blocked_until) - clock.epoch() if guesses is not None else 0
    if left > 0:
        raise RateLimited(retry_after=left)


def record(user_id: str, known: CouponGuesses | None) -> None:
    """Count one code that does not exist, before the answer says so; the tenth is signalled.

    ``known``: the item as it was read. One round trip; more while others guess at the same moment. Raises
    ``RateLimited`` when ten were answered meanwhile, ``Unavailable`` when it cannot be counted.
    """
    for _ in range(TRIES):
        refuse_while(known)
        now = clock.epoch()
        times = [int(at) for at in known.times if int(at) > now - WINDOW_SECONDS] if known is not None else []
        times.append(now)
        tenth = len(times) >= GUESSES
        item = CouponGuesses(
            *CouponGuesses.place(user_id),
            times=[] if tenth else times,
            blocked_until=now + BLOCKED_SECONDS if tenth else 0,
            version=int(known.version) + 1 if known is not None else 1,
            ttl=now + 2 * WINDOW_SECONDS,
        )
        when = CouponGuesses.version == int(known.version) if known is not None else store.absent(CouponGuesses)
        try:
            store.put(item, when=when)
        except ConditionFailed as failed:
            known = failed.item if isinstance(failed.item, CouponGuesses) else None
            continue
        if tenth:
            signals.notice(SignalType.COUPON_GUESSING, Severity.MEDIUM, user_id=user_id, meta={"guesses": len(times)})
        return
    raise Unavailable
