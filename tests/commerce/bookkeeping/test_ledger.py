"""The ledger as finance reads it and corrects it: PAY-20, PAY-24, PAY-110."""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.commerce.payments import Booking, write_entry
from chalicelib.commerce.payments.journal import Unbalanced
from chalicelib.platform import clock, store
from chalicelib.platform.ids import new_ulid
from tests.commerce.bookkeeping.desk import LEDGER, close_day, entries, paid, to_next_day, today
from tests.commerce.payments.shop import PRICE, Shop
from tests.support.client import Response
from tests.support.people import Person

ADJUST = f"{LEDGER}/adjustments"


def _adjust(shop: Shop, by: Person, lines: list[tuple[str, int]], *, key: str | None = None, **more: Any) -> Response:
    """Positive amounts are debits."""
    sides = [{"account": name, ("debitPaise" if paise > 0 else "creditPaise"): abs(paise)} for name, paise in lines]
    body = {"lines": sides, "memo": "A correction", **more}
    return shop.client.post(ADJUST, json=body, token=by.token, headers={"Idempotency-Key": key or new_ulid()})


def _read(shop: Shop, by: Person, **query: Any) -> dict[str, Any]:
    return dict(shop.client.get(LEDGER, token=shop.again(by).token, query=query, expect=200).json)


@pytest.mark.rule("PAY-20")
def test_the_ledger_of_an_order_and_of_a_day(shop: Shop) -> None:
    student, reader = shop.people.student(), shop.people.admin("ADMIN_SUPPORT")
    day, orders = today(), [paid(shop, student)]
    shop.later(1)
    orders.append(paid(shop, student))
    of_order = _read(shop, reader, merchantTransactionId=orders[0])
    assert [(one["entryId"], one["merchantTransactionId"]) for one in of_order["items"]] == [("CAPTURE", orders[0])]
    assert {one["account"]: one["balancePaise"] for one in of_order["totals"]}["GATEWAY:PHONEPE"] == PRICE
    of_day = _read(shop, reader, date=day.isoformat())
    assert [one["merchantTransactionId"] for one in of_day["items"]] == orders
    totals = {one["account"]: one["balancePaise"] for one in of_day["totals"]}
    assert (totals["GATEWAY:PHONEPE"], sum(totals.values())) == (2 * PRICE, 0)
    first = _read(shop, reader, date=day.isoformat(), limit=1)
    assert (len(first["items"]), first["totals"]) == (1, None)
    second = _read(shop, reader, date=day.isoformat(), limit=1, cursor=first["nextCursor"])
    assert [one["merchantTransactionId"] for one in second["items"]] == orders[1:]
    to_next_day(shop)
    close_day(shop)
    closed = _read(shop, reader, date=day.isoformat(), limit=1)
    assert {one["account"]: one["balancePaise"] for one in closed["totals"]} == totals
    for wrong in (
        {},
        {"date": day.isoformat(), "merchantTransactionId": orders[0]},
        {"date": "tomorrow"},
        {"date": "0"},
    ):
        assert shop.client.get(LEDGER, token=shop.again(reader).token, query=wrong).status == 422
    assert shop.client.get(LEDGER, token=shop.again(student).token, query={"date": day.isoformat()}).status == 403


@pytest.mark.rule("PAY-24", "PAY-110", "PAY-111", "AUTH-59")
def test_a_correction_is_a_further_entry(shop: Shop) -> None:
    student, finance = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id, key = paid(shop, student), new_ulid()
    card, before = shop.card(student), entries(order_id)
    lines = [("SUSPENSE", 500), ("BANK", -400), ("FEES:PHONEPE", -100)]
    answer = _adjust(shop, finance, lines, key=key, merchantTransactionId=order_id)
    assert answer.status == 201, answer.body
    assert _adjust(shop, finance, lines, key=key, merchantTransactionId=order_id).json == answer.json
    entry_id = answer.json["entryId"]
    after = entries(order_id)
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {entry_id}
    assert after[entry_id] == dict(lines)
    alone = _adjust(shop, finance, [("BANK", 1), ("CASH", -1)]).json
    assert alone["merchantTransactionId"] is None
    assert [one["entryId"] for one in _read(shop, finance, date=today().isoformat())["items"]][1:] == [
        entry_id,
        alone["entryId"],
    ]
    trail = [item for item in shop.cloud.items() if item["kind"]["S"] == "AuditEntry"]
    assert [item["actor_user_id"]["S"] for item in trail if item["action"]["S"] == "ledger.adjust"] == [finance.id] * 2
    assert shop.card(student).version == card.version
    assert shop.order(student, order_id).refund_state == "NONE"


