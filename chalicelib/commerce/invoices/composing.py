"""What stands on an invoice and on a credit note, from an order as it was stored (TAXN-13, TAXN-31, PAY-85). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.commerce.invoices.configuration import SAC, SUPPLIER_ADDRESS, SUPPLIER_NAME
from chalicelib.commerce.invoices.items import BILL_OF_SUPPLY, CREDIT_NOTE, TAX_INVOICE, Invoice
from chalicelib.commerce.invoices.shares import share, spread
from chalicelib.commerce.payments import HOME, SUPPLIER_GSTIN, SUPPLIER_STATE, PaymentOrder, Refund, state_code
from chalicelib.platform.access.card import plain
from chalicelib.platform.money import round_half_up

NAMELESS = "Student"


def invoice_facts(order: PaymentOrder, name: str | None) -> dict[str, Any]:
    """The attributes of an order's invoice; ``name``: the buyer's, where the order names nobody to bill.

    What was taken counts: where staff accepted another amount than was asked, tax and lines are its share.
    """
    taken = int(order.captured_paise) or int(order.amount_paise)
    tax = _tax(order.tax_facts(), int(order.amount_paise), taken)
    return {
        "document": TAX_INVOICE if SUPPLIER_GSTIN() else BILL_OF_SUPPLY,
        "title": str(order.title),
        "supplier": supplier(),
        "recipient": _recipient(order, name),
        "lines": _lines(order, taken, taken - tax["taxablePaise"]),
        "tax": tax,
        "amount_paise": taken,
        "currency": str(order.captured_currency or order.currency),
    }


def supplier() -> dict[str, Any]:
    """Who supplies, as configured now: the document keeps it."""
    return {
        "name": SUPPLIER_NAME(),
        "address": SUPPLIER_ADDRESS(),
        "state": state_code(SUPPLIER_STATE()),
        "gstin": SUPPLIER_GSTIN() or None,
    }


def _recipient(order: PaymentOrder, name: str | None) -> dict[str, Any]:
    billing: dict[str, Any] = plain(order.billing) if order.billing is not None else {}
    facts = order.tax_facts()
    return {
        "name": billing.get("name") or name or NAMELESS,
        "address": billing.get("address"),
        "country": facts.get("country") or HOME,
        "state": facts.get("state"),
        "gstin": billing.get("gstin"),
    }


def _tax(stored: Mapping[str, Any], asked: int, taken: int) -> dict[str, Any]:
    """The stored tax, or its share; none at all on a bill of supply."""
    registered = bool(SUPPLIER_GSTIN())
    components: list[dict[str, Any]] = [
        {
            "name": str(part["name"]),
            "rateBps": int(part["rateBps"]),
            "amountPaise": round_half_up(int(part["amountPaise"]) * taken, asked),
        }
        for part in (stored.get("components") or () if registered else ())
    ]
    return {
        "label": str(stored["label"]),
        "rateBps": int(stored["rateBps"]) if registered else 0,
        "placeOfSupply": str(stored["placeOfSupply"]),
        "taxablePaise": taken - sum(part["amountPaise"] for part in components),
        "components": components,
    }


def _lines(order: PaymentOrder, taken: int, tax: int) -> list[dict[str, Any]]:
    lines = order.line_facts()
    totals = spread(taken, [int(line["totalPaise"]) for line in lines])
    taxes = spread(tax, [int(line["taxPaise"]) for line in lines])
    return [
        {
            "description": str(line["title"]),
            "sac": SAC,
            "pricePaise": int(line["unitPricePaise"]),
            "discountPaise": int(line["discountPaise"]),
            "taxablePaise": total - taxed,
            "taxPaise": taxed,
            "totalPaise": total,
        }
        for line, total, taxed in zip(lines, totals, taxes, strict=True)
    ]


def credit_note_facts(invoice: Invoice, refund: Refund) -> dict[str, Any]:
    """The attributes of a refund's credit note: the refund's share of each tax.

    The shares of all refunds of an invoice add up to exactly the invoice: each is what the sum so far takes more than
    the sum before, so that the last one takes what rounding left.
    """
    whole, before, amount = int(invoice.amount_paise), int(invoice.credited_paise), int(refund.amount_paise)
    stored = invoice.tax.as_dict()
    components = [
        {
            "name": part["name"],
            "rateBps": int(part["rateBps"]),
            "amountPaise": share(int(part["amountPaise"]), before, amount, whole),
        }
        for part in stored["components"]
    ]
    taxed = sum(part["amountPaise"] for part in components)
    line = {
        "description": f"Refund: {invoice.title}",
        "sac": SAC,
        "pricePaise": amount,
        "discountPaise": 0,
        "taxablePaise": amount - taxed,
        "taxPaise": taxed,
        "totalPaise": amount,
    }
    return {
        "document": CREDIT_NOTE,
        "title": str(invoice.title),
        "supplier": invoice.supplier.as_dict(),
        "recipient": invoice.recipient.as_dict(),
        "lines": [line],
        "tax": {**stored, "rateBps": int(stored["rateBps"]), "taxablePaise": amount - taxed, "components": components},
        "amount_paise": amount,
        "currency": str(invoice.currency),
        "invoice_number": str(invoice.number),
        "invoice_issued_at": invoice.issued_at,
        "merchant_refund_id": str(refund.merchant_refund_id),
    }
