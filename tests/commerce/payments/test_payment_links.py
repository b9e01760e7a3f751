"""Links to pay (PAY-124): prepared by staff, for one account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.commerce.payments.items import PaymentLink
from chalicelib.platform import clock, store
from chalicelib.platform.ids import new_ulid
from infra.local.mailbox import Mailbox
from tests.commerce.payments.shop import Shop, assert_paid_once
from tests.support.client import Response
from tests.support.people import Person

LINKS = "/v1/admin/payments/links"


@pytest.fixture
def mailbox(shop: Shop) -> Iterator[Mailbox]:
    box = Mailbox()
    shop.cloud.on_send = box.take
    yield box
    shop.cloud.on_send = None


def _send(shop: Shop, to: Person, by: str = "ADMIN_FINANCE", **more: Any) -> Response:
    body = {"userId": to.id, "planKey": "basic", **more}
    return shop.client.post(LINKS, json=body, token=shop.people.admin(by).token)


def _pay(shop: Shop, who: Person, link_id: str, **more: Any) -> Response:
    body = {"linkId": link_id, "billing": {"state": "KA"}, **more}
    return shop.client.post("/v1/payments/checkout", json=body, token=who.token)


def _shown(shop: Shop, who: Person, link_id: str) -> Response:
    return shop.client.get(f"/v1/payments/links/{link_id}", token=who.token)


def _kinds(shop: Shop, kind: str) -> list[dict[str, Any]]:
    return [item for item in shop.cloud.items() if item["kind"]["S"] == kind]


@pytest.mark.rule("PAY-124", "PAY-111")
def test_a_link_is_mailed_and_paid_by_whom_it_is_for(shop: Shop, mailbox: Mailbox) -> None:
    student, other = shop.people.student(), shop.people.student()
    sent = _send(shop, student).json
    link_id = sent["linkId"]
    assert (sent["mailed"], sent["state"], sent["planKey"], sent["title"]) == (True, "OPEN", "basic", "Plan basic")
    assert sent["url"].endswith(f"/pay/{link_id}")
    shop.cloud.drain()
    [mail] = mailbox.all(student.email)
    assert sent["url"] in mail["text"]
    assert "Plan basic" in mail["subject"]
    assert [(a["action"]["S"]) for a in _kinds(shop, "AuditEntry")].count("payment_link.send") == 1

    assert (_pay(shop, other, link_id).code, _shown(shop, other, link_id).code) == ("PAYMENT_LINK_NOT_FOUND",) * 2
    assert _kinds(shop, "PaymentOrder") == []
    assert _shown(shop, student, link_id).json["state"] == "OPEN"
    first = _pay(shop, student, link_id)
    assert (first.status, first.json["plan"]["key"]) == (201, "basic")
    order_id = first.json["merchantTransactionId"]
    assert _pay(shop, student, link_id).json["merchantTransactionId"] == order_id
    shop.pay(order_id)
    shop.cloud.drain()
    assert_paid_once(shop, student, order_id)
    shown = _shown(shop, student, link_id).json
    assert (shown["state"], shown["merchantTransactionId"]) == ("PAID", order_id)
    ended = _pay(shop, student, link_id)
    assert (ended.status, ended.code, ended.json["details"]) == (409, "PAYMENT_LINK_ENDED", {"reason": "PAID"})
    assert shop.checkout(student).status == 201, "the plan itself may be bought again"


@pytest.mark.rule("PAY-124")
def test_a_link_ends_and_one_of_an_unpaid_order_does_not(shop: Shop) -> None:
    student = shop.people.student()
    link_id = _send(shop, student, days=1).json["linkId"]
    order_id = _pay(shop, student, link_id).json["merchantTransactionId"]
    shop.pay(order_id, "FAILED")
    shop.cloud.drain()
    assert _shown(shop, student, link_id).json["state"] == "OPEN"
    assert _pay(shop, student, link_id).status == 201
    shop.later(86_400)
    student = shop.again(student)
    assert _shown(shop, student, link_id).json["state"] == "EXPIRED"
    before = len(_kinds(shop, "PaymentOrder"))
    ended = _pay(shop, student, link_id)
    assert (ended.status, ended.code, ended.json["details"]) == (409, "PAYMENT_LINK_ENDED", {"reason": "EXPIRED"})
    assert len(_kinds(shop, "PaymentOrder")) == before


@pytest.mark.rule("PAY-124")
def test_a_coupon_goes_with_the_link(shop: Shop) -> None:
    student = shop.people.student()
    code, now = "TEN-OFF", clock.now()
    dates = {"startAt": clock.iso(now - timedelta(days=1)), "endAt": clock.iso(now + timedelta(days=1))}
    coupon = {"code": code, "type": "PERCENT", "value": 10, **dates}
    boss = shop.people.super_admin()
    shop.client.post("/v1/admin/coupons", json=coupon, token=boss.token, expect=201)
    link_id = _send(shop, student, couponCode=code).json["linkId"]
    answer = _pay(shop, student, link_id)
    assert (answer.status, answer.json["amountPaise"]) == (201, 44_910)
    assert _pay(shop, student, link_id, couponCode=code).status == 422


@pytest.mark.rule("PAY-124")
def test_what_cannot_be_sent(shop: Shop) -> None:
    student, staff = shop.people.student(), shop.people.admin("ADMIN_TEST")
    for more, status, code in (
        ({"userId": new_ulid()}, 404, "USER_NOT_FOUND"),
        ({"userId": staff.id}, 409, "NOT_A_STUDENT"),
        ({"planKey": "nothing"}, 404, "PLAN_NOT_FOUND"),
        ({"couponCode": "NOBODY-KNOWS"}, 422, "VALIDATION_FAILED"),
        ({"days": 31}, 422, "VALIDATION_FAILED"),
        ({"amountPaise": 1}, 422, "VALIDATION_FAILED"),
    ):
        answer = _send(shop, student, **more)
        assert (answer.status, answer.code) == (status, code), more
    assert _send(shop, student, by="ADMIN_SUPPORT").status == 403
    assert (_kinds(shop, "PaymentLink"), _kinds(shop, "Message")) == ([], [])


@pytest.mark.rule("PAY-124")
def test_a_link_closes_once_however_often_it_is_told(shop: Shop) -> None:
    from chalicelib.commerce.payments import links

    student = shop.people.student()
    link_id = _send(shop, student).json["linkId"]
    for order_id in ("TXN1", "TXN2"):
        links.paid(student.id, link_id, order_id)
    links.paid(student.id, new_ulid(), "TXN3")
    link = store.get(PaymentLink, PaymentLink.place(student.id, link_id))
    assert link is not None
    assert (link.paid_order_id, int(link.version)) == ("TXN1", 2)
    assert len(_kinds(shop, "PaymentLink")) == 1
