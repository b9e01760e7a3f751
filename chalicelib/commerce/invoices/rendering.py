"""The PDF of an invoice or a credit note (TAXN-31): made once it is issued, and anew when staff ask for it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.commerce.invoices import numbers, storage, words
from chalicelib.commerce.invoices.items import BILL_OF_SUPPLY, CREDIT_NOTE, TAX_INVOICE, CreditNote, Document, Invoice
from chalicelib.commerce.invoices.messages import RenderRequest
from chalicelib.commerce.payments import GST_CODES, HOME, STATE_NAMES
from chalicelib.platform import clock, store
from chalicelib.platform.money import rupees
from chalicelib.platform.store import ConditionFailed
from chalicelib.platform.typesetting import pdf

TITLES = {TAX_INVOICE: "TAX INVOICE", BILL_OF_SUPPLY: "BILL OF SUPPLY", CREDIT_NOTE: "CREDIT NOTE"}
CLOSING = "Issued electronically; valid without a signature."
PIECE = 10
"""Characters of a long word between two places where it may be broken."""
_LONG_WORD = re.compile(r"\S{25,}")
_JOINERS = frozenset("\u094d\u200c\u200d")
"""Devanagari's virama, and the two characters that say whether letters join."""
_NOT_REGISTERED = "The supplier is not registered under GST; no tax is charged."


def render(asked: RenderRequest) -> None:
    """Make the PDF that is wanted, unless it is there. What is wanted meanwhile has a message of its own.

    Two round trips beside the bucket's one.
    """
    document = find(asked)
    if document is None or int(document.pdf_made) >= int(document.pdf_wanted):
        return
    wanted = int(document.pdf_wanted)
    key = storage.key_of(str(document.merchant_transaction_id), str(document.number), wanted)
    storage.put(key, typeset(document))
    made: list[Action] = [
        Document.pdf_made.set(wanted),
        Document.pdf_key.set(key),
        Document.row["hasPdf"].set(True),
        Document.version.set(Document.version + 1),
    ]
    try:
        store.update(type(document), document.itself, made, when=cast(Condition, Document.pdf_made < wanted))
    except ConditionFailed:
        # Another run of this message, or one for a newer file, was faster.
        return


def find(asked: RenderRequest) -> Invoice | CreditNote | None:
    """The document that is asked for."""
    if asked.refund_id is None:
        return store.get(Invoice, Invoice.place(asked.order_id))
    return store.get(CreditNote, CreditNote.place(asked.order_id, asked.refund_id))


def typeset(document: Document) -> bytes:
    """The PDF; the same for the same document."""
    return pdf(_template(), shown(document))


@lru_cache(maxsize=1)
def _template() -> str:
    return (Path(__file__).parent / "invoice.typ").read_text(encoding="utf-8")


def shown(document: Document) -> dict[str, Any]:
    """What the template shows: texts, amounts formatted; its tables as rows of cells."""
    supplier, recipient, tax = document.supplier.as_dict(), document.recipient.as_dict(), document.tax.as_dict()
    taxed = document.document != BILL_OF_SUPPLY
    return {
        "title": TITLES[str(document.document)],
        "note": "Original for recipient" if document.document == TAX_INVOICE else None,
        "number": str(document.number),
        "supplier": {"name": supplier["name"], "rows": _place(supplier, "GSTIN of supplier")},
        "recipient": {"name": breakable(str(recipient["name"])), "rows": _place(recipient, "GSTIN")},
        "facts": _facts(document, str(tax["placeOfSupply"])),
        "columns": _columns(taxed=taxed),
        "lines": _rows(document, taxed=taxed),
        "sums": _sums(document, tax),
        "total": ["Total credited" if document.document == CREDIT_NOTE else "Total", _money(document, None)],
        "words": words.amount(int(document.amount_paise), str(document.currency)),
        "remarks": _remarks(document, taxed=taxed),
        "closing": CLOSING,
    }


