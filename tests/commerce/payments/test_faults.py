"""The money path with a fault before and after each single AWS and gateway call in turn (QUAL-20).

The calls are found by recording a clean run, so that a new call is covered without anyone adding it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from chalicelib.commerce.plans import Plan
from chalicelib.platform import store
from infra.local.emulator import NotIdle
from tests.commerce.payments.door import Door
from tests.commerce.payments.shop import Shop, assert_paid_once, assert_unpaid, forget_tokens
from tests.support.client import Response, Undeclared
from tests.support.people import Person

KEY = "key-of-the-faulty-day"
OURS = {
    "checkout",
    "phonepe_webhook",
    "route_changes",
    "follow_order",
    "check_order",
    "expire_order",
    "process_payment_event",
    "close_open_checkout",
    "reconcile_payments",
}


@dataclass(frozen=True)
class Point:
    """One call of the money path: the ``skip``-th of its kind by that function."""

    service: str
    operation: str
    function: str
    skip: int


@pytest.fixture
def door(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    opened = Door(shop.simulator.url)
    monkeypatch.setenv("PHONEPE_API_BASE_URL", opened.url)
    monkeypatch.setenv("PHONEPE_AUTH_BASE_URL", opened.url)
    yield opened
    opened.close()


def _try_checkout(shop: Shop, student: Person) -> Response | None:
    """Once; a broken answer is what the student sees too."""
    try:
        answer = shop.checkout(student, key=KEY)
    except Undeclared:
        return None
    return answer if answer.status in (200, 201) and answer.json["redirectUrl"] else None


def _buy(shop: Shop, student: Person) -> str:
    """Tries again as people do, later than a lost call may take."""
    for _ in range(4):
        answer = _try_checkout(shop, student)
        if answer is not None:
            return str(answer.json["merchantTransactionId"])
        shop.later(31)
    raise AssertionError("no page after four tries")


def _story(shop: Shop, plan: Plan) -> tuple[Person, str]:
    """From a clean table: buy, pay, webhook (again if it was not taken), finalize; then the nets, once each."""
    shop.cloud.calls.clear()
    student = shop.people.student()
    order_id = _buy(shop, student)
    shop.simulator.press(order_id, "SUCCESS")
    assert shop.simulator.wait_idle(10)
    if shop.doorstep.answers[-1:] != [200]:
        shop.simulator.resend_webhook(order_id)
        assert shop.simulator.wait_idle(10)
    return student, order_id


def _settle(shop: Shop) -> None:
    """Everything that is retried by itself, then one reconciliation when the orders left behind are overdue."""
    try:
        shop.cloud.drain(4)
    except NotIdle:
        # An order without a page is waited for until it is overdue; all else ends, on a busy machine later.
        if not shop.cloud.executions("RUNNING"):
            shop.cloud.drain()
    shop.cloud.faults.clear()
    shop.later(31 * 60)
    shop.cloud.invoke("reconcile_payments")
    shop.cloud.drain()


def _assert_right(shop: Shop, student: Person, paid: str) -> None:
    assert_paid_once(shop, student, paid)
    for order in shop.orders(student):
        if order.id != paid:
            assert order.status in ("FAILED", "EXPIRED"), order.id
            assert shop.ledger(order.id) == {}
            assert shop.transactions(order.id) == []
    assert shop.balance()["GATEWAY:PHONEPE"] == int(shop.order(student, paid).amount_paise)


def _fresh(shop: Shop, plan: Plan) -> None:
    shop.cloud.reset()
    shop.simulator.reset()
    forget_tokens()
    shop.doorstep.answers.clear()
    store.put(plan)


@pytest.mark.rule("QUAL-20", "PAY-45", "PAY-46", "PAY-65")
def test_no_aws_fault_loses_or_doubles_money(shop: Shop) -> None:
    plan = store.get(Plan, Plan.place("basic"))
    assert plan is not None
    _fresh(shop, plan)
    student, order_id = _story(shop, plan)
    shop.cloud.drain()
    points: dict[Point, None] = {}
    seen: dict[tuple[str, str, str], int] = {}
    for call in shop.cloud.calls.all():
        kind = (call.service, call.operation, call.function)
        if call.function in OURS and call.service != "ssm":
            points[Point(*kind, skip=seen.get(kind, 0))] = None
            seen[kind] = seen.get(kind, 0) + 1
    _assert_right(shop, student, order_id)
    assert {point.function for point in points} >= {"checkout", "phonepe_webhook", "process_payment_event"}
    assert len(points) > 15
    for point in points:
        for after in (False, True):
            _fresh(shop, plan)
            shop.cloud.fault(
                point.service,
                point.operation,
                "AccessDeniedException",
                after=after,
                skip=point.skip,
                function=point.function,
            )
            student, order_id = _story(shop, plan)
            _settle(shop)
            try:
                _assert_right(shop, student, order_id)
            except AssertionError as error:
                raise AssertionError(f"{point}, {'after' if after else 'before'}: {error}") from error


@pytest.mark.rule("QUAL-20", "PAY-46", "PAY-47")
def test_no_gateway_fault_loses_or_doubles_money(shop: Shop, door: Door) -> None:
    plan = store.get(Plan, Plan.place("basic"))
    assert plan is not None
    _fresh(shop, plan)
    door.open()
    student, order_id = _story(shop, plan)
    shop.cloud.drain()
    _assert_right(shop, student, order_id)
    calls = list(door.calls)
    assert calls[:2] == ["POST /v1/oauth/token", "POST /checkout/v2/pay"]
    for number, call in enumerate(calls):
        for after in (False, True):
            _fresh(shop, plan)
            door.shut(number, after=after)
            student, order_id = _story(shop, plan)
            _settle(shop)
            try:
                _assert_right(shop, student, order_id)
            except AssertionError as error:
                raise AssertionError(f"{call}, {'after' if after else 'before'}: {error}") from error


@pytest.mark.rule("QUAL-20")
def test_an_unpaid_order_stays_unpaid_whatever_breaks(shop: Shop) -> None:
    student = shop.people.student()
    order_id = shop.order_of(student)
    shop.silence()
    shop.simulator.press(order_id, "FAILED")
    shop.cloud.fault("dynamodb", "TransactWriteItems", "AccessDeniedException", times=3)
    shop.later(31 * 60)
    _settle(shop)
    assert shop.order(student, order_id).status == "FAILED"
    assert_unpaid(shop, student, order_id)
