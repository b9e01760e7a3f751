"""Every day of the books compared (PAY-36, PAY-19): each difference there is, and what a killed run leaves."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.commerce.bookkeeping import ReconciliationRun, reconciling
from chalicelib.commerce.payments.items import JournalEntry, PaymentOrder, Refund
from chalicelib.commerce.subscriptions import Subscription
from chalicelib.platform import clock, store
from tests.commerce.bookkeeping.desk import (
    REPORTS,
    close_day,
    kinds,
    paid_by,
    report,
    send,
    statement,
    to_next_day,
    today,
)
from tests.commerce.payments.shop import PRICE, Shop
from tests.support.people import Person


def _rewrite(order_id: str, entry_id: str, **lines: int) -> None:
    """As no function could: an entry of other amounts, or none."""
    entry = store.get(JournalEntry, JournalEntry.place(order_id, entry_id))
    assert entry is not None
    if not lines:
        store.delete(JournalEntry, entry.itself)
        return
    entry.lines = [
        {"account": name.replace("_", ":"), "debitPaise": max(paise, 0), "creditPaise": max(-paise, 0)}
        for name, paise in lines.items()
    ]
    entry.index()
    store.put(entry)


def _refund(shop: Shop, finance: Person, order_id: str, **more: Any) -> str:
    path = f"/v1/admin/payments/orders/{order_id}/refund"
    headers = {"Idempotency-Key": f"R{order_id}"}
    body = {"reason": "asked for", **more}
    answer = shop.client.post(path, json=body, token=shop.again(finance).token, headers=headers, expect=202)
    shop.cloud.drain()
    return str(answer.json["merchantRefundId"])


@pytest.mark.rule("PAY-36", "PAY-19")
def test_sound_books_have_no_differences(shop: Shop) -> None:
    finance, student, day = shop.people.admin("ADMIN_FINANCE"), shop.people.student(), today()
    shop.plan("free", pricePaise=0)
    orders = paid_by(shop, {"kept": student, "back": shop.people.student()})
    kept, given_back = orders["kept"], orders["back"]
    shop.order_of(student, "free")
    _refund(shop, finance, given_back)
    body = {
        "userId": student.id, "planKey": "basic", "amountPaise": PRICE, "method": "CASH", "reference": "R-1",
        "receivedOn": day.isoformat(), "reason": "At the counter",
    }  # fmt: skip
    key = {"Idempotency-Key": "OFFLINE" + "0" * 20}
    shop.client.post("/v1/admin/payments/offline", json=body, token=finance.token, headers=key, expect=201)
    send(shop, finance, day, [statement(kept, PRICE)])
    to_next_day(shop)
    summary = close_day(shop)
    assert (summary["days"], summary["differences"], summary["unfinished"]) == (2 * reconciling.BACK, 0, 0)
    online = report(shop, finance, day)
    fees = 900
    expected = {
        "orders": 2, "capturedPaise": 2 * PRICE, "refundedPaise": PRICE, "feesPaise": fees,
        "settledPaise": PRICE - fees - 162, "owedPaise": 0, "ledgerBalancePaise": 0, "differenceCount": 0,
    }  # fmt: skip
    assert {name: online[name] for name in expected} == expected
    offline = report(shop, finance, day, "OFFLINE")
    assert (offline["orders"], offline["capturedPaise"]) == (1, PRICE)
    assert report(shop, finance, day, "NONE")["orders"] == 1
    assert close_day(shop)["days"] == 0
    query = {"from": (day - timedelta(days=91)).isoformat(), "to": day.isoformat()}
    rows = shop.client.get(REPORTS, token=shop.again(finance).token, query=query, expect=200).json["items"]
    assert [row["date"] for row in rows] == sorted(row["date"] for row in rows)
    assert {row["gateway"] for row in rows} == {"PHONEPE", "OFFLINE", "NONE"}
    for wrong in (
        {**query, "from": (day - timedelta(days=92)).isoformat()},
        {"from": query["to"], "to": query["from"]},
    ):
        assert shop.client.get(REPORTS, token=shop.again(finance).token, query=wrong).status == 422
    assert shop.client.get(REPORTS, token=shop.again(student).token, query=query).status == 403


@pytest.mark.rule("PAY-36", "PAY-19")
def test_each_difference_is_found_and_alarms(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    finance, day = shop.people.admin("ADMIN_FINANCE"), today()
    names = (
        "unbooked",
        "other",
        "ungranted",
        "unpaid_out",
        "settled",
        "unbalanced",
        "open_after",
        "lost_refund",
        "broken",
    )
    owners = {name: shop.people.student() for name in names}
    orders = paid_by(shop, owners)
    _rewrite(orders["unbooked"], "CAPTURE")
    _rewrite(orders["other"], "CAPTURE", GATEWAY_PHONEPE=PRICE - 1, REVENUE=1 - PRICE)
    _rewrite(orders["unbalanced"], "CAPTURE", GATEWAY_PHONEPE=PRICE, REVENUE=1 - PRICE)
    granted = shop.order(owners["ungranted"], orders["ungranted"]).grant_effects[0]
    store.delete(Subscription, Subscription.place(owners["ungranted"].id, granted["subscriptionId"]))
    place = PaymentOrder.place(owners["broken"].id, orders["broken"])
    store.update(PaymentOrder, place, [PaymentOrder.grant_effects.set(["no effect"])])
    _refund(shop, finance, orders["open_after"], entitlementEffect="KEEP")
    lost = _refund(shop, finance, orders["lost_refund"])
    _rewrite(orders["lost_refund"], f"REFUND#{lost}")
    rows = [statement(order_id, PRICE) for name, order_id in orders.items() if name not in ("unpaid_out", "settled")]
    rows += [statement(orders["settled"], PRICE + 7), statement(None, 5_000, reference="NOBODY")]
    send(shop, finance, day, rows)
    to_next_day(shop)
    capfd.readouterr()
    close_day(shop, day)
    found = report(shop, finance, day)
    first = sorted(
        [
            ("MISSING_IN_LEDGER", orders["unbooked"]),
            ("AMOUNT_DIFFERS", orders["other"]),
            ("GRANT_MISSING", orders["ungranted"]),
            ("LEDGER_UNBALANCED", orders["unbalanced"]),
            ("ACCESS_AFTER_FULL_REFUND", orders["open_after"]),
            ("MISSING_IN_LEDGER", orders["lost_refund"]),
            ("AMOUNT_DIFFERS", orders["settled"]),
        ]
    )
    assert [one for one in kinds(found) if one[1] is not None] == first
    assert [one["reference"] for one in found["differences"] if one["merchantTransactionId"] is None] == ["NOBODY"]
    assert found["ledgerBalancePaise"] == 1
    logged = "".join(capfd.readouterr())
    metrics = [json.loads(line) for line in logged.splitlines() if "ReconciliationDifferences" in line]
    assert max(line["ReconciliationDifferences"][0] for line in metrics) == 8
    assert '"Alarm"' in logged
    shop.cloud.advance(3 * 86_400)
    close_day(shop, day)
    final = report(shop, finance, day)
    assert kinds(final) == sorted([*kinds(found), ("MISSING_AT_GATEWAY", orders["unpaid_out"])], key=str)


@pytest.mark.rule("PAY-36")
def test_what_is_stuck_and_what_number_is_missing(shop: Shop) -> None:
    finance, student = shop.people.admin("ADMIN_FINANCE"), shop.people.student()
    shop.silence()
    stuck, order_id = shop.order_of(shop.people.student()), paid_silently(shop, student)
    refund_id = "RF" + "0" * 26
    now = clock.now()
    refund = Refund(
        *Refund.place(order_id, refund_id),
        merchant_refund_id=refund_id,
        merchant_transaction_id=order_id,
        user_id=student.id,
        gateway="PHONEPE",
        amount_paise=5,
        currency="INR",
        cause="CUSTOMER",
        state="PROCESSING",
        reason="asked for",
        requested_by=finance.id,
        requested_at=now,
        created_at=now,
        updated_at=now,
    )
    refund.index()
    store.put(refund)
    to_next_day(shop)
    shop.cloud.advance(86_400)
    day = today() - timedelta(days=1)
    close_day(shop, day)
    assert kinds(report(shop, finance, day)) == [("ORDER_STUCK", stuck)]
    shop.cloud.advance(8 * 86_400)
    later = today() - timedelta(days=1)
    close_day(shop, later)
    assert kinds(report(shop, finance, later)) == [("ORDER_STUCK", stuck), ("REFUND_STUCK", order_id)]


def paid_silently(shop: Shop, student: Person) -> str:
    order_id = shop.order_of(student)
    shop.pay(order_id)
    shop.finalize(shop.people.super_admin(), order_id)
    return order_id


@pytest.mark.rule("PAY-36", "QUAL-24")
def test_a_run_that_was_killed_goes_on_where_it_was(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    finance, day = shop.people.admin("ADMIN_FINANCE"), today()
    orders = sorted(paid_by(shop, {name: shop.people.student() for name in "abcd"}).values())
    _rewrite(orders[0], "CAPTURE")
    _rewrite(orders[3], "CAPTURE")
    monkeypatch.setenv("RECONCILIATION_PAGE", "1")
    to_next_day(shop)
    left = iter([900.0, 900.0, *[10.0] * 20])
    ended = reconciling.reconcile({"day": day.isoformat()}, lambda: next(left))
    assert (ended.days, ended.orders, ended.unfinished) == (0, 2, 1)
    run = store.get(ReconciliationRun, ReconciliationRun.place(day.isoformat(), "FIRST"))
    assert run is not None
    assert (run.done, run.position, len(run.differences)) == (0, orders[1], 1)
    shop.cloud.fault("dynamodb", "PutItem", "InternalServerError", times=50, skip=1, function="reconcile_books")
    assert shop.cloud.invoke("reconcile_books").error is not None
    shop.cloud.faults.clear()
    assert close_day(shop)["unfinished"] == 0
    found = report(shop, finance, day)
    assert (found["orders"], kinds(found)) == (4, [("MISSING_IN_LEDGER", one) for one in (orders[0], orders[3])])
    again = close_day(shop, day)
    assert (again["days"], again["differences"]) == (1, 2)
    replaced = report(shop, finance, day)
    assert {**replaced, "madeAt": None} == {**found, "madeAt": None}
