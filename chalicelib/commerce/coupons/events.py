"""What the world learns of coupons: facts from the table's stream. Each step of an order's redemption happens once."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.commerce.coupons.items import REDEEMED, RELEASED, RESERVED, CouponRedemption
from chalicelib.platform.events.changes import Change, translate
from chalicelib.platform.events.domain import DomainEvent


class CouponEvent(DomainEvent):
    """A step of a coupon's way with an order. ``uses``: uses that the coupon's own counter does not know of yet."""

    user_id: str
    order_id: str
    code: str
    uses: int

    @property
    def key(self) -> str:
        """An order has one coupon, and takes each step with it once."""
        return f"{type(self).__name__}:{self.order_id}"


class CouponReserved(CouponEvent):
    """An order waits with it."""


class CouponReleased(CouponEvent):
    """Nothing came of the order."""


class CouponReturned(CouponEvent):
    """An order that had succeeded with it was refunded, and frees its use."""


class CouponRedeemed(CouponEvent):
    """An order succeeded with it."""

    discount_paise: int


@translate(CouponRedemption)
def coupon_events(change: Change[CouponRedemption]) -> Iterator[DomainEvent]:
    """What a change of a redemption means. Only where no total limit counts uses at once they are counted from here."""
    now, before = change.new, change.old
    if now is None or not any(change.became("state", state) for state in (RESERVED, RELEASED, REDEEMED)):
        return
    was = str(before.state) if before is not None else None
    one = 0 if now.counted else 1
    facts = {"user_id": str(now.user_id), "order_id": str(now.merchant_transaction_id), "code": str(now.code)}
    if now.state == RESERVED:
        yield CouponReserved(**facts, uses=one)
    elif now.state == RELEASED:
        yield (CouponReturned if was == REDEEMED else CouponReleased)(**facts, uses=-one)
    else:
        yield CouponRedeemed(**facts, uses=0 if was == RESERVED else one, discount_paise=int(now.discount_paise))
