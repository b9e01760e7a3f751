"""Mails about purchases: each once for its cause, and only what is so (NTF-43, PAY-120, PAY-125, SUB-41)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.commerce.invoices import CreditNoteIssued, InvoiceIssued
from chalicelib.commerce.payments import PaymentFailed, PaymentOrder, PaymentSucceeded, RefundFailed
from chalicelib.commerce.subscriptions import SubscriptionCancelled, SubscriptionExpired, SubscriptionExpiring
from chalicelib.commerce.subscriptions.effects import Effect
from chalicelib.engagement.notifications.items import Preference, messages_to
from chalicelib.identity.accounts import User, user_key
from chalicelib.platform import clock, store
from chalicelib.platform.events.domain import DomainEvent
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.messages import Message
from infra.local.emulator import Emulator
from infra.local.mailbox import Mailbox
from tests.commerce.payments.refunded import put_refund
from tests.commerce.payments.shop import DAY, Shop
from tests.commerce.selling import buy, make_plan
from tests.engagement.notifications.test_wording import composed
from tests.support.client import Client
from tests.support.people import People, Person

EXPIRY = "expire_subscriptions"


def again(cloud: Emulator, consumer: str, event: DomainEvent, times: int = 9) -> None:
    """The event comes more often."""
    data = event.model_dump(mode="json", by_alias=True)
    body = json.dumps({"event": type(event).__name__, "data": data})
    records = [{"messageId": str(n), "receiptHandle": "r", "body": body} for n in range(times)]
    outcome = cloud.invoke(consumer, {"Records": records})
    assert (outcome.error, outcome.answer) == (None, {"batchItemFailures": []})


def mails(mailbox: Mailbox, who: Person | str) -> list[dict[str, Any]]:
    """What somebody got, oldest first."""
    return mailbox.all(who if isinstance(who, str) else who.email)[::-1]


def subjects(mailbox: Mailbox, who: Person | str) -> list[str]:
    return sorted(mail["subject"].removesuffix(" – Pathshala") for mail in mails(mailbox, who))


def put_messages(who: Person) -> list[Message]:
    return [one for one in store.every(messages_to("EMAIL", who.email)) if isinstance(one, Message)]


def speak_hindi(who: Person) -> None:
    store.update(User, user_key(who.id), [User.locale.set("hi-IN")])


def succeeded(order: PaymentOrder) -> PaymentSucceeded:
    return PaymentSucceeded(
        user_id=str(order.user_id),
        order_id=order.id,
        checkout_key=str(order.checkout_key),
        amount_paise=int(order.captured_paise),
        currency="INR",
        plan_key="basic",
        gateway="PHONEPE",
        late=False,
        granted=True,
    )


@pytest.mark.rule("NTF-43", "PAY-37", "PAY-35", "SUB-13")
def test_a_payment_has_one_receipt_however_often_it_is_told(shop: Shop, mailbox: Mailbox) -> None:
    student = shop.people.student()
    order_id = shop.order_of(student)
    shop.pay(order_id)
    shop.cloud.drain()
    order = shop.order(student, order_id)
    again(shop.cloud, "mail_about_payment", succeeded(order))
    shop.cloud.drain()
    assert [one.split()[:2] for one in subjects(mailbox, student)] == [
        ["Invoice", "PS/26-27/000001"],
        ["Plan", "basic"],
        ["Receipt:", "Plan"],
    ]
    (receipt,) = [mail for mail in mails(mailbox, student) if mail["subject"].startswith("Receipt: Plan basic")]
    (activated,) = [mail for mail in mails(mailbox, student) if mail["subject"].startswith("Plan basic is yours until")]
    for said in ("Hello Person", "Plan basic, 30 days", "₹499.00", "GST", "₹76.12", order_id, student.email):
        assert said in receipt["text"], said
    assert f"/orders/{order_id}" in receipt["html"]
    assert "your subscription has begun" in activated["text"]
    (put,) = [one for one in put_messages(student) if one.template_key == "PAYMENT_SUCCESS"]
    assert (put.dedup_key, put.message_class, put.user_id) == (
        f"PAYMENT_SUCCESS:{order_id}",
        "TRANSACTIONAL",
        student.id,
    )


@pytest.mark.rule("NTF-43", "PAY-35")
def test_invoices_and_credit_notes_are_told_of_once_each(cloud: Emulator, people: People, mailbox: Mailbox) -> None:
    student, order = people.student(), "TXN01J00000000000000000000001"
    invoiced = InvoiceIssued(user_id=student.id, order_id=order, number="PS-26-27-000001", kind="BILL_OF_SUPPLY")
    credited = CreditNoteIssued(user_id=student.id, order_id=order, refund_id="RF1", number="CN-26-27-000001")
    for event in (invoiced, credited, invoiced):
        again(cloud, "mail_about_payment", event, 2)
    cloud.drain()
    assert subjects(mailbox, student) == ["Bill of supply PS-26-27-000001", "Credit note CN-26-27-000001"]
    assert all(f"/orders/{order}" in mail["html"] for mail in mails(mailbox, student))


@pytest.mark.rule("PAY-120", "NTF-84")
def test_money_that_comes_late_is_told_of(shop: Shop, mailbox: Mailbox) -> None:
    """In the student's language; the order had lapsed, of which nobody was told."""
    student = shop.people.student()
    speak_hindi(student)
    shop.simulator.set_behaviour({"outcome": "SUCCESS", "delaySeconds": 2_400})
    order_id = shop.order_of(student)
    shop.later(1_900)
    shop.cloud.drain()
    assert (shop.order(student, order_id).status, mails(mailbox, student)) == ("EXPIRED", [])
    shop.later(2_000)
    shop.cloud.invoke("check_late_payments")
    shop.cloud.drain()
    (late,) = [mail for mail in mails(mailbox, student) if "भुगतान" in mail["subject"]]
    assert late["subject"].startswith("आपका भुगतान देर से, पर पूरा मिल गया")
    assert "यह पूरा मान्य है" in late["text"]


