"""What the stream tells of a coupon's way with an order."""

from __future__ import annotations

import pytest

from chalicelib.commerce.coupons import REDEEMED, RELEASED, RESERVED, CouponEvent, CouponRedemption
from chalicelib.commerce.coupons.events import coupon_events
from chalicelib.platform.events.changes import Change


def _one(state: str | None, *, counted: bool) -> CouponRedemption | None:
    if state is None:
        return None
    return CouponRedemption(
        "COUPON#TEN",
        "RED#TXN1",
        code="TEN",
        merchant_transaction_id="TXN1",
        user_id="U1",
        discount_paise=100,
        state=state,
        counted=counted,
    )


@pytest.mark.rule("CPN-14", "PAY-37")
@pytest.mark.parametrize(
    ("before", "after", "told", "uses"),
    [
        (None, RESERVED, "CouponReserved", 1),
        (None, REDEEMED, "CouponRedeemed", 1),
        (RESERVED, REDEEMED, "CouponRedeemed", 0),
        (RESERVED, RELEASED, "CouponReleased", -1),
        (RELEASED, REDEEMED, "CouponRedeemed", 1),
        (REDEEMED, RELEASED, "CouponReturned", -1),
        (REDEEMED, REDEEMED, None, 0),
        (RESERVED, None, None, 0),
    ],
)
def test_each_step_is_told_once_with_the_uses_that_nobody_counted(
    before: str | None, after: str | None, told: str | None, uses: int
) -> None:
    for counted in (False, True):
        found = list(coupon_events(Change(_one(before, counted=counted), _one(after, counted=counted), "1")))
        assert [type(one).__name__ for one in found] == ([told] if told else [])
        for one in found:
            assert isinstance(one, CouponEvent)
            assert (one.uses, one.code, one.key) == (0 if counted else uses, "TEN", f"{told}:TXN1")
