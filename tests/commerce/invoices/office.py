"""Paid orders and refunds as the table has them, for tests of what becomes of them: no gateway, no checkout."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from pynamodb.attributes import MapAttribute

from chalicelib.commerce.invoices import composing, storage
from chalicelib.commerce.invoices.items import CreditNote, Invoice
from chalicelib.commerce.payments import tax
from chalicelib.commerce.payments.items import OrderLocator, PaymentOrder, Refund
from chalicelib.platform import clock, store
from chalicelib.platform.ids import new_ulid
from tests.support.people import Person

KARNATAKA, KERALA, AMERICA = tax.Place("IN", "KA"), tax.Place("IN", "KL"), tax.Place("US")
INCLUSIVE = 11_800


def paid(
    who: Person,
    amounts: Sequence[int] = (INCLUSIVE,),
    *,
    place: tax.Place = KARNATAKA,
    billing: dict[str, Any] | None = None,
    status: str = "SUCCESS",
    captured: int | None = None,
) -> PaymentOrder:
    """Put an order of these prices (with tax in them), paid."""
    now, order_id = clock.now(), f"TXN{new_ulid()}"
    taxes = [tax.line_tax(amount, inclusive=True, place=place) for amount in amounts]
    total = sum(amounts)
    key = PaymentOrder.place(who.id, order_id)
    order = PaymentOrder(
        key.pk,
        key.sk,
        merchant_transaction_id=order_id,
        user_id=who.id,
        lines=[
            {
                "kind": "PLAN",
                "ref": f"plan-{number}",
                "title": f"Plan {number}",
                "unitPricePaise": amount,
                "discountPaise": 0,
                "taxPaise": taxed.tax,
                "totalPaise": taxed.total,
                "snapshot": {},
            }
            for number, (amount, taxed) in enumerate(zip(amounts, taxes, strict=True), start=1)
        ],
        title=", ".join(f"Plan {number}" for number in range(1, len(amounts) + 1)),
        gateway="PHONEPE",
        merchant_user_id="m",
        subtotal_paise=total,
        tax_paise=sum(taxed.tax for taxed in taxes),
        tax=cast("MapAttribute[str, Any]", tax.order_tax(taxes, place)),
        amount_paise=total,
        captured_paise=total if captured is None else captured,
        captured_currency="INR",
        currency="INR",
        billing=cast("MapAttribute[str, Any]", billing) if billing else None,
        status=status,
        return_url="https://app.example/return",
        receipt=order_id,
        created_at=now,
        updated_at=now,
        paid_at=now,
        checkout_key="k",
        terms="t",
    )
    order.index()
    store.put(order)
    place_of = OrderLocator.place(order_id)
    store.put(OrderLocator(place_of.pk, place_of.sk, merchant_transaction_id=order_id, user_id=who.id))
    return order


def refunded(order: PaymentOrder, amount: int, *, state: str = "SUCCEEDED") -> str:
    """Put a refund of the order; its id."""
    now, refund_id = clock.now(), f"RF{new_ulid()}"
    key = Refund.place(order.id, refund_id)
    refund = Refund(
        key.pk,
        key.sk,
        merchant_refund_id=refund_id,
        merchant_transaction_id=order.id,
        user_id=order.user_id,
        gateway="PHONEPE",
        amount_paise=amount,
        currency="INR",
        cause="CUSTOMER",
        state=state,
        reason="test",
        requested_by="SYSTEM",
        requested_at=now,
        created_at=now,
        updated_at=now,
    )
    refund.index()
    store.put(refund)
    return refund_id


def invoice_of(order: PaymentOrder) -> Invoice | None:
    return store.get(Invoice, Invoice.place(order.id))


def note_of(order: PaymentOrder, refund_id: str) -> CreditNote:
    found = store.get(CreditNote, CreditNote.place(order.id, refund_id))
    assert found is not None
    return found


def components(document: Invoice | CreditNote) -> dict[str, int]:
    return {part["name"]: int(part["amountPaise"]) for part in document.tax.as_dict()["components"]}


def seconds_until(moment: datetime) -> float:
    return (moment - clock.now()).total_seconds()


def put_invoice(user_id: str, order_id: str) -> Invoice:
    """Put an invoice with a PDF beside an order, whatever that is: the first of its series."""
    place, key = Invoice.place(order_id), f"invoices/{order_id}/PS-26-27-000001-1.pdf"
    invoice = Invoice(
        place.pk,
        place.sk,
        number="PS/26-27/000001",
        series="PS",
        financial_year="26-27",
        sequence=1,
        document="TAX_INVOICE",
        merchant_transaction_id=order_id,
        user_id=user_id,
        title="Plan",
        supplier=cast("MapAttribute[str, Any]", composing.supplier()),
        recipient=cast("MapAttribute[str, Any]", {"name": "Asha", "country": "IN", "state": "KA"}),
        lines=[],
        tax=cast("MapAttribute[str, Any]", tax.order_tax([], KARNATAKA)),
        amount_paise=INCLUSIVE,
        currency="INR",
        issued_at=clock.now(),
        pdf_made=1,
        pdf_key=key,
    )
    invoice.index()
    store.put(invoice)
    storage.put(key, b"%PDF-1.7 of a test")
    return invoice
