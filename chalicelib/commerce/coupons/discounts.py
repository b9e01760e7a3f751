"""What a coupon lets off, and how that is spread over the lines (CPN-10): pure arithmetic on whole paise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chalicelib.commerce.coupons.errors import Reason
from chalicelib.commerce.coupons.terms import CURRENCY, WHOLE_PERCENT, CouponTerms
from chalicelib.platform.records import frozen


@frozen
class PricedLine:
    """One line at its price before discount, in the minor unit of the order's currency."""

    kind: str
    ref: str
    paise: int


def refusal(terms: CouponTerms, lines: Sequence[PricedLine], currency: str, now: datetime) -> Reason | None:
    """Why a coupon does not apply to these lines, whoever asks; None: it does."""
    if not terms.is_active:
        return Reason.UNKNOWN
    if now < terms.start_at:
        return Reason.NOT_STARTED
    if now >= terms.end_at:
        return Reason.ENDED
    if currency != CURRENCY and terms.names_amounts:
        return Reason.CURRENCY
    if not any(terms.fits(line.kind, line.ref) for line in lines):
        return Reason.NOT_FOR_ITEM
    if sum(line.paise for line in lines) < (terms.min_order_paise or 0):
        return Reason.MIN_ORDER
    return None


def discount(terms: CouponTerms, subtotal: int) -> int:
    """What is let off of ``subtotal``: never more than it, never more than the coupon's maximum."""
    off = subtotal * terms.value // WHOLE_PERCENT if terms.type == "PERCENT" else terms.value
    most = off if terms.max_discount_paise is None else min(off, terms.max_discount_paise)
    return min(most, subtotal)


def spread(terms: CouponTerms, lines: Sequence[PricedLine]) -> tuple[int, ...]:
    """Each line's share of the discount; lines that the coupon is not for have none. The shares sum to it exactly.

    The discount is that of the lines it is for, in proportion to their prices; what is left of the division goes to
    the largest remainders, of equal ones to the first. No share is more than its line's price.
    """
    weights = [line.paise if terms.fits(line.kind, line.ref) else 0 for line in lines]
    whole = sum(weights)
    off = discount(terms, whole)
    if not off:
        return (0,) * len(weights)
    shares = [off * weight // whole for weight in weights]
    largest = sorted(range(len(weights)), key=lambda position: -(off * weights[position] % whole))
    for position in largest[: off - sum(shares)]:
        shares[position] += 1
    return tuple(shares)