@pytest.mark.rule("PAY-24", "PAY-110", "AUTH-59")
def test_what_does_not_balance_is_not_written(shop: Shop) -> None:
    finance, support = shop.people.admin("ADMIN_FINANCE"), shop.people.admin("ADMIN_SUPPORT")
    fine = [("BANK", 5), ("CASH", -5)]
    for code, lines, more in (
        ("LEDGER_UNBALANCED", [("BANK", 5), ("CASH", -4)], {}),
        ("VALIDATION_FAILED", [("BANK", 5), ("SHOEBOX", -5)], {}),
        ("VALIDATION_FAILED", [("BANK", 5), ("GATEWAY:", -5)], {}),
        ("VALIDATION_FAILED", [("BANK", 5), ("BANK", -5)], {}),
        ("VALIDATION_FAILED", [("BANK", 5)], {}),
        ("VALIDATION_FAILED", fine, {"memo": "x"}),
        ("ORDER_NOT_FOUND", fine, {"merchantTransactionId": "TXN01KE" + "0" * 22}),
    ):
        answer = _adjust(shop, finance, lines, **more)
        assert (answer.status, answer.code) == (404 if code == "ORDER_NOT_FOUND" else 422, code), answer.body
    no_side = {"lines": [{"account": "BANK"}, {"account": "CASH", "debitPaise": 1, "creditPaise": 1}], "memo": "None"}
    key = {"Idempotency-Key": new_ulid()}
    assert shop.client.post(ADJUST, json=no_side, token=finance.token, headers=key).status == 422
    assert shop.client.post(ADJUST, json={}, token=finance.token).code == "IDEMPOTENCY_KEY_REQUIRED"
    assert _adjust(shop, support, fine).status == 403
    shop.cloud.advance(11 * 60)
    assert _adjust(shop, finance, fine).code == "REAUTH_REQUIRED"
    assert shop.ledger_partitions() == set()


@pytest.mark.rule("PAY-110", "PAY-65")
def test_random_bookings_by_64_threads_leave_books_that_balance(shop: Shop) -> None:
    """Half of them come twice, a fifth does not balance: each sound one is written once, and the sum is zero."""
    chance, most = random.Random(110), 5_000 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 500
    names = ("CASH", "BANK", "SUSPENSE", "REVENUE", "TAX:IGST", "FEES:PHONEPE")
    sound: set[tuple[str, str]] = set()
    work: list[tuple[str, str, list[Booking]]] = []
    for number in range(most):
        place, (a, b, c) = f"BOOK-{number % 7}", chance.sample(names, 3)
        first, second = chance.randint(1, 10**9), chance.randint(1, 10**9)
        off = number % 5 == 0
        bookings = [Booking(a, debit=first), Booking(b, debit=second), Booking(c, credit=first + second + off)]
        work += [(place, f"ENTRY#{number}", bookings)] * (1 + number % 2)
        sound |= set() if off else {(place, f"ENTRY#{number}")}
    chance.shuffle(work)

    def book(one: tuple[str, str, list[Booking]]) -> bool:
        tx = store.Transaction()
        try:
            write_entry(tx, *one, currency="INR", at=clock.now(), by="SYSTEM", memo="random")
            tx.commit()
        except (Unbalanced, store.TransactionLost):
            return False
        return True

    with ThreadPoolExecutor(64) as pool:
        assert sum(pool.map(book, work)) == len(sound)
    assert sum(shop.balance().values()) == 0
    assert {(place, name) for place in shop.ledger_partitions() for name in entries(place)} == sound
