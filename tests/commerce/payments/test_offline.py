"""Money that came without a gateway (PAY-22)."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.commerce.subscriptions.items import subscriptions_of
from chalicelib.platform import clock, store
from chalicelib.platform.ids import new_ulid
from tests.commerce.payments.shop import PRICE, Shop, assert_balanced, assert_paid_once
from tests.support.client import Response
from tests.support.people import Person
from tests.support.races import at_once

PATH = "/v1/admin/payments/offline"


def _record(shop: Shop, by: Person, who: Person, *, key: str | None = None, **more: Any) -> Response:
    body = {
        "userId": who.id,
        "planKey": "basic",
        "amountPaise": PRICE,
        "method": "CASH",
        "reference": "R-17",
        "receivedOn": clock.academy_day(clock.now()).isoformat(),
        "reason": "Paid at the counter",
        **more,
    }
    return shop.client.post(PATH, json=body, token=by.token, headers={"Idempotency-Key": key or new_ulid()})


def _lines(shop: Shop, order_id: str) -> dict[str, int]:
    entry = shop.ledger(order_id)["CAPTURE"]
    assert_balanced(entry)
    return {line["account"]: int(line["debitPaise"]) - int(line["creditPaise"]) for line in entry.lines}


@pytest.mark.rule("PAY-22", "PAY-110", "PAY-111", "PAY-37")
def test_cash_at_the_counter_opens_the_plan(shop: Shop) -> None:
    student, finance, support = shop.people.student(), shop.people.admin("ADMIN_FINANCE"), shop.people.super_admin()
    key = new_ulid()
    answer = _record(shop, finance, student, key=key)
    assert answer.status == 201, answer.body
    order_id = answer.json["merchantTransactionId"]
    assert answer.headers["location"].endswith(order_id)
    assert (answer.json["status"], answer.json["gateway"], answer.json["amountPaise"]) == ("SUCCESS", "OFFLINE", PRICE)
    assert answer.json["offline"]["method"] == "CASH"
    assert_paid_once(shop, student, order_id)
    [subscription] = store.every(subscriptions_of(student.id))
    assert subscription.source == "OFFLINE"
    lines = _lines(shop, order_id)
    assert lines["CASH"] == PRICE
    assert sum(lines.values()) == 0
    again = _record(shop, finance, student, key=key)
    assert (again.status, again.headers["idempotent-replay"]) == (201, "true")
    assert again.json["merchantTransactionId"] == order_id
    shop.cloud.drain()
    [row] = shop.client.get("/v1/payments/history", token=student.token, expect=200).json["items"]
    assert (row["status"], row["gateway"]) == ("SUCCESS", "OFFLINE")
    found = shop.client.get("/v1/admin/payments/search", token=support.token, query={"utr": "R-17"}, expect=200)
    assert [one["merchantTransactionId"] for one in found.json["items"]] == [order_id]
    unchanged = shop.finalize(finance, order_id)
    assert (unchanged.status, unchanged.json["changed"]) == (200, False)
    assert shop.order(student, order_id).invoice_number
    path, key = f"/v1/admin/payments/orders/{order_id}/refund", {"Idempotency-Key": new_ulid()}
    back = {"reason": "Changed their mind", "mode": "OFFLINE", "offlineReference": "V-1"}
    shop.client.post(path, json=back, token=finance.token, headers=key, expect=202)
    assert shop.order(student, order_id).refund_state == "FULL"
    assert sum(shop.balance().values()) == 0
    entries = [item for item in shop.cloud.items() if item["kind"]["S"] == "AuditEntry"]
    assert [item["action"]["S"] for item in entries].count("order.record_offline") == 1
    assert "order.succeed" not in {item["action"]["S"] for item in entries}


@pytest.mark.rule("PAY-22")
def test_what_is_refused_leaves_nothing(shop: Shop) -> None:
    student, finance = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    shop.plan("gone", isActive=False)
    assert _record(shop, finance, student).status == 201
    tomorrow = clock.academy_day(clock.now()).replace(year=clock.now().year + 1).isoformat()
    for status, code, more in (
        (409, "OFFLINE_REFERENCE_USED", {"reference": "r-17"}),
        (404, "PLAN_NOT_FOUND", {"planKey": "nothing", "reference": "A-1"}),
        (409, "PLAN_NOT_FOR_SALE", {"planKey": "gone", "reference": "A-1"}),
        (404, "USER_NOT_FOUND", {"userId": new_ulid(), "reference": "A-1"}),
        (404, "USER_NOT_FOUND", {"userId": finance.id, "reference": "A-1"}),
        (422, "VALIDATION_FAILED", {"amountPaise": PRICE + 1, "reference": "A-1"}),
        (422, "VALIDATION_FAILED", {"receivedOn": tomorrow, "reference": "A-1"}),
        (422, "VALIDATION_FAILED", {"method": "BARTER", "reference": "A-1"}),
        (422, "COUPON_INVALID", {"couponCode": "NOTHING", "reference": "A-1"}),
    ):
        answer = _record(shop, finance, student, **more)
        assert (answer.status, answer.code) == (status, code), (more, answer.body)
    assert _record(shop, shop.people.admin("ADMIN_SUPPORT"), student, reference="A-1").status == 403
    no_key = shop.client.post(PATH, json={}, token=finance.token)
    assert no_key.status in (400, 422)
    assert len(shop.orders(student)) == 1
    assert len(shop.periods(student)) == 1


@pytest.mark.rule("PAY-22", "PAY-41")
def test_a_coupon_and_less_than_the_price_are_discount(shop: Shop) -> None:
    student, finance = shop.people.student(), shop.people.super_admin()
    coupon = {
        "code": "COUNTER10",
        "type": "PERCENT",
        "value": 10,
        "startAt": clock.iso(clock.now()),
        "endAt": clock.iso(clock.now().replace(year=clock.now().year + 1)),
        "isActive": True,
    }
    shop.client.post("/v1/admin/coupons", json=coupon, token=finance.token, expect=201)
    off = PRICE // 10
    answer = _record(shop, finance, student, amountPaise=PRICE - off, couponCode="counter10", method="UPI_MANUAL")
    assert answer.status == 201, answer.body
    assert (answer.json["discountPaise"], answer.json["amountPaise"]) == (off, PRICE - off)
    lines = _lines(shop, answer.json["merchantTransactionId"])
    assert (lines["BANK"], lines["DISCOUNT"], sum(lines.values())) == (PRICE - off, off, 0)
    used = shop.client.get("/v1/admin/coupons/COUNTER10", token=finance.token, expect=200).json
    assert [one["state"] for one in used["redemptions"]] == ["REDEEMED"]
    less = _record(shop, finance, student, amountPaise=40_000, reference="R-18", method="CHEQUE")
    assert (less.json["amountPaise"], less.json["discountPaise"]) == (40_000, PRICE - 40_000)
    tax = less.json["tax"]
    assert tax["taxablePaise"] + sum(one["amountPaise"] for one in tax["components"]) == 40_000
    assert sum(_lines(shop, less.json["merchantTransactionId"]).values()) == 0


@pytest.mark.rule("PAY-22")
def test_one_receipt_written_down_by_ten_at_once_pays_once(shop: Shop) -> None:
    student, finance = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    answers = at_once([lambda: _record(shop, finance, student)] * 10)
    assert sorted(one.status for one in answers) == [201] + [409] * 9
    [order] = shop.orders(student)
    assert_paid_once(shop, student, order.id)