def _place(party: Mapping[str, Any], gstin: str) -> list[str]:
    rows = [breakable(line) for line in str(party.get("address") or "").splitlines() if line.strip()]
    country, state = party.get("country") or HOME, party.get("state")
    if country == HOME and state:
        rows.append(f"State: {_state(state)}")
    elif country != HOME:
        rows.append(f"Country: {country}")
    if party.get("gstin"):
        rows.append(f"{gstin}: {party['gstin']}")
    return rows


def _state(letters: str) -> str:
    """``Karnataka (29)``."""
    return f"{STATE_NAMES.get(letters, letters)} ({GST_CODES.get(letters, letters)})"


def _facts(document: Document, place: str) -> list[list[str]]:
    country, _, state = place.partition("-")
    kind = "Credit note" if isinstance(document, CreditNote) else "Invoice"
    rows = [
        [f"{kind} no.", str(document.number)],
        ["Date", f"{clock.academy_day(document.issued_at):%d %b %Y}"],
        ["Place of supply", _state(state) if state else country],
        ["Order", str(document.merchant_transaction_id)],
    ]
    if isinstance(document, CreditNote):
        issued = f"{clock.academy_day(document.invoice_issued_at):%d %b %Y}"
        rows.insert(2, ["Against invoice", f"{document.invoice_number} of {issued}"])
    return rows


def _columns(*, taxed: bool) -> list[str]:
    return ["#", "Description", "SAC", "Value", "Discount", *(["Taxable", "Tax"] if taxed else []), "Amount"]


def _rows(document: Document, *, taxed: bool) -> list[list[str]]:
    rows = []
    for position, line in enumerate(document.lines, start=1):
        tax = [_money(document, line["taxablePaise"]), _money(document, line["taxPaise"])] if taxed else []
        rows.append(
            [
                str(position),
                breakable(str(line["description"])),
                str(line["sac"]),
                _money(document, line["pricePaise"]),
                _money(document, line["discountPaise"]),
                *tax,
                _money(document, line["totalPaise"]),
            ]
        )
    return rows


def _sums(document: Document, tax: Mapping[str, Any]) -> list[list[str]]:
    if document.document == BILL_OF_SUPPLY:
        return []
    none = {"name": str(tax["label"]).replace("_", " "), "rateBps": tax["rateBps"], "amountPaise": 0}
    return [
        ["Taxable value", _money(document, tax["taxablePaise"])],
        *(
            [f"{part['name']} at {percent(int(part['rateBps']))}", _money(document, part["amountPaise"])]
            for part in tax["components"] or [none]
        ),
    ]


def breakable(text: str) -> str:
    """The text with places to break in words that no line would hold; never inside what is one letter to the reader."""
    return _LONG_WORD.sub(lambda word: _broken(word[0]), text)


def _broken(word: str) -> str:
    made, since = word[0], 1
    for before, character in pairwise(word):
        joined = before in _JOINERS or character in _JOINERS or unicodedata.category(character).startswith("M")
        if since >= PIECE and not joined:
            made, since = f"{made}\u200b", 0
        made, since = made + character, since + 1
    return made


def percent(bps: int) -> str:
    """Hundredths of a percent for people: ``18 %``, ``2.5 %``."""
    whole, rest = divmod(bps, 100)
    return f"{whole}{f'.{rest:02d}'.rstrip('0') if rest else ''} %"


def _money(document: Document, minor: Any) -> str:
    """An amount with its currency's sign or letters; of the whole document when none is given."""
    text = rupees(int(document.amount_paise if minor is None else minor))
    return text if document.currency == "INR" else text.replace("₹", f"{document.currency} ")


def _remarks(document: Document, *, taxed: bool) -> list[str]:
    remarks = []
    if not taxed:
        remarks.append(_NOT_REGISTERED)
    elif document.document == TAX_INVOICE and any(
        int(line["totalPaise"]) == int(line["pricePaise"]) - int(line["discountPaise"]) and int(line["taxPaise"])
        for line in document.lines
    ):
        remarks.append("Value and discount include tax.")
    if document.document == TAX_INVOICE:
        remarks.append("Tax is not payable on reverse charge.")
    return remarks


def file_name(document: Document) -> str:
    """``PS-25-26-000042.pdf``."""
    return f"{numbers.file_name(str(document.number))}.pdf"
