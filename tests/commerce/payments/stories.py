"""The stories of the money path, as faults are injected into them: who does what, and who tries again when."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from chalicelib.commerce.coupons.items import Coupon, coupon_item
from chalicelib.commerce.coupons.terms import CouponTerms
from chalicelib.commerce.plans import Plan
from chalicelib.platform import clock, store
from infra.local.emulator import NotIdle
from tests.commerce.payments.books import Books, of_simulator
from tests.commerce.payments.shop import Shop, forget_tokens
from tests.support.client import Broken, Response, Undeclared
from tests.support.people import Person

KEY = "key-of-the-faulty-day"
CODE = "LASTONE"
LAPSE = 31 * 60
SILENT = {"outcome": "SUCCESS", "delaySeconds": 100_000}
"""The gateway says that it waits for the payer, whatever the time."""


def coupon(code: str, **terms: Any) -> Coupon:
    """A coupon that has begun and will not end."""
    now = clock.now()
    dates = {"startAt": clock.iso(now), "endAt": clock.iso(now + timedelta(days=3_000))}
    whole = CouponTerms.model_validate({**terms, **dates}, strict=False)
    return coupon_item(code, whole, {"createdAt": clock.iso(now), "createdBy": "SYSTEM"})


def clean(shop: Shop, plan: Plan) -> None:
    """An empty table with one plan, and a gateway that remembers nothing."""
    shop.cloud.reset()
    shop.simulator.reset()
    forget_tokens()
    shop.doorstep.answers.clear()
    store.put(plan)


@dataclass
class Purchase:
    """Somebody buys a plan with the last use of a coupon and pays; the webhook tells of it until it is taken."""

    shop: Shop
    plan: Plan
    student: Person = field(init=False)
    order_id: str = ""
    paid: bool = True

    def prepare(self) -> None:
        clean(self.shop, self.plan)
        store.put(coupon(CODE, type="PERCENT", value=10, usageLimitTotal=1))
        self.student = self.shop.people.student()

    def play(self) -> None:
        self.order_id = self.buy()
        self.pay("SUCCESS")
        self.work()

    def buy(self) -> str:
        """Tries again as people do, later than a lost call may take."""
        for _ in range(4):
            answer = self._try()
            if answer is not None:
                return str(answer.json["merchantTransactionId"])
            self.shop.later(31)
        raise AssertionError("no page after four tries")

    def _try(self) -> Response | None:
        """Once; a broken answer is what the student sees too."""
        try:
            answer = self.shop.checkout(self.student, str(self.plan.key), key=KEY, couponCode=CODE)
        except (Broken, Undeclared):
            return None
        return answer if answer.status in (200, 201) and answer.json["redirectUrl"] else None

    def pay(self, outcome: str) -> None:
        """On the gateway's page; the gateway tells again what was not taken."""
        self.shop.pay(self.order_id, outcome)
        if self.shop.doorstep.answers[-1:] != [200]:
            self.shop.simulator.resend_webhook(self.order_id)
            assert self.shop.simulator.wait_idle(10)

    def work(self) -> None:
        """Stream and queues; the workflow runs beside them."""
        self.shop.cloud.drain(executions=False)

    def settle(self) -> None:
        self.shop.cloud.drain(executions=False)
        self.shop.cloud.faults.clear()
        self.shop.later(LAPSE)
        self.shop.reconcile()
        self.shop.cloud.drain()

    def wrongs(self) -> list[str]:
        books = Books.read(self.shop.cloud, of_simulator(self.shop.simulator))
        found = books.wrongs()
        paid = [one for one in books.orders("SUCCESS") if one["grant_effects"]]
        if len(paid) != int(self.paid):
            found.append(f"{len(paid)} orders were paid and granted, not {int(self.paid)}")
        return found


class Followed(Purchase):
    """No webhook comes: the workflow finds out."""

    def play(self) -> None:
        self.shop.silence()
        self.order_id = self.buy()
        self.shop.simulator.press(self.order_id, "SUCCESS")
        with contextlib.suppress(NotIdle):
            # An order that was left without a page is waited for until it is overdue.
            self.shop.cloud.drain(4)


class Unfollowed(Purchase):
    """No webhook comes, and nothing of the stream arrives in time: the reconciler finds out, on its own."""

    def play(self) -> None:
        self.shop.silence()
        self.order_id = self.buy()
        self.shop.simulator.press(self.order_id, "SUCCESS")
        self.shop.later(LAPSE)
        self.shop.cloud.invoke("reconcile_payments")


@dataclass
class Unpaid(Purchase):
    """Nobody pays: the page is left as it is, or the bank says no."""

    paid: bool = False
    refused: bool = False

    def play(self) -> None:
        if not self.refused:
            self.shop.simulator.set_behaviour(SILENT)
        self.order_id = self.buy()
        if self.refused:
            self.pay("FAILED")
        else:
            self.shop.later(LAPSE)
        self.shop.cloud.drain()


class Refunded(Purchase):
    """Staff give all of it back. Only what is done about the refund goes wrong."""

    staff: Person

    def prepare(self) -> None:
        super().prepare()
        self.staff = self.shop.people.super_admin()
        super().play()
        self.shop.cloud.drain()

    def play(self) -> None:
        path = f"/v1/admin/payments/orders/{self.order_id}/refund"
        headers = {"Idempotency-Key": KEY}
        for _ in range(4):
            try:
                answer = self.shop.client.post(path, json={"reason": "asked"}, token=self.staff.token, headers=headers)
            except (Broken, Undeclared):
                self.shop.later(31)
                continue
            assert answer.status in (202, 409), answer.body
            if answer.status == 202:
                break
            self.shop.later(31)
        self.shop.cloud.drain(executions=False)

    def settle(self) -> None:
        super().settle()
        # The workflow waits for half a minute at first, then longer.
        self.shop.later(60)
        self.shop.cloud.drain()

    def wrongs(self) -> list[str]:
        found = super().wrongs()
        [order] = [one for one in self.shop.orders(self.student) if one.status == "SUCCESS"]
        now = clock.epoch()
        left = [one for one in self.shop.periods(self.student) if int(one["endsAt"]) > now]
        if (order.refund_state, left) != ("FULL", []):
            found.append(f"the order's refund is {order.refund_state}, and what runs is {left}")
        return found
