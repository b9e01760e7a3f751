"""Orders, coupons, webhooks in any order and number, polls, refunds, expiries and clock jumps against a small model
(QUAL-22).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from chalicelib.commerce import gateways
from chalicelib.commerce.coupons.errors import CouponInvalid
from chalicelib.commerce.gateways import State
from chalicelib.commerce.payments import following, reconciliation, refunding, refunds, webhooks
from chalicelib.commerce.payments.checkout import checkout
from chalicelib.commerce.payments.errors import (
    CheckoutInProgress,
    OrderNotRefundable,
    RefundExceedsPayment,
    RefundUnsupported,
)
from chalicelib.commerce.payments.finalization import Ask, finalize
from chalicelib.commerce.payments.following import OrderState
from chalicelib.commerce.payments.items import OrderLocator
from chalicelib.commerce.payments.refund_schemas import RefundRequest
from chalicelib.commerce.payments.schemas import CheckoutRequest
from chalicelib.commerce.payments.webhooks import EventMessage
from chalicelib.commerce.plans import Plan
from chalicelib.commerce.subscriptions import expiry, nightly
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.http.request import Request
from chalicelib.platform.ids import new_ulid
from tests.commerce.payments.books import Books, Row, Taken
from tests.commerce.payments.fake_gateway import NAME, SIGNATURE, FakeGateway
from tests.commerce.payments.shop import DAY, Shop
from tests.commerce.payments.stories import coupon
from tests.support.faulty import NIGHTLY
from tests.support.people import People, Person

COUPONS = {"HALF": {"type": "PERCENT", "value": 50, "usageLimitTotal": 2}, "TENOFF": {"type": "FLAT", "value": 1_000}}
"""One of few uses; one that is counted by nobody, but per person."""
FATES = st.sampled_from(["SUCCESS", "SUCCESS", "LATER", "LATER", "FAILED", "SHORT"])
CODES = st.sampled_from([None, None, "HALF", "TENOFF"])
PLACES = st.sampled_from(["KA", "KL"])


class Payments(RuleBasedStateMachine):
    """The model is the gateway's own book: what it took, and what it gave back."""

    shop: Shop
    plan: Plan

    orders = Bundle("orders")
    events = Bundle("events")

    def __init__(self) -> None:
        super().__init__()
        self.shop.cloud.reset()
        store.put(self.plan)
        for code, terms in COUPONS.items():
            store.put(coupon(code, **terms))
        self.gateway = FakeGateway()
        gateways.register(self.gateway)
        self.people = [People(self.shop.cloud).student() for _ in range(2)]
        self.staff = People(self.shop.cloud).super_admin()
        self.owner: dict[str, Person] = {}
        self.paid: set[str] = set()

    @initialize(target=orders, fates=st.tuples(FATES, FATES), code=CODES)
    def two_tabs(self, fates: tuple[str, str], code: str | None) -> Any:
        """Two orders for the same thing, open side by side: each may come to be paid."""
        bought = (self.buy(0, "KA", code, fates[0]), self.buy(0, "KL", code, fates[1]))
        return multiple(*filter(None, bought))

    @rule(target=orders, who=st.integers(0, 1), place=PLACES, code=CODES, fate=FATES)
    def buy_more(self, who: int, place: str, code: str | None, fate: str) -> Any:
        return self.buy(who, place, code, fate) or multiple()

    def buy(self, who: int, place: str, code: str | None, fate: str) -> str | None:
        """None: it is not sold like this now, and nothing has changed."""
        person = self.people[who]
        caller = Caller(self.shop.card(person), person.session_id)
        body = CheckoutRequest.model_validate({"planKey": "basic", "billing": {"state": place}, "couponCode": code})
        request = Request("POST", "/v1/payments/checkout", {}, {}, {}, b"{}", "203.0.113.7", "r" * 8)
        before = len(self.gateway.asked)
        try:
            order_id = checkout(body, caller, request).body.merchant_transaction_id
        except (CheckoutInProgress, CouponInvalid):
            assert len(self.gateway.asked) == before
            return None
        self.owner[order_id] = person
        if fate != "LATER":
            self.gateway_decides(order_id, fate)
        return order_id

    @rule(order=orders, outcome=st.sampled_from(["SUCCESS", "SUCCESS", "FAILED", "SHORT"]))
    def the_gateway_decides(self, order: str, outcome: str) -> None:
        self.gateway_decides(order, outcome)

    def gateway_decides(self, order: str, outcome: str) -> None:
        if outcome == "SHORT":
            self.gateway.pay(order, State.SUCCESS, self.gateway.asked[order] - 100)
        else:
            self.gateway.pay(order, State(outcome))

    @rule(target=events, order=orders, claim=st.sampled_from(["completed", "failed", "odd"]))
    def webhook(self, order: str, claim: str) -> EventMessage:
        body = json.dumps({"event": claim, "order": order}).encode()
        signed = {SIGNATURE: hashlib.sha256(body).hexdigest()}
        webhooks.receive(NAME, Request("POST", "/", {}, {}, signed, body, "203.0.113.8", "r" * 8))
        return EventMessage(gateway=NAME, event_id=hashlib.sha256(body).hexdigest(), order_id=order)

    @rule(event=events, times=st.integers(1, 2))
    def work_through(self, event: EventMessage, times: int) -> None:
        for _ in range(times):
            webhooks.process(event)

    @rule(order=orders, last=st.booleans())
    def poll(self, order: str, last: bool) -> None:
        following.check(OrderState(merchant_transaction_id=order, user_id=self.owner[order].id), last=last)

    @rule()
    def look_for_late_money(self) -> None:
        reconciliation.check_late()

    @rule(
        order=orders,
        amount=st.sampled_from([None, None, 10_000]),
        effect=st.sampled_from([None, "KEEP", "SHORTEN", "REVOKE"]),
        works=st.booleans(),
    )
    def staff_give_back(self, order: str, amount: int | None, effect: str | None, works: bool) -> None:
        """``works``: whether the gateway pays it out in the end."""
        self.gateway.refunds_succeed = works
        caller = Caller(self.shop.card(self.staff), self.staff.session_id)
        body = {"reason": "asked for", "amountPaise": amount, "entitlementEffect": effect}
        locator = store.get(OrderLocator, OrderLocator.place(order))
        assert locator is not None
        try:
            refunding.refund(locator, caller, RefundRequest.model_validate(body), new_ulid())
        except (OrderNotRefundable, RefundExceedsPayment, RefundUnsupported):
            return

    @rule(order=orders)
    def follow_refunds(self, order: str) -> None:
        for refund in self.shop.refunds(order):
            refunds.follow(order, str(refund.merchant_refund_id))

    @rule()
    def the_night(self) -> None:
        """What ended is EXPIRED; twice in a night is once."""
        for _ in range(2):
            nightly.carry_on(expiry.expire({"days": 2}).run_id)

    @rule(seconds=st.sampled_from([31, 11 * 60, 31 * 60, 2 * 3600, 31 * DAY]))
    def time_passes(self, seconds: int) -> None:
        self.shop.cloud.advance(seconds)

    @invariant()
    def what_was_paid_stays_paid(self) -> None:
        paid = {one.id for person in self.people for one in self.shop.orders(person) if one.status == "SUCCESS"}
        assert self.paid <= paid
        self.paid = paid

    def teardown(self) -> None:
        self.shop.cloud.advance(31 * 60)
        for order_id, person in self.owner.items():
            self.gateway.refunds_succeed = True
            finalize(Ask(order_id, person.id, lapsed=True, may_expire=True))
            for _ in range(2):
                self.follow_refunds(order_id)
        books = Books.read(self.shop.cloud, self._book(), told=False)
        assert books.wrongs() == []
        orders = {str(one["sk"]).removeprefix("ORDER#"): one for one in books.orders()}
        assert set(orders) == set(self.owner)
        granted: dict[str, int] = {person.id: 0 for person in self.people}
        for order_id, person in self.owner.items():
            granted[person.id] += self._check(order_id, orders)
        for person in self.people:
            total = sum(int(one["endsAt"]) - int(one["startsAt"]) for one in self.shop.periods(person))
            # What ended while the clock jumped is no longer on the card; what is there is never more than was bought.
            assert total <= granted[person.id] * 30 * DAY
        clock.reset()

    def _book(self) -> dict[str, Taken]:
        return {
            order_id: Taken(amount if state is State.SUCCESS else 0, self.gateway.refunded.get(order_id, 0))
            for order_id, (state, amount) in self.gateway.states.items()
        }

    def _check(self, order_id: str, orders: dict[str, Row]) -> int:
        """What became of one order, by what its gateway did; answers how many grants it stands for."""
        order = orders[order_id]
        state, amount = self.gateway.states[order_id]
        if state is not State.SUCCESS:
            assert order["status"] in ("FAILED", "EXPIRED")
            return 0
        if amount != self.gateway.asked[order_id]:
            returned = self.gateway.refunded.get(order_id, 0)
            assert (order["status"], returned) in (("REVIEW", 0), ("FAILED", amount))
            return 0
        assert order["status"] == "SUCCESS"
        beside = orders.get(str(order.get("supersedes")))
        assert beside is None or not (order["grant_effects"] and beside["grant_effects"]), "a pair was granted twice"
        if order["grant_effects"]:
            return 1
        assert (order["refund_state"], self.gateway.refunded[order_id]) == ("FULL", amount)
        assert orders[str(order["duplicate_of"])]["status"] == "SUCCESS"
        return 0


@pytest.mark.rule("QUAL-22", "PAY-55", "PAY-66", "PAY-72", "PAY-110", "CPN-13")
def test_orders_against_a_model(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """By day the same hundred stories; by night two thousand others."""
    monkeypatch.setenv("PAYMENT_GATEWAYS", NAME)
    monkeypatch.setenv("RATE_COUPON", "off")
    plan = store.get(Plan, Plan.place("basic"))
    assert plan is not None
    machine = type("Machine", (Payments,), {"shop": shop, "plan": plan})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=2_000 if NIGHTLY else 100,
            stateful_step_count=20 if NIGHTLY else 8,
            deadline=None,
            database=None,
            derandomize=not NIGHTLY,
            suppress_health_check=list(HealthCheck),
        ),
    )
