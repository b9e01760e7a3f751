"""Statements of gateways taken into the books (PAY-21)."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.commerce.bookkeeping import Settlement
from chalicelib.platform import store
from tests.commerce.bookkeeping.desk import SETTLEMENTS, entries, paid, send, statement, today
from tests.commerce.payments.shop import PRICE, Shop
from tests.support.races import at_once

UNKNOWN = "TXN01KE" + "0" * 22


@pytest.mark.rule("PAY-21", "PAY-110", "PAY-111")
def test_what_was_paid_out_goes_to_the_bank_and_its_fees_are_booked(shop: Shop) -> None:
    finance = shop.people.admin("ADMIN_FINANCE")
    order_id = paid(shop, shop.people.student())
    row = statement(order_id, PRICE)
    back = statement(order_id, 500, kind="REFUND", feePaise=0, taxOnFeePaise=0)
    charged = statement(None, 700, kind="CHARGEBACK", feePaise=0, taxOnFeePaise=0)
    answer = send(shop, finance, today(), [row, back, charged])
    assert answer.status == 200, answer.body
    assert answer.json == {"accepted": 3, "known": 0, "rejected": [], "nextRow": None}
    found = entries(order_id)
    fees = 900 + 162
    assert found[f"SETTLEMENT#PHONEPE#{row['reference']}"] == {"BANK": PRICE - fees, "GATEWAY:PHONEPE": fees - PRICE}
    assert found[f"FEE#PHONEPE#{row['reference']}"] == {
        "FEES:PHONEPE": 900,
        "TAX:INPUT": 162,
        "GATEWAY:PHONEPE": -fees,
    }
    assert found[f"SETTLEMENT#PHONEPE#{back['reference']}"] == {"GATEWAY:PHONEPE": 500, "BANK": -500}
    alone = entries(f"SETTLEMENTS-PHONEPE-{today()}")
    assert alone == {f"SETTLEMENT#PHONEPE#{charged['reference']}": {"SUSPENSE": 700, "BANK": -700}}
    balance = shop.balance()
    assert (balance["GATEWAY:PHONEPE"], sum(balance.values())) == (500, 0)
    trail = [item for item in shop.cloud.items() if item["kind"]["S"] == "AuditEntry"]
    [entry] = [item for item in trail if item["action"]["S"] == "settlement.import"]
    assert (entry["actor_user_id"]["S"], entry["meta"]["M"]["rows"]["N"]) == (finance.id, "3")


@pytest.mark.rule("PAY-21")
def test_a_statement_that_comes_again_changes_nothing(shop: Shop) -> None:
    finance = shop.people.admin("ADMIN_FINANCE")
    order_id = paid(shop, shop.people.student())
    rows = [statement(order_id, PRICE), *(statement(None, 10_000 + number) for number in range(70))]
    answers = at_once([lambda: send(shop, finance, today(), rows)] * 4)
    assert [(one.status, one.json["accepted"], one.json["rejected"]) for one in answers] == [(200, 71, [])] * 4
    once = shop.balance()
    yesterday = today().replace(day=1)
    again = send(shop, finance, yesterday, rows).json
    assert (again["accepted"], again["known"]) == (71, 71)
    other = send(shop, finance, today(), [{**rows[0], "amountPaise": PRICE + 1}]).json
    assert (other["accepted"], [one["reason"] for one in other["rejected"]]) == (0, ["REFERENCE_DIFFERS"])
    assert shop.balance() == once


@pytest.mark.rule("PAY-21")
def test_rows_that_cannot_be_come_back_with_the_reason(shop: Shop) -> None:
    finance, support = shop.people.admin("ADMIN_FINANCE"), shop.people.admin("ADMIN_SUPPORT")
    fine = statement(None, 5_000)
    rows = [
        statement(UNKNOWN, 5_000),
        statement("R-1", 5_000),
        fine,
        {**statement(None, 5_000), "reference": fine["reference"]},
        statement(None, 100),
    ]
    answer = send(shop, finance, today(), rows).json
    assert answer["accepted"] == 1
    assert [(one["row"], one["reason"]) for one in answer["rejected"]] == [
        (1, "UNKNOWN_ORDER"),
        (2, "UNKNOWN_ORDER"),
        (4, "REPEATED"),
        (5, "FEES_ABOVE_AMOUNT"),
    ]
    kept = [item for item in shop.cloud.items() if item["kind"]["S"] == "Settlement"]
    assert len(kept) == 1
    wrong: list[dict[str, Any]] = [
        {"gateway": "RAZORPAY"},
        {"date": today().replace(year=today().year + 1).isoformat()},
        {"rows": [{**fine, "amountPaise": -1}]},
        {"rows": [{**fine, "settledAt": "2026-01-31"}]},
        {"rows": []},
        {"fileAssetId": fine["reference"][1:]},
    ]
    for more in wrong:
        assert send(shop, finance, today(), [fine], more).status == 422, more
    both = {"gateway": "PHONEPE", "date": today().isoformat()}
    assert shop.client.post(SETTLEMENTS, json=both, token=finance.token).status == 422
    assert send(shop, support, today(), [fine]).status == 403
    assert len([item for item in shop.cloud.items() if item["kind"]["S"] == "Settlement"]) == 1
    row = store.get(Settlement, Settlement.place("PHONEPE", fine["reference"]))
    assert row is not None
    assert row.imported_by == finance.id
