"""The arithmetic of coupons, without a cloud."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.commerce.coupons import PricedLine
from chalicelib.commerce.coupons.discounts import discount, refusal, spread
from chalicelib.commerce.coupons.terms import CouponTerms, broken_rules, normal

NOW = datetime(2026, 1, 31, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def terms(**more: Any) -> CouponTerms:
    given = {"type": "PERCENT", "value": 10, "startAt": NOW - HOUR, "endAt": NOW + HOUR, **more}
    return CouponTerms.model_validate(given, strict=False)


PRICES = st.lists(st.integers(0, 100_000_000), min_size=1, max_size=20)
COUPONS = st.one_of(
    st.builds(
        lambda value, most: terms(value=value, maxDiscountPaise=most),
        st.integers(1, 100),
        st.none() | st.integers(1, 50_000_000),
    ),
    st.builds(lambda value: terms(type="FLAT", value=value), st.integers(1, 100_000_000)),
)


@pytest.mark.rule("CPN-10")
@pytest.mark.parametrize(
    ("more", "subtotal", "off"),
    [
        ({"value": 10}, 49_999, 4_999),
        ({"value": 100}, 49_999, 49_999),
        ({"value": 33}, 1, 0),
        ({"value": 50, "maxDiscountPaise": 10_000}, 49_900, 10_000),
        ({"type": "FLAT", "value": 10_000}, 49_900, 10_000),
        ({"type": "FLAT", "value": 90_000}, 49_900, 49_900),
        ({"type": "FLAT", "value": 90_000, "maxDiscountPaise": 5}, 49_900, 5),
    ],
)
def test_what_is_let_off(more: dict[str, Any], subtotal: int, off: int) -> None:
    assert discount(terms(**more), subtotal) == off


@pytest.mark.rule("CPN-10", "PAY-41")
@given(coupon=COUPONS, prices=PRICES, chosen=st.sets(st.integers(0, 19)))
def test_shares_sum_to_the_discount_and_no_line_costs_less_than_nothing(
    coupon: CouponTerms, prices: list[int], chosen: set[int]
) -> None:
    refs = [f"p{number}" for number in range(len(prices))]
    named = tuple(ref for number, ref in enumerate(refs) if number in chosen)
    if named:
        coupon = coupon.model_copy(update={"plan_keys": named})
    lines = [PricedLine("PLAN", ref, price) for ref, price in zip(refs, prices, strict=True)]
    shares = spread(coupon, lines)
    fitting = sum(line.paise for line in lines if not named or line.ref in named)
    assert sum(shares) == discount(coupon, fitting) <= fitting
    for line, share in zip(lines, shares, strict=True):
        assert 0 <= share <= line.paise
        assert share == 0 or not named or line.ref in named
        if fitting:
            assert abs(share * fitting - sum(shares) * line.paise * (not named or line.ref in named)) < fitting


@pytest.mark.rule("CPN-10")
def test_what_is_left_of_a_division_goes_to_the_largest_remainders() -> None:
    lines = [PricedLine("PLAN", ref, price) for ref, price in (("a", 100), ("b", 100), ("c", 101))]
    assert spread(terms(type="FLAT", value=2), lines) == (1, 0, 1)
    assert spread(terms(type="FLAT", value=301), lines) == (100, 100, 101)


PLAN, COURSE = PricedLine("PLAN", "basic", 49_900), PricedLine("COURSE", "01KAAAAAAA0000000000000000", 100)
COURSE_ID = "01KAAAAAAA0000000000000000"


@pytest.mark.rule("CPN-10", "CPN-11")
@pytest.mark.parametrize(
    ("more", "lines", "currency", "reason"),
    [
        ({}, [PLAN], "INR", None),
        ({"isActive": False}, [PLAN], "INR", "UNKNOWN"),
        ({"startAt": NOW}, [PLAN], "INR", None),
        ({"startAt": NOW + timedelta(milliseconds=1)}, [PLAN], "INR", "NOT_STARTED"),
        ({"endAt": NOW}, [PLAN], "INR", "ENDED"),
        ({"minOrderPaise": 49_900}, [PLAN], "INR", None),
        ({"minOrderPaise": 49_901}, [PLAN], "INR", "MIN_ORDER"),
        ({"minOrderPaise": 50_000, "planKeys": ["basic"]}, [PLAN, COURSE], "INR", None),
        ({"planKeys": ["other"]}, [PLAN], "INR", "NOT_FOR_ITEM"),
        ({"planKeys": ["other", "basic"]}, [PLAN], "INR", None),
        ({"courseIds": [COURSE_ID]}, [PLAN], "INR", "NOT_FOR_ITEM"),
        ({"courseIds": [COURSE_ID]}, [PLAN, COURSE], "INR", None),
        ({}, [PLAN], "USD", None),
        ({"type": "FLAT"}, [PLAN], "USD", "CURRENCY"),
        ({"maxDiscountPaise": 5}, [PLAN], "USD", "CURRENCY"),
    ],
)
def test_why_a_coupon_does_not_apply(
    more: dict[str, Any], lines: list[PricedLine], currency: str, reason: str | None
) -> None:
    assert refusal(terms(**more), lines, currency, NOW) == reason


@pytest.mark.rule("CPN-10", "CPN-16")
@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({}, None),
        ({"value": 100}, None),
        ({"value": 101}, "body.value"),
        ({"type": "FLAT", "value": 100_000_000}, None),
        ({"endAt": NOW - HOUR}, "body.endAt"),
        ({"value": 100, "usageLimitPerUser": None}, "body.usageLimitPerUser"),
        ({"value": 100, "usageLimitPerUser": None, "maxDiscountPaise": 100}, None),
        ({"value": 99, "usageLimitPerUser": None}, None),
        ({"planKeys": ["basic", "basic"]}, "body.planKeys"),
    ],
)
def test_rules_between_fields(more: dict[str, Any], field: str | None) -> None:
    assert [one["field"] for one in broken_rules(terms(**more))] == ([field] if field else [])


@pytest.mark.rule("CPN-11")
def test_a_code_is_trimmed_and_in_upper_case() -> None:
    assert normal("  welcome10 ") == "WELCOME10"


def test_terms_survive_being_stored() -> None:
    for one in (terms(), terms(usageLimitPerUser=None, usageLimitTotal=5, planKeys=["basic"], description="x")):
        assert CouponTerms.read(one.stored()) == one
