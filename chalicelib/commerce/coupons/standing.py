"""How a code stands for one person and some lines: read beside everything else, then decided (CPN-10 … CPN-16)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chalicelib.commerce.coupons import guessing
from chalicelib.commerce.coupons.discounts import PricedLine, refusal, spread
from chalicelib.commerce.coupons.errors import CouponInvalid, Reason
from chalicelib.commerce.coupons.items import Coupon, CouponGuesses, CouponUse
from chalicelib.commerce.coupons.terms import CouponTerms, is_code
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Item, Key


@frozen
class Standing:
    """What one batch read showed of a code for a person. ``used``: orders of this person that hold or redeemed it."""

    code: str
    user_id: str
    coupon: Coupon | None
    used: int
    guesses: CouponGuesses | None


@frozen
class Applied:
    """A coupon that applies. ``shares``: what each line is let off, in order.

    ``limited``: it has a total limit, so its own counter counts the order; ``per_user``: None has no limit;
    ``version``: that of the terms all this was worked out from.
    """

    code: str
    shares: tuple[int, ...]
    limited: bool
    per_user: int | None
    version: int

    @property
    def discount(self) -> int:
        """What is let off in all."""
        return sum(self.shares)


def keys(code: str, user_id: str) -> list[Key]:
    """What ``standing`` wants to know, for the one batch read; a text that is no code names no coupon."""
    guesses = CouponGuesses.place(user_id)
    return [guesses, Coupon.place(code), CouponUse.place(code, user_id)] if is_code(code) else [guesses]


def standing(code: str, user_id: str, found: Sequence[Item | None]) -> Standing:
    """``found``: the items of ``keys``, in its order."""
    guesses, coupon, use = (*found, None, None)[:3]
    return Standing(
        code,
        user_id,
        coupon if isinstance(coupon, Coupon) else None,
        int(use.used_count) if isinstance(use, CouponUse) else 0,
        guesses if isinstance(guesses, CouponGuesses) else None,
    )


def apply(
    seen: Standing,
    lines: Sequence[PricedLine],
    *,
    currency: str,
    now: datetime,
    first_purchase: bool,
    held: bool = False,
) -> Applied:
    """What the coupon lets off, or 422 ``COUPON_INVALID`` with its reason (CPN-11).

    ``held``: an order that this one replaces holds the coupon, so no limit is asked again. A code that does not exist
    is counted (CPN-15); 429 while this person's codes are not looked at.
    """
    guessing.refuse_while(seen.guesses)
    terms = seen.coupon.terms if seen.coupon is not None else None
    reason = Reason.UNKNOWN if terms is None else refusal(terms, lines, currency, now)
    if reason is Reason.UNKNOWN or terms is None or seen.coupon is None:
        guessing.record(seen.user_id, seen.guesses)
        raise CouponInvalid({"reason": Reason.UNKNOWN})
    if reason is None and terms.first_purchase_only and not first_purchase:
        reason = Reason.FIRST_PURCHASE_ONLY
    if reason is None and not held:
        reason = _used_up(seen, seen.coupon, terms)
    if reason is not None:
        least = {"minOrderPaise": terms.min_order_paise} if reason is Reason.MIN_ORDER else {}
        raise CouponInvalid({"reason": reason, **least})
    shares = spread(terms, lines)
    if sum(shares) == sum(line.paise for line in lines) > 0 and terms.usage_limit_per_user is None:
        # What nobody limits gives nothing away for free (CPN-16).
        raise CouponInvalid({"reason": Reason.NOT_FOR_ITEM})
    limited = terms.usage_limit_total is not None
    return Applied(seen.code, shares, limited, terms.usage_limit_per_user, int(seen.coupon.version))


def _used_up(seen: Standing, coupon: Coupon, terms: CouponTerms) -> Reason | None:
    if terms.usage_limit_per_user is not None and seen.used >= terms.usage_limit_per_user:
        return Reason.LIMIT_USER
    if terms.usage_limit_total is not None and int(coupon.facts["usedCount"]) >= terms.usage_limit_total:
        return Reason.LIMIT_TOTAL
    return None
