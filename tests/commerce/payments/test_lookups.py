"""Staff who look for money: events left open, orders found by what a payer knows, orders that hang."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from chalicelib.commerce.payments import webhooks
from chalicelib.commerce.payments.items import PaymentEvent
from chalicelib.identity.accounts.items import phone_index
from chalicelib.platform import store
from tests.commerce.payments.shop import WEBHOOK, Shop, assert_paid_once
from tests.support.people import Person

EVENTS = "/v1/admin/payments/events"
UNKNOWN = "TXN01KE" + "0" * 22


def _tell(shop: Shop, order_id: str, *, paid: str = "OMT1") -> None:
    """A webhook in the gateway's name."""
    pair = json.loads(shop.cloud.secret("PHONEPE_WEBHOOK"))["credentials"][0]
    payload = {"merchantOrderId": order_id, "state": "COMPLETED", "paymentDetails": [{"transactionId": paid}]}
    body = json.dumps({"event": "checkout.order.completed", "payload": payload}).encode()
    signature = hashlib.sha256(f"{pair['username']}:{pair['password']}".encode()).hexdigest()
    shop.client.post(WEBHOOK, body=body, headers={"Authorization": signature}, expect=200)
    event_id = hashlib.sha256(body).hexdigest()
    webhooks.process(webhooks.EventMessage(gateway="PHONEPE", event_id=event_id, order_id=order_id))


def _audited(shop: Shop, action: str) -> list[dict[str, Any]]:
    entries = [item for item in shop.cloud.items() if item["kind"]["S"] == "AuditEntry"]
    return [item for item in entries if item["action"]["S"] == action]


@pytest.mark.rule("PAY-17", "PAY-18", "PAY-64", "PAY-111")
def test_events_that_led_to_nothing_are_listed_and_worked_through_again(shop: Shop) -> None:
    student, reader, finance = shop.people.student(), shop.people.admin("ADMIN_SUPPORT"), shop.people.super_admin()
    order_id = shop.order_of(student)
    _tell(shop, UNKNOWN)
    _tell(shop, order_id)

    def listed(**query: Any) -> list[tuple[str, str | None]]:
        answer = shop.client.get(EVENTS, token=reader.token, query=query, expect=200)
        assert b"rawBody" not in answer.body
        return [(row["state"], row["merchantTransactionId"]) for row in answer.json["items"]]

    assert sorted(listed()) == [("RECEIVED", order_id), ("UNMATCHED", UNKNOWN)]
    assert listed(state="UNMATCHED") == listed(gateway="PHONEPE", state="UNMATCHED") == [("UNMATCHED", UNKNOWN)]
    assert listed(gateway="RAZORPAY") == listed(state="FAILED") == []
    assert shop.client.get(EVENTS, token=reader.token, query={"state": "PROCESSED"}).status == 422
    event_id = next(row["event_id"] for row in shop.events(order_id))
    path = f"{EVENTS}/PHONEPE/{event_id}/reprocess"
    assert shop.client.post(path, token=reader.token).status == 403
    assert shop.client.post(path.replace(event_id, "0" * 64), token=finance.token).code == "PAYMENT_EVENT_NOT_FOUND"
    shop.silence()
    shop.pay(order_id)
    assert (_audited(shop, "webhook.reprocess"), shop.order(student, order_id).status) == ([], "PENDING")
    answer = shop.client.post(path, token=finance.token, expect=202).json
    assert (answer["queued"], answer["state"]) == (True, "RECEIVED")
    shop.cloud.drain()
    assert_paid_once(shop, student, order_id)
    again = shop.client.post(path, token=finance.token, expect=202).json
    assert (again["queued"], again["state"]) == (False, "PROCESSED")
    assert [one["actor_user_id"]["S"] for one in _audited(shop, "webhook.reprocess")] == [finance.id]
    assert listed() == [("UNMATCHED", UNKNOWN)]
    kept = store.get(PaymentEvent, PaymentEvent.place("PHONEPE", event_id))
    assert kept is not None
    assert kept.raw_body


@pytest.mark.rule("PAY-117")
def test_an_order_is_found_by_whatever_the_payer_knows(shop: Shop) -> None:
    student, other, reader = shop.people.student(), shop.people.student(), shop.people.admin("ADMIN_SUPPORT")
    for person in (student, other):
        store.put(phone_index(person.id, "STUDENT", "+919876543210"))
    paid = shop.order_of(student)
    shop.pay(paid)
    shop.cloud.drain()
    shop.later(1)
    waiting, others = shop.order_of(student, billing={"state": "KL"}), shop.order_of(other)
    transaction = shop.transactions(paid)[0]

    def found(by: Person = reader, **query: Any) -> list[str]:
        answer = shop.client.get("/v1/admin/payments/search", token=by.token, query=query, expect=200)
        return [row["merchantTransactionId"] for row in answer.json["items"]]

    assert transaction.utr
    assert found(utr=transaction.utr) == [paid]
    with shop.cloud.calls.during() as calls:
        assert found(gatewayTransactionId=transaction.provider_transaction_id) == [paid]
    assert sum(1 for call in calls if call.service == "dynamodb") == 3
    assert found(email=student.email.upper()) == [waiting, paid]
    assert sorted(found(phone="9876543210")) == sorted([paid, waiting, others])
    assert found(phone="+919876543211") == found(utr="000000000000") == found(email="nobody@example.com") == []
    for wrong in ({}, {"utr": "1234", "email": student.email}, {"phone": "12"}, {"utr": "a b c d"}):
        assert shop.client.get("/v1/admin/payments/search", token=reader.token, query=wrong).status == 422
    assert shop.client.get("/v1/admin/payments/search", token=student.token, query={"utr": "1234"}).status == 403


@pytest.mark.rule("PAY-120")
def test_what_hangs_for_an_hour_is_listed_for_staff(shop: Shop) -> None:
    student, reader = shop.people.student(), shop.people.admin("ADMIN_SUPPORT")
    shop.silence()
    paid, held = shop.order_of(shop.people.student()), shop.order_of(shop.people.student())
    shop.pay(paid)
    shop.simulator.set_behaviour({"amountDelta": -100})
    shop.pay(held)
    for order_id in (paid, held):
        shop.finalize(shop.people.super_admin(), order_id)
    open_one = shop.order_of(student)

    def listed(**query: Any) -> list[tuple[str, str]]:
        person = shop.again(reader)
        rows = shop.client.get("/v1/admin/payments/hanging", token=person.token, query=query, expect=200).json
        assert rows["more"] is False
        return [(row["merchantTransactionId"], row["status"]) for row in rows["items"]]

    assert listed() == []
    shop.cloud.advance(30 * 60)
    assert listed() == []
    shop.cloud.advance(31 * 60)
    assert listed() == [(held, "REVIEW"), (open_one, "PENDING")]
    assert listed(minutes=90) == []
    assert shop.status(shop.again(student), open_one)["message"]
