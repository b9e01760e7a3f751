"""Invoices and credit notes: each once, numbers without gaps, whoever races or dies."""

from __future__ import annotations

import itertools
import json
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.commerce.invoices import gaps
from chalicelib.commerce.invoices.issuing import issue_invoice
from chalicelib.commerce.invoices.items import Document, Invoice, InvoiceCounter
from chalicelib.commerce.invoices.messages import IssueRequest
from chalicelib.commerce.payments import billing
from chalicelib.commerce.payments.items import BillingPlace, Refund
from chalicelib.identity.accounts import User
from chalicelib.identity.people.items import DeletionDue
from chalicelib.platform import clock, store
from chalicelib.platform.errors import Conflict
from chalicelib.platform.events.queues import Place, Queues, send
from infra.local.emulator import Emulator
from tests.commerce.invoices.office import (
    INCLUSIVE,
    KERALA,
    components,
    invoice_of,
    note_of,
    paid,
    refunded,
    seconds_until,
)
from tests.support.people import People
from tests.support.races import at_once, round_trips

MIDNIGHT = clock.day_end(date(2027, 3, 31))


def _record(message: IssueRequest) -> dict[str, Any]:
    body = {"data": message.model_dump(mode="json", by_alias=True), "requestId": "r"}
    return {"messageId": message.order_id, "receiptHandle": "x", "body": json.dumps(body)}


def _numbers(series: str, year: str) -> list[int]:
    return [int(item.gsi1sk) for item in store.every(Document.of_series(series, year))]


@pytest.mark.rule("PAY-35", "TAXN-30", "TAXN-31")
def test_a_paid_order_is_invoiced_once(cloud: Emulator, people: People) -> None:
    student = people.student()
    store.update(User, User.place(student.id), [User.name.set("प्रियंका शर्मा")])
    order = paid(student, (INCLUSIVE, 49_900))
    cloud.drain()
    invoice = invoice_of(order)
    assert invoice is not None
    assert (invoice.number, invoice.document) == ("PS/26-27/000001", "TAX_INVOICE")
    assert invoice.recipient.as_dict() == {"name": "प्रियंका शर्मा", "address": None, "country": "IN", "state": "KA",
                                           "gstin": None}  # fmt: skip
    assert invoice.supplier.as_dict() == {"name": "Pathshala Academy", "address": "12 Residency Road, Bengaluru 560025",
                                          "state": "KA", "gstin": "29AAGCP1234A1ZV"}  # fmt: skip
    tax, lines = invoice.tax.as_dict(), [dict(line) for line in invoice.lines]
    assert int(tax["taxablePaise"]) + sum(components(invoice).values()) == 61_700
    assert components(invoice)["CGST"] == components(invoice)["SGST"] == 900 + 3_806
    assert [int(line["taxablePaise"]) + int(line["taxPaise"]) for line in lines] == [INCLUSIVE, 49_900]
    assert {line["sac"] for line in lines} == {"999293"}
    key = str(invoice.pdf_key)
    assert cloud.objects()[key].startswith(b"%PDF-")
    # Told again, by the queue or by another event, nothing happens.
    cloud.calls.clear()
    outcome = cloud.invoke("issue_invoice", {"Records": [_record(IssueRequest(order_id=order.id, user_id=student.id))]})
    assert outcome.answer == {"batchItemFailures": []}
    assert [call.operation for call in cloud.calls if call.service == "dynamodb"] == ["BatchGetItem"]
    assert _numbers("PS", "26-27") == [1]
    assert len(cloud.objects()) == 1
    issued = [
        one for one in cloud.items() if one["kind"]["S"] == "AuditEntry" and one["action"]["S"] == "invoice.issue"
    ]
    assert len(issued) == 1


@pytest.mark.rule("TAXN-30")
def test_an_invoice_takes_two_round_trips(cloud: Emulator, people: People) -> None:
    order = paid(people.student())
    cloud.calls.clear()
    issue_invoice(str(order.user_id), order.id)
    assert round_trips(list(cloud.calls)) == 2


@pytest.mark.rule("TAXN-32", "PAY-35")
def test_what_cost_nothing_or_did_not_succeed_has_no_invoice(cloud: Emulator, people: People) -> None:
    student = people.student()
    orders = [paid(student, (0,)), *(paid(student, status=status) for status in ("PENDING", "FAILED", "REVIEW"))]
    for order in orders:
        issue_invoice(student.id, order.id)
    issue_invoice(student.id, "TXN01M7X58W6YPQAPF1GZH2CEY6FN")
    cloud.drain()
    assert not any(one["pk"]["S"].startswith(("INVOICE#", "COUNTER#")) for one in cloud.items())


