"""Books for tests: days that pass, statements, reports, and orders put as they would be found."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from chalicelib.commerce.payments.items import JournalEntry
from chalicelib.platform import clock, store
from chalicelib.platform.ids import new_ulid
from tests.commerce.payments.shop import Shop
from tests.support.people import Person

SETTLEMENTS = "/v1/admin/payments/settlements"
REPORTS = "/v1/admin/payments/reconciliation"
LEDGER = "/v1/admin/payments/ledger"


def today() -> date:
    return clock.academy_day(clock.now())


def paid(shop: Shop, student: Person, plan: str = "basic") -> str:
    order_id = shop.order_of(student, plan)
    shop.pay(order_id)
    shop.cloud.drain()
    return order_id


def paid_by(shop: Shop, owners: dict[str, Person]) -> dict[str, str]:
    """One paid order each."""
    orders = {name: shop.order_of(owner) for name, owner in owners.items()}
    for order_id in orders.values():
        shop.simulator.press(order_id, "SUCCESS")
    assert shop.simulator.wait_idle(20)
    shop.cloud.drain()
    return orders


def close_day(shop: Shop, day: date | None = None) -> dict[str, Any]:
    """The night's run, or the comparison of one day anew; its summary."""
    given = {"given": {"day": day.isoformat()}} if day is not None else {}
    outcome = shop.cloud.invoke("reconcile_books", given)
    assert outcome.error is None, outcome.error
    return dict(outcome.answer)


def to_next_day(shop: Shop) -> None:
    """Half past two in the night that follows."""
    begins = clock.day_end(today()) + timedelta(hours=2, minutes=30)
    shop.cloud.advance((begins - clock.now()).total_seconds())


def report(shop: Shop, by: Person, day: date, gateway: str = "PHONEPE") -> dict[str, Any]:
    query = {"gateway": gateway, "from": day.isoformat(), "to": day.isoformat()}
    answer = shop.client.get(REPORTS, token=shop.again(by).token, query=query, expect=200)
    [one] = answer.json["items"]
    return dict(one)


def kinds(found: dict[str, Any]) -> list[tuple[str, str | None]]:
    return sorted(((one["kind"], one["merchantTransactionId"]) for one in found["differences"]), key=str)


def statement(order_id: str | None, amount: int, **more: Any) -> dict[str, Any]:
    row = {
        "reference": f"S{new_ulid()}",
        "merchantTransactionId": order_id,
        "amountPaise": amount,
        "feePaise": 900,
        "taxOnFeePaise": 162,
        "settledAt": clock.iso(clock.now()),
    }
    return {**row, **more}


def send(shop: Shop, by: Person, day: date, rows: list[dict[str, Any]], changed: dict[str, Any] | None = None) -> Any:
    body = {"gateway": "PHONEPE", "date": day.isoformat(), "rows": rows, **(changed or {})}
    return shop.client.post(SETTLEMENTS, json=body, token=shop.again(by).token)


def entries(order_id: str) -> dict[str, dict[str, int]]:
    """An order's entries: account → debits less credits."""
    found = store.every(JournalEntry.of_order(order_id))
    return {
        str(one.entry_id): {line["account"]: int(line["debitPaise"]) - int(line["creditPaise"]) for line in one.lines}
        for one in found
    }


def forever() -> float:
    return 900.0