@pytest.mark.rule("NTF-43", "PAY-72")
def test_money_that_goes_straight_back_is_no_purchase(shop: Shop, mailbox: Mailbox) -> None:
    student = shop.people.student()
    order_id = shop.order_of(student)
    shop.pay(order_id)
    shop.cloud.drain()
    order = shop.order(student, order_id)
    back = succeeded(order).model_copy(update={"granted": False, "late": True})
    store.delete(Message, next(m for m in put_messages(student) if m.template_key == "PAYMENT_SUCCESS").itself)
    mailbox.clear()
    again(shop.cloud, "mail_about_payment", back)
    shop.cloud.drain()
    (mail,) = mails(mailbox, student)
    assert mail["subject"].startswith("Your payment is on its way back")
    assert "but too late" in mail["text"]
    assert "is open now" not in mail["text"]


@pytest.mark.rule("PAY-125")
def test_a_failed_payment_is_told_once_with_a_way_to_try_again(shop: Shop, mailbox: Mailbox) -> None:
    student = shop.people.student()
    order_id = shop.order_of(student)
    shop.pay(order_id, "FAILED")
    shop.cloud.drain()
    order = shop.order(student, order_id)
    failed = PaymentFailed(
        user_id=student.id, order_id=order_id, checkout_key=str(order.checkout_key), reason="X", final=True
    )
    again(shop.cloud, "mail_about_payment", failed)
    shop.cloud.drain()
    (mail,) = mails(mailbox, student)
    assert mail["subject"].startswith("Your payment did not go through")
    assert f"/checkout?planKey=basic&amp;retryOf={order_id}" in mail["html"]
    (put,) = put_messages(student)
    assert put.dedup_key == f"PAYMENT_FAILED:{order_id}"
    store.delete(Message, put.itself)
    shop.order_of(student)
    again(shop.cloud, "mail_about_payment", failed)
    assert put_messages(student) == [], "the student is at it again"


