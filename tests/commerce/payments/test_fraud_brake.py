"""The brake on cards that are tried out (PAY-127)."""

from __future__ import annotations

import pytest

from chalicelib.commerce.payments import braking
from tests.commerce.payments.shop import Shop
from tests.support.people import Person


def _fails(shop: Shop, who: Person, times: int) -> str:
    shop.silence()
    staff = shop.people.admin("ADMIN_FINANCE")
    for _ in range(times):
        order_id = shop.order_of(who)
        shop.pay(order_id, "FAILED")
        shop.finalize(staff, order_id)
        assert shop.order(who, order_id).status == "FAILED"
    shop.cloud.drain(executions=False)
    return order_id


def _signals(shop: Shop) -> list[tuple[str, str, str]]:
    found = [item for item in shop.cloud.items() if item["kind"]["S"] == "SecuritySignal"]
    return [(item["type"]["S"], item["user_id"]["S"], item["times"]["N"]) for item in found]


@pytest.mark.rule("PAY-127")
def test_the_sixth_failure_within_an_hour_pauses_for_an_hour(shop: Shop) -> None:
    shop.plan("other")
    student, neighbour = shop.people.student(), shop.people.student()
    waiting = shop.order_of(student, "other")
    _fails(shop, student, 5)
    assert _signals(shop) == []
    last = _fails(shop, student, 1)
    assert _signals(shop) == [("PAYMENT_FAILURES", student.id, "1")]
    orders = len(shop.orders(student))
    refused = shop.checkout(student)
    assert (refused.status, refused.code) == (429, "CHECKOUT_PAUSED")
    assert 3_500 < int(refused.headers["retry-after"]) <= 3_600
    assert len(shop.orders(student)) == orders
    assert shop.order_of(student, "other") == waiting, "a page that is there may still be paid"
    assert shop.order_of(neighbour)
    shop.later(1_800)
    braking.look(student.id, last)
    assert _signals(shop) == [("PAYMENT_FAILURES", student.id, "1")], "told twice, it neither prolongs nor counts"
    shop.later(1_800)
    assert shop.checkout(shop.again(student)).status == 201


@pytest.mark.rule("PAY-127")
def test_failures_over_more_than_an_hour_pause_nobody(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHECKOUT_FAILURES_AN_HOUR", "2")
    student = shop.people.student()
    _fails(shop, student, 1)
    shop.later(3_601)
    student = shop.again(student)
    _fails(shop, student, 2)
    assert shop.checkout(student).status == 201
    assert _signals(shop) == []
