"""Figures and alarms of payments (PAY-123), and what is kept of somebody who left (PAY-113)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from chalicelib.platform import clock
from infra.package.stages import Stage
from infra.resources.alarms import alarms
from tests.commerce.bookkeeping.desk import LEDGER, paid
from tests.commerce.payments.shop import PRICE, WEBHOOK, Shop
from tests.support.people import PASSWORD

KEPT = ("PaymentOrder", "OrderLocator", "PaymentTransaction", "GatewayPayment", "JournalEntry", "Invoice")


def _figures(logged: str, name: str) -> list[tuple[dict[str, str], float]]:
    """What a metric said, with the dimensions it has."""
    lines = [json.loads(line) for line in logged.splitlines() if line.startswith("{") and f'"{name}"' in line]
    found = []
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            own = {key: line[key] for key in directive["Dimensions"][0]}
            found.append((own, float(line[name][0] if isinstance(line[name], list) else line[name])))
    return found


@pytest.mark.rule("PAY-123", "PAY-120")
def test_how_payments_end_and_what_waits_is_measured(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    student = shop.people.student()
    capfd.readouterr()
    paid(shop, student)
    lost = shop.order_of(shop.people.student())
    shop.pay(lost, "FAILED")
    shop.cloud.drain()
    shop.client.post(WEBHOOK, body=b"{}", headers={"Authorization": "0" * 64}, expect=401)
    shop.silence()
    shop.simulator.set_behaviour({"amountDelta": -100})
    held = shop.order_of(student)
    shop.pay(held)
    shop.finalize(shop.people.super_admin(), held)
    shop.cloud.advance(61 * 60)
    assert shop.cloud.invoke("measure_payments").answer == {"CREATED": 0, "PENDING": 0, "REVIEW": 1}
    logged = capfd.readouterr().out
    assert len(_figures(logged, "Checkouts")) == 3
    assert _figures(logged, "PaymentsSucceeded") == [({"gateway": "PHONEPE"}, 1)]
    assert _figures(logged, "PaymentsFailed") == [({"gateway": "PHONEPE"}, 1)]
    [(whose, seconds)] = _figures(logged, "SecondsToFinalize")
    assert whose == {"gateway": "PHONEPE"}
    assert 0 <= seconds < 120
    assert len(_figures(logged, "WebhookBadSignature")) == 1
    waiting = {own["status"]: count for own, count in _figures(logged, "OrdersWaiting")}
    assert waiting == {"CREATED": 0, "PENDING": 0, "REVIEW": 1}


@pytest.mark.rule("PAY-123", "PAY-36")
def test_alarms_watch_the_figures_that_are_measured() -> None:
    stage = Stage("prod", {}, (), 30)
    made = alarms(stage, [])
    watched = {
        "OrdersInReviewAlarm": ("OrdersWaiting", {"status": "REVIEW"}),
        "OrdersHangingAlarm": ("OrdersWaiting", {"status": "PENDING"}),
        "WebhookForgeryAlarm": ("WebhookBadSignature", {"function": "phonepe_webhook"}),
        "BooksDifferAlarm": ("ReconciliationDifferences", {"function": "reconcile_books"}),
    }
    for name, (metric, dimensions) in watched.items():
        properties = made[name]["Properties"]
        assert properties["MetricName"] == metric
        assert {one["Name"]: one["Value"] for one in properties["Dimensions"]} == dimensions
        assert properties["AlarmActions"]
    metrics = made["PaymentsFailingAlarm"]["Properties"]["Metrics"]
    assert {one["MetricStat"]["Metric"]["MetricName"] for one in metrics if "MetricStat" in one} == {
        "PaymentsFailed",
        "PaymentsSucceeded",
    }


@pytest.mark.rule("PAY-113", "USR-40")
def test_orders_ledger_and_invoices_outlive_the_account(shop: Shop) -> None:
    student, finance = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id = paid(shop, student)
    before = [item for item in shop.cloud.items() if item["kind"]["S"] in KEPT]
    assert {item["kind"]["S"] for item in before} >= set(KEPT) - {"Invoice"}
    assert [item for item in before if "ttl" in item] == []
    gone = {"password": PASSWORD, "acceptLoss": True}
    shop.client.delete("/v1/users/me", json=gone, token=student.token, expect=202)
    shop.cloud.advance(timedelta(days=8).total_seconds())
    outcome = shop.cloud.invoke("erase_accounts")
    assert outcome.error is None
    shop.cloud.drain()
    after = [item for item in shop.cloud.items() if item["kind"]["S"] in KEPT]
    assert after == before
    boss = shop.again(finance)
    detail = shop.client.get(f"/v1/admin/payments/orders/{order_id}", token=boss.token, expect=200).json
    assert (detail["status"], detail["amountPaise"]) == ("SUCCESS", PRICE)
    assert student.email not in json.dumps(detail)
    assert detail["user"]["email"] is None
    query = {"merchantTransactionId": order_id}
    kept = shop.client.get(LEDGER, token=boss.token, query=query, expect=200).json["items"]
    assert [one["entryId"] for one in kept] == ["CAPTURE"]
    assert clock.now() > clock.parse_iso(detail["paidAt"]) + timedelta(days=7)