@pytest.mark.rule("TAXN-31")
def test_who_is_not_registered_issues_bills_of_supply(
    cloud: Emulator, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPPLIER_GSTIN", "")
    order = paid(people.student())
    cloud.drain()
    bill = invoice_of(order)
    assert bill is not None
    assert (bill.document, components(bill), bill.supplier.as_dict()["gstin"]) == ("BILL_OF_SUPPLY", {}, None)
    assert int(bill.tax.as_dict()["taxablePaise"]) == int(bill.amount_paise) == INCLUSIVE


@pytest.mark.rule("TAXN-31", "TAXN-13")
def test_what_was_accepted_counts(cloud: Emulator, people: People) -> None:
    order = paid(people.student(), (INCLUSIVE, INCLUSIVE), captured=2 * INCLUSIVE - 100)
    cloud.drain()
    invoice = invoice_of(order)
    assert invoice is not None
    assert int(invoice.amount_paise) == 2 * INCLUSIVE - 100
    assert sum(int(line["totalPaise"]) for line in invoice.lines) == 2 * INCLUSIVE - 100
    assert sum(int(line["taxPaise"]) for line in invoice.lines) == sum(components(invoice).values())


@pytest.mark.rule("PAY-85", "PAY-35")
def test_credit_notes_of_all_refunds_are_the_invoice(cloud: Emulator, people: People) -> None:
    order = paid(people.student(), (9_999,), place=KERALA)
    amounts = (3_333, 3_333, 3_332, 1)
    notes = []
    for amount in amounts:
        refund_id = refunded(order, amount)
        cloud.drain()
        notes.append(note_of(order, refund_id))
    invoice = invoice_of(order)
    assert invoice is not None
    assert sum(components(note)["IGST"] for note in notes) == components(invoice)["IGST"] == 1_525
    assert [int(note.amount_paise) for note in notes] == list(amounts)
    assert sum(int(note.tax.as_dict()["taxablePaise"]) for note in notes) == 9_999 - 1_525
    assert [note.number for note in notes] == [f"PC/26-27/{number:06d}" for number in range(1, 5)]
    assert {note.invoice_number for note in notes} == {invoice.number}
    assert int(invoice.credited_paise) == 9_999
    [refund] = [one for one in store.every(Document.partition(order.id)) if one.sk.endswith(str(refund_id))]
    assert refund.number == store.get(Refund, Refund.place(order.id, refund_id)).credit_note_number  # type: ignore[union-attr]
    assert {type(one).__name__ for one in store.every(Document.partition(order.id))} == {"Invoice", "CreditNote"}


@pytest.mark.rule("PAY-85")
def test_a_refund_that_is_faster_than_the_invoice_waits_for_none(cloud: Emulator, people: People) -> None:
    student = people.student()
    order, held = paid(student), paid(student, status="REVIEW")
    pending, returned = refunded(order, 100, state="PROCESSING"), refunded(held, INCLUSIVE)
    refund_id = refunded(order, INCLUSIVE)
    messages = [IssueRequest(order_id=order.id, user_id=student.id, refund_id=one) for one in (refund_id, pending)]
    messages.append(IssueRequest(order_id=held.id, user_id=student.id, refund_id=returned))
    for message in messages * 2:
        assert cloud.invoke("issue_invoice", {"Records": [_record(message)]}).answer == {"batchItemFailures": []}
    assert invoice_of(order) is not None
    assert (_numbers("PS", "26-27"), _numbers("PC", "26-27")) == ([1], [1])


@pytest.mark.rule("TAXN-30", "PAY-35")
def test_two_hundred_across_midnight_of_the_31st_of_march(cloud: Emulator, people: People) -> None:
    """The year ends while the queue is worked through; every number is there, in the order of the dates."""
    student = people.student()
    cloud.advance(seconds_until(MIDNIGHT) - 60)
    orders = [paid(student) for _ in range(200)]
    cloud.pumps.reset()
    for half in (orders[:100], orders[100:]):
        records = [_record(IssueRequest(order_id=order.id, user_id=student.id)) for order in half]
        batches = [records[first : first + 34] for first in range(0, 100, 34)]
        # As if there were no groups: three issuers at once, each with its batch; what lost too often comes again.
        while batches:
            answers = at_once([lambda one=one: cloud.invoke("issue_invoice", {"Records": one}) for one in batches])
            failed = {one["itemIdentifier"] for answer in answers for one in answer.answer["batchItemFailures"]}
            left = [one for one in records if one["messageId"] in failed]
            batches = [left] if left else []
        if half[0] is orders[0]:
            cloud.advance(120)
    old, new = _numbers("PS", "26-27"), _numbers("PS", "27-28")
    assert (old, new) == (list(range(1, 101)), list(range(1, 101)))
    cloud.advance(120)
    assert gaps("PS", "26-27") == gaps("PS", "27-28") == []
    issued = [invoice_of(order) for order in orders]
    assert len({one.number for one in issued if one}) == 200
    assert all(len(str(one.number)) <= 16 for one in issued if one)
    dated = sorted((str(one.financial_year), int(one.sequence), one.issued_at) for one in issued if one)
    assert all(before[2] <= after[2] for before, after in itertools.pairwise(dated))
    assert all((one.issued_at >= MIDNIGHT) == (one.financial_year == "27-28") for one in issued if one)


@pytest.mark.rule("TAXN-30")
def test_the_midnight_may_come_between_reading_and_writing(cloud: Emulator, people: People) -> None:
    student = people.student()
    cloud.advance(seconds_until(MIDNIGHT) - 1)
    orders = [paid(student) for _ in range(12)]

    def one(order_id: str) -> None:
        while True:
            try:
                issue_invoice(student.id, order_id)
            except Conflict:
                continue
            return

    works = [lambda order=order: one(order.id) for order in orders]
    at_once([*works, lambda: cloud.advance(2)])
    old, new = _numbers("PS", "26-27"), _numbers("PS", "27-28")
    assert (old, new) == (list(range(1, len(old) + 1)), list(range(1, len(new) + 1)))
    assert len(old) + len(new) == 12


@pytest.mark.rule("TAXN-30")
def test_a_number_that_nobody_has_is_found(cloud: Emulator, people: People) -> None:
    student = people.student()
    orders = [paid(student) for _ in range(3)]
    cloud.drain()
    store.delete(Invoice, Invoice.place(orders[1].id))
    store.put(InvoiceCounter(*InvoiceCounter.place("PS", "26-27"), last=5, updated_at=clock.now()))
    missing = invoice_of(orders[1])
    assert missing is None
    assert len(gaps("PS", "26-27")) == 1
    cloud.advance(61)
    assert len(gaps("PS", "26-27")) == 3
    assert gaps("PS", "26-27")[1:] == ["PS/26-27/000004", "PS/26-27/000005"]


@pytest.mark.rule("PAY-35")
def test_one_group_a_series_keeps_the_order(cloud: Emulator, people: People) -> None:
    """A failing message holds up its own series, and no other."""
    student = people.student()
    order = paid(student)
    refund_id = refunded(order, 1_180)
    cloud.pumps.reset()
    first = IssueRequest(order_id=order.id, user_id=student.id)
    cloud.fault("dynamodb", "TransactWriteItems", "InternalServerError", times=8, function="issue_invoice")
    batch = {"Records": [_record(first), _record(first.model_copy(update={"order_id": "TXN2"}))]}
    assert [one["itemIdentifier"] for one in cloud.invoke("issue_invoice", batch).answer["batchItemFailures"]] == [
        order.id,
        "TXN2",
    ]
    cloud.faults.clear()
    send(Queues.INVOICES, first, place=Place("PS", "a"))
    send(Queues.INVOICES, first, place=Place("PS", "a"))
    note = IssueRequest(order_id=order.id, user_id=student.id, refund_id=refund_id)
    send(Queues.INVOICES, note, place=Place("PC", "b"))
    assert len(cloud.messages("invoices.fifo")) == 2
    cloud.drain()
    assert (_numbers("PS", "26-27"), _numbers("PC", "26-27")) == ([1], [1])
    with pytest.raises(ValueError, match="place"):
        send(Queues.INVOICES, first)
    with pytest.raises(ValueError, match="place"):
        send(Queues.INVOICE_FILES, first, place=Place("PS", "a"))


@pytest.mark.rule("PAY-35")
def test_what_was_lost_is_asked_for_again(cloud: Emulator, people: People) -> None:
    student = people.student()
    order = paid(student)
    cloud.drain()
    lost, free = paid(student), paid(student, (0,))
    refund_id = refunded(order, 1_180)
    cloud.pumps.reset()
    place = Invoice.place(order.id)
    store.update(Invoice, place, [Invoice.pdf_made.set(0), Invoice.row["hasPdf"].set(False)])
    assert cloud.invoke("sweep_invoices").answer == {"orders": 0, "refunds": 0, "files": 0, "complete": True}
    cloud.advance(20 * 60)
    assert cloud.invoke("sweep_invoices").answer == {"orders": 1, "refunds": 1, "files": 1, "complete": True}
    cloud.drain()
    assert invoice_of(lost) is not None
    assert invoice_of(free) is None
    assert note_of(order, refund_id).pdf_key
    assert int(store.get(Invoice, place).pdf_made) == 1  # type: ignore[union-attr]
    cloud.advance(20 * 60)
    assert cloud.invoke("sweep_invoices").answer == {"orders": 0, "refunds": 0, "files": 0, "complete": True}


@pytest.mark.rule("TAXN-11", "PAY-113", "USR-40")
def test_a_paid_orders_place_is_remembered_as_long_as_there_is_an_account(cloud: Emulator, people: People) -> None:
    student = people.student()
    order = paid(student, place=KERALA, billing={"name": "Asha Rao"})
    for one in (order, paid(student, (0,))):
        tx = store.Transaction()
        billing.remember(tx, one)
        if len(tx):
            tx.commit()
    usual = store.get(BillingPlace, BillingPlace.place(student.id))
    assert usual is not None
    assert billing.place_of(None, usual).name == "IN-KL"
    cloud.drain()
    due = clock.now() - timedelta(hours=1)
    store.update(User, User.place(student.id), [User.deletion_due_at.set(due)])
    store.put(DeletionDue.of(student.id, due))
    cloud.invoke("erase_accounts")
    cloud.drain()
    assert store.get(BillingPlace, BillingPlace.place(student.id)) is None
    invoice = invoice_of(order)
    assert invoice is not None
    assert invoice.recipient.as_dict()["name"] == "Asha Rao"
