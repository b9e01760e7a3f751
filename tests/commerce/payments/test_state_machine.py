"""Orders, webhooks in any order and number, polls, refunds and clock jumps against a small model (QUAL-22)."""

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
from chalicelib.commerce.gateways import State
from chalicelib.commerce.payments import following, reconciliation, refunds, webhooks
from chalicelib.commerce.payments.checkout import checkout
from chalicelib.commerce.payments.errors import CheckoutInProgress
from chalicelib.commerce.payments.finalization import Ask, finalize
from chalicelib.commerce.payments.following import OrderState
from chalicelib.commerce.payments.schemas import CheckoutRequest
from chalicelib.commerce.payments.webhooks import EventMessage
from chalicelib.commerce.plans import Plan
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.http.request import Request
from tests.commerce.payments.fake_gateway import NAME, SIGNATURE, FakeGateway
from tests.commerce.payments.shop import DAY, PRICE, Shop, assert_balanced
from tests.support.people import People, Person

FATES = st.sampled_from(["SUCCESS", "SUCCESS", "LATER", "LATER", "FAILED", "SHORT"])


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
        self.gateway = FakeGateway()
        gateways.register(self.gateway)
        self.people = [People(self.shop.cloud).student() for _ in range(2)]
        self.owner: dict[str, Person] = {}
        self.paid: set[str] = set()

    @initialize(target=orders, fates=st.tuples(FATES, FATES))
    def two_tabs(self, fates: tuple[str, str]) -> Any:
        """Two orders for the same thing, open side by side: each may come to be paid."""
        return multiple(self.buy(0, "KA", fates[0]), self.buy(0, "KL", fates[1]))

    @rule(target=orders, who=st.integers(0, 1), place=st.sampled_from(["KA", "KL"]), fate=FATES)
    def buy_more(self, who: int, place: str, fate: str) -> Any:
        return self.buy(who, place, fate) or multiple()

    def buy(self, who: int, place: str, fate: str) -> str | None:
        person = self.people[who]
        caller = Caller(self.shop.card(person), person.session_id)
        body = CheckoutRequest.model_validate({"planKey": "basic", "billing": {"state": place}})
        request = Request("POST", "/v1/payments/checkout", {}, {}, {}, b"{}", "203.0.113.7", "r" * 8)
        try:
            order_id = checkout(body, caller, request).body.merchant_transaction_id
        except CheckoutInProgress:
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
            self.gateway.pay(order, State.SUCCESS, PRICE - 100)
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

    @rule(order=orders)
    def follow_refunds(self, order: str) -> None:
        for refund in self.shop.refunds(order):
            refunds.follow(order, str(refund.merchant_refund_id))

    @rule(seconds=st.sampled_from([31, 11 * 60, 31 * 60, 2 * 3600]))
    def time_passes(self, seconds: int) -> None:
        self.shop.cloud.advance(seconds)

    @invariant()
    def what_was_paid_stays_paid(self) -> None:
        for order_id, person in self.owner.items():
            status = str(self.shop.order(person, order_id).status)
            if status == "SUCCESS":
                self.paid.add(order_id)
            assert order_id not in self.paid or status == "SUCCESS"

    def teardown(self) -> None:
        self.shop.cloud.advance(31 * 60)
        for order_id, person in self.owner.items():
            finalize(Ask(order_id, person.id, lapsed=True, may_expire=True))
            for _ in range(2):
                self.follow_refunds(order_id)
        granted: dict[str, int] = {person.id: 0 for person in self.people}
        for order_id, person in self.owner.items():
            granted[person.id] += self._check(order_id, person)
        self._no_pair_was_granted_twice()
        for person in self.people:
            total = sum(int(one["endsAt"]) - int(one["startsAt"]) for one in self.shop.periods(person))
            # What ended while the clock jumped is no longer on the card; what is there is never more than was bought.
            assert total <= granted[person.id] * 30 * DAY
            if granted[person.id]:
                assert total > 0
        clock.reset()

    def _no_pair_was_granted_twice(self) -> None:
        """Orders that were once open beside one another: the later money goes back."""
        for order_id, person in self.owner.items():
            order = self.shop.order(person, order_id)
            beside = self.shop.order(person, str(order.supersedes)) if order.supersedes else None
            assert beside is None or not (order.grant_effects and beside.grant_effects)

    def _check(self, order_id: str, person: Person) -> int:
        """One order against the gateway's book; answers how many grants it stands for."""
        order = self.shop.order(person, order_id)
        state, amount = self.gateway.states[order_id]
        ledger = self.shop.ledger(order_id)
        for entry in ledger.values():
            assert_balanced(entry)
        kept = sum(
            int(line["debitPaise"]) - int(line["creditPaise"])
            for entry in ledger.values()
            for line in entry.lines
            if line["account"] == f"GATEWAY:{NAME}"
        )
        if state is not State.SUCCESS:
            assert order.status in ("FAILED", "EXPIRED")
            assert ledger == {}
            return 0
        assert kept == amount - self.gateway.refunded.get(order_id, 0)
        if amount != PRICE:
            assert (order.status, list(ledger)) == ("REVIEW", ["HOLD"])
            return 0
        assert order.status == "SUCCESS"
        assert [name for name in ledger if name == "CAPTURE"] == ["CAPTURE"]
        if order.grant_effects:
            assert self.shop.refunds(order_id) == []
            return 1
        [refund] = self.shop.refunds(order_id)
        assert (refund.cause, refund.state, order.refund_state) == ("DUPLICATE", "SUCCEEDED", "FULL")
        assert self.shop.order(person, str(order.duplicate_of)).status == "SUCCESS"
        return 0


@pytest.mark.rule("QUAL-22", "PAY-55", "PAY-66", "PAY-72", "PAY-110")
def test_orders_against_a_model(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENT_GATEWAYS", NAME)
    plan = store.get(Plan, Plan.place("basic"))
    assert plan is not None
    machine = type("Machine", (Payments,), {"shop": shop, "plan": plan})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=100,
            stateful_step_count=9,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