@pytest.mark.rule("NTF-60", "NTF-62")
def test_who_wants_no_mails_gets_what_is_owed_and_nothing_more(shop: Shop, mailbox: Mailbox) -> None:
    student = shop.people.student()
    store.put(Preference(*Preference.place(student.id), email_enabled=False, updated_at=clock.now()))
    order_id = shop.order_of(student)
    shop.pay(order_id, "FAILED")
    shop.cloud.drain()
    assert mails(mailbox, student) == []
    (stopped,) = put_messages(student)
    assert (stopped.template_key, stopped.status, stopped.error) == ("PAYMENT_FAILED", "SUPPRESSED", "SWITCHED_OFF")
    paid = shop.order_of(student)
    shop.pay(paid)
    shop.cloud.drain()
    told = str(subjects(mailbox, student))
    assert "Receipt: Plan basic" in told
    assert "Plan basic is yours until" in told


@pytest.mark.rule("NTF-43", "PAY-70", "PAY-86")
def test_staff_hear_of_money_that_waits_and_the_student_of_what_becomes_of_it(
    shop: Shop, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAFF_ALERT_ADDRESSES", "desk@pathshala.example, owner@pathshala.example")
    boss, student = shop.people.super_admin(), shop.people.student()
    order_id = shop.order_of(student)
    shop.simulator.set_behaviour({"amountDelta": -100})
    shop.pay(order_id)
    shop.cloud.drain()
    shop.simulator.set_behaviour({})
    assert shop.order(student, order_id).status == "REVIEW"
    assert mails(mailbox, student) == []
    for address in ("desk@pathshala.example", "owner@pathshala.example"):
        (alert,) = mails(mailbox, address)
        assert alert["subject"].startswith("A payment waits for review: ₹498.00")
        assert order_id in alert["html"]
        assert student.email not in alert["html"] + alert["text"]
        assert "Person" not in alert["text"]
    shop.client.post(
        f"/v1/admin/payments/orders/{order_id}/resolve",
        json={"decision": "REFUND", "reason": "not what was asked"},
        token=boss.token,
        expect=200,
    )
    shop.cloud.drain()
    begins = "₹498.00 has been given back to you"
    (told,) = [one for one in mails(mailbox, student) if one["subject"].startswith(begins)]
    (refund,) = shop.refunds(order_id)
    assert str(refund.merchant_refund_id) in told["text"]
    assert "not what was asked" not in told["text"]
    assert "what you had paid" in told["text"]
    assert "did not go through" not in str(subjects(mailbox, student)), "the order has failed, no payment has"


@pytest.mark.rule("NTF-43", "PAY-34")
def test_a_refund_that_failed_is_for_staff(
    cloud: Emulator, people: People, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAFF_ALERT_ADDRESSES", "desk@pathshala.example")
    student = people.student()
    refund_id = put_refund(student.id)
    (raw,) = [one for one in cloud.items() if one["kind"]["S"] == "Refund"]
    order_id = raw["merchant_transaction_id"]["S"]
    failed = RefundFailed(
        user_id=student.id, order_id=order_id, refund_id=refund_id, amount_paise=100, cause="CUSTOMER"
    )
    again(cloud, "mail_about_payment", failed, 3)
    cloud.drain()
    (alert,) = mails(mailbox, "desk@pathshala.example")
    assert alert["subject"].startswith("A refund failed: ₹1.00")
    assert mails(mailbox, student) == []


@pytest.mark.rule("NTF-43", "USR-40")
def test_nobody_writes_to_an_account_that_is_gone(cloud: Emulator, people: People, mailbox: Mailbox) -> None:
    student = people.student()
    store.update(User, user_key(student.id), [User.status.set("DELETED"), User.email.remove()])
    invoiced = InvoiceIssued(user_id=student.id, order_id="TXN1", number="PS/26-27/000001", kind="TAX_INVOICE")
    again(cloud, "mail_about_payment", invoiced, 1)
    again(cloud, "mail_about_payment", invoiced.model_copy(update={"user_id": new_ulid()}), 1)
    cloud.drain()
    assert mailbox.all() == []
    assert [one for one in cloud.items() if one["kind"]["S"] == "Message"] == []


@pytest.mark.rule("SUB-41", "SUB-12", "SUB-13", "NTF-62")
def test_people_are_told_before_the_end_and_at_it(
    cloud: Emulator, client: Client, people: People, mailbox: Mailbox
) -> None:
    """Who switches mails off when one is on its way does not get it."""
    make_plan(client, people.super_admin(), "basic")
    student, quiet = people.student(), people.student()
    for one in (student, quiet):
        buy(one, "basic")
    cloud.drain()
    mailbox.clear()
    for days, job in ((23, "remind_of_ends"), (6, "remind_of_ends"), (3, EXPIRY)):
        cloud.advance(days * DAY)
        cloud.invoke(job)
        if job == EXPIRY:
            store.put(Preference(*Preference.place(quiet.id), email_enabled=False, updated_at=clock.now()))
        cloud.drain()
    told = ["Plan basic ends in 7 days", "Plan basic ends tomorrow", "Plan basic has ended"]
    assert [mail["subject"].removesuffix(" – Pathshala") for mail in mails(mailbox, student)] == told
    assert [mail["subject"].removesuffix(" – Pathshala") for mail in mails(mailbox, quiet)] == told[:2]
    assert all("/plans/basic" in mail["html"] for mail in mails(mailbox, student))


@pytest.mark.rule("SUB-41", "SUB-13")
def test_what_is_told_is_so_when_it_is_told(cloud: Emulator, client: Client, people: People, mailbox: Mailbox) -> None:
    """What waited behind an end is named with it; an end that was moved meanwhile is not told of."""
    boss, student = people.super_admin(), people.student()
    for key, tier in (("better", 2), ("basic", 1)):
        make_plan(client, boss, key, tier=tier, family="notes")
    first, second = buy(student, "better"), buy(student, "basic")
    cloud.drain()
    assert [one.split(" on ")[0].split(" until ")[0] for one in subjects(mailbox, student)] == [
        "Plan basic begins",
        "Plan better is yours",
    ]
    mailbox.clear()
    cloud.advance(32 * DAY)
    cloud.invoke(EXPIRY)
    cloud.drain()
    (mail,) = mails(mailbox, student)
    assert mail["subject"].startswith("Plan better has ended")
    for said in ("has begun by itself", "Runs now", "Plan basic"):
        assert said in mail["text"], said
    moved = SubscriptionExpiring(
        user_id=student.id, sub_id=second.subscription_id, plan_key="basic", ends_at=first.ends_at, days=7
    )
    revived = SubscriptionExpired(
        user_id=student.id, sub_id=second.subscription_id, change_id="C", plan_key="basic", ends_at=first.ends_at
    )
    upgraded = SubscriptionCancelled(
        user_id=student.id, sub_id=second.subscription_id, plan_key="basic", reason="UPGRADED", version=9
    )
    mailbox.clear()
    for event in (moved, revived, upgraded):
        again(cloud, "mail_about_subscription", event, 1)
    again(cloud, "mail_about_subscription", upgraded.model_copy(update={"reason": "STAFF"}), 2)
    cloud.drain()
    assert subjects(mailbox, student) == ["Your subscription has been ended"]


@pytest.mark.rule("NTF-43", "NTF-84")
@pytest.mark.parametrize("locale", ["en", "hi"])
@pytest.mark.parametrize(
    ("key", "name", "values"),
    [
        ("SUBSCRIPTION_ACTIVATED", "effect", [*Effect, "REINSTATE"]),
        ("INVOICE_ISSUED", "document", ["TAX_INVOICE", "BILL_OF_SUPPLY", "CREDIT_NOTE"]),
        ("STAFF_ALERT", "about", ["PAYMENT_HELD", "REFUND_FAILED"]),
        ("SUBSCRIPTION_EXPIRING", "days", [1, 7]),
        ("SUBSCRIPTION_EXPIRED", "nextPlanName", ["Notes", None]),
        ("REFUND_SUCCEEDED", "whole", [True, None]),
        ("REFUND_SUCCEEDED", "outside", [True, None]),
        ("REFUND_SUCCEEDED", "daysTaken", [1, 2, None]),
        ("PAYMENT_SUCCESS", "late", [True, False]),
        ("PAYMENT_SUCCESS", "returning", [True, None]),
    ],
)
def test_each_case_has_words_of_its_own(locale: str, key: str, name: str, values: list[Any]) -> None:
    said = [composed(key, locale, **{name: value}).text for value in values]
    assert len(set(said)) == len(values)
    assert not any(str(value) in text for text, value in zip(said, values, strict=True) if str(value).isupper())
