"""Invoices over HTTP: the owner's data and PDF, the finance office's list, summary and new PDFs."""

from __future__ import annotations

import csv
import io
from datetime import date

import pypdf
import pytest

from chalicelib.commerce.invoices.issuing import issue_credit_note, issue_invoice
from chalicelib.commerce.invoices.items import Invoice, InvoiceCounter
from chalicelib.commerce.invoices.messages import RenderRequest
from chalicelib.commerce.invoices.rendering import render, typeset
from chalicelib.commerce.payments.items import PaymentOrder
from chalicelib.platform import clock, store
from chalicelib.platform.typesetting import TypesettingFailed, pdf
from infra.local.emulator import Emulator
from tests.commerce.invoices.office import (
    AMERICA,
    INCLUSIVE,
    KERALA,
    invoice_of,
    note_of,
    paid,
    refunded,
    seconds_until,
)
from tests.support.client import Client
from tests.support.people import People, Person

BILLED = {"name": "प्रियंका शर्मा & Søn <b>", "country": "IN", "state": "KA", "gstin": "29AAGCB7383J1Z4",
          "address": "फ्लैट 4, #let x = 1\n570001 Mysuru $x^2$"}  # fmt: skip


def _text(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)


def _path(order: PaymentOrder, rest: str = "") -> str:
    return f"/v1/payments/orders/{order.id}/invoice{rest}"


def _issue(order: PaymentOrder, *, file: bool = False) -> Invoice:
    issue_invoice(str(order.user_id), order.id)
    if file:
        render(RenderRequest(order_id=order.id))
    found = invoice_of(order)
    assert found is not None
    return found


@pytest.mark.rule("TAXN-01", "TAXN-31", "PAY-06", "PAY-05")
def test_the_owner_reads_invoice_and_credit_notes(cloud: Emulator, client: Client, people: People) -> None:
    student = people.student()
    order = paid(student, billing=BILLED)
    assert client.get(_path(order), token=student.token, expect=404).code == "INVOICE_NOT_READY"
    assert client.get(_path(order, ".pdf"), token=student.token, expect=404).code == "INVOICE_NOT_READY"
    cloud.drain()
    refund_id = refunded(order, 5_000)
    cloud.drain()
    answer = client.get(_path(order), token=student.token, expect=200).json
    invoice = answer["invoice"]
    assert (invoice["number"], invoice["kind"], invoice["hasPdf"]) == ("PS/26-27/000001", "TAX_INVOICE", True)
    assert invoice["recipient"] == {**BILLED}
    assert (invoice["taxablePaise"], invoice["amountPaise"], invoice["placeOfSupply"]) == (10_000, INCLUSIVE, "IN-KA")
    assert invoice["taxes"] == [{"name": name, "rateBps": 900, "amountPaise": 900} for name in ("CGST", "SGST")]
    assert invoice["amountInWords"] == "Rupees One Hundred Eighteen Only"
    [note] = answer["creditNotes"]
    assert (note["merchantRefundId"], note["invoiceNumber"]) == (refund_id, invoice["number"])
    assert (note["amountPaise"], note["taxablePaise"], note["kind"]) == (5_000, 4_238, "CREDIT_NOTE")
    own = client.get(f"/v1/payments/orders/{order.id}", token=student.token, expect=200).json
    assert own["invoiceNumber"] == invoice["number"]
    [row] = client.get("/v1/payments/history", token=student.token, expect=200).json["items"]
    assert row["hasInvoice"] is True
    for stranger in (people.student(), people.super_admin()):
        for rest in ("", ".pdf"):
            assert client.get(_path(order, rest), token=stranger.token, expect=404).code == "ORDER_NOT_FOUND"


@pytest.mark.rule("TAXN-02", "TAXN-31")
def test_the_pdf_shows_what_an_invoice_must(cloud: Emulator, client: Client, people: People) -> None:
    student = people.student()
    order = paid(student, billing=BILLED)
    cloud.drain()
    refund_id = refunded(order, 5_000)
    cloud.drain()
    answer = client.get(_path(order, ".pdf"), token=student.token, expect=200)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-disposition"] == 'inline; filename="PS-26-27-000001.pdf"'
    text = _text(answer.body)
    for part in (
        *("TAX INVOICE", "Pathshala Academy", "12 Residency Road", "29AAGCP1234A1ZV", "PS/26-27/000001", order.id),
        *("& Søn <b>", "#let x = 1", "Mysuru $x^2$", "29AAGCB7383J1Z4", "Karnataka (29)", "999293", "Plan 1"),
        *("₹100.00", "CGST at 9 %", "SGST at 9 %", "₹9.00", "₹118.00", "Rupees One Hundred Eighteen Only"),
    ):
        assert part in text, part
    note = note_of(order, refund_id)
    for asked in (refund_id, str(note.number), "PC-26-27-000001"):
        answer = client.get(_path(order, ".pdf"), query={"creditNote": asked}, token=student.token, expect=200)
        text = _text(answer.body)
        for part in ("CREDIT NOTE", "PC/26-27/000001", "PS/26-27/000001 of", "₹50.00", "₹3.81", "₹42.38"):
            assert part in text, part
    other = client.get(_path(order, ".pdf"), query={"creditNote": "PC-26-27-000002"}, token=student.token, expect=404)
    assert other.code == "INVOICE_NOT_READY"
    client.get(_path(order, ".pdf"), query={"creditNote": "../1"}, token=student.token, expect=422)


@pytest.mark.rule("TAXN-31")
def test_the_same_document_is_the_same_file(people: People, cloud: Emulator) -> None:
    bill = _issue(paid(people.student(), (49_900,) * 20, place=AMERICA, billing={"name": "W" * 120}))
    first = typeset(bill)
    assert typeset(bill) == first
    pages = pypdf.PdfReader(io.BytesIO(first)).pages
    assert len(pages) >= 1
    assert "SALES TAX at 0 %" in _text(first)
    with pytest.raises(TypesettingFailed):
        pdf("#let data = json(bytes(sys.inputs.data))\n#data.nothing", {})
    # Neither files nor packages of elsewhere can be read by a template.
    for source in ('#read("/etc/passwd")', '#import "@preview/cetz:0.3.0"'):
        with pytest.raises(TypesettingFailed):
            pdf(source, {})


@pytest.mark.rule("TAXN-04")
def test_a_pdf_is_made_anew_with_the_same_data(cloud: Emulator, client: Client, people: People) -> None:
    student, office = people.student(), people.admin("ADMIN_FINANCE")
    order = paid(student)
    cloud.drain()
    before = client.get(_path(order, ".pdf"), token=student.token, expect=200).body
    for number in ("PS-26-27-000001", "PS%2F26-27%2F000001"):
        answer = client.post(
            f"/v1/admin/invoices/{number}/regenerate-pdf",
            json={"reason": "The file could not be opened"},
            token=office.token,
            expect=202,
        )
        assert answer.json["number"] == "PS/26-27/000001"
        cloud.drain()
    assert answer.json["edition"] == 3
    assert client.get(_path(order, ".pdf"), token=student.token, expect=200).body == before
    assert len([key for key in cloud.objects() if key.startswith("invoices/")]) == 3
    invoice = invoice_of(order)
    assert invoice is not None
    assert (int(invoice.pdf_made), invoice.number) == (3, "PS/26-27/000001")
    entries = [one for one in cloud.items() if one["kind"]["S"] == "AuditEntry"]
    assert [one["action"]["S"] for one in entries].count("invoice.regenerate") == 2
    # Of a PDF that is there, nothing is written twice.
    render(RenderRequest(order_id=order.id))
    assert len([key for key in cloud.objects() if key.startswith("invoices/")]) == 3
    for number, status in (("PS-26-27-000002", 404), ("PS-26-27-1", 404), ("PX-26-27-000001", 404)):
        client.post(
            f"/v1/admin/invoices/{number}/regenerate-pdf", json={"reason": "because"}, token=office.token, expect=status
        )


@pytest.mark.rule("TAXN-03", "TAXN-30")
def test_the_list_has_every_number_and_names_what_is_missing(cloud: Emulator, client: Client, people: People) -> None:
    student, office = people.student(), people.admin("ADMIN_SUPPORT")
    orders = []
    for _ in range(5):
        orders.append(paid(student))
        _issue(orders[-1])
        cloud.advance(1)

    def asked(**query: str) -> tuple[list[str], list[str], str | None]:
        query = {"financialYear": "26-27", **query}
        answer = client.get("/v1/admin/invoices", query=query, token=office.token, expect=200).json
        return [row["number"][-6:] for row in answer["items"]], answer["gaps"], answer["nextCursor"]

    assert asked() == (["000001", "000002", "000003", "000004", "000005"], [], None)
    assert asked(series="PC") == ([], [], None)
    first, gaps, cursor = asked(limit="2")
    assert (first, gaps) == (["000001", "000002"], [])
    assert cursor is not None
    assert asked(limit="2", cursor=cursor)[:2] == (["000003", "000004"], [])
    store.delete(Invoice, Invoice.place(orders[2].id))
    store.update(InvoiceCounter, InvoiceCounter.place("PS", "26-27"), [InvoiceCounter.last.set(6)])
    cloud.advance(120)
    assert asked()[1] == ["PS/26-27/000003", "PS/26-27/000006"]
    assert asked(limit="2", cursor=cursor)[1] == ["PS/26-27/000003", "PS/26-27/000006"]
    moment = invoice_of(orders[3])
    assert moment is not None
    from_fourth = {"from": clock.iso(moment.issued_at)}
    assert asked(**from_fourth)[:2] == (["000004", "000005"], [])
    assert asked(to=clock.iso(moment.issued_at))[:2] == (["000001", "000002"], [])
    for query in (
        {},
        {"financialYear": "26-28"},
        {"financialYear": "2026"},
        {"financialYear": "26-27", "series": "ps"},
    ):
        client.get("/v1/admin/invoices", query=query, token=office.token, expect=422)


def _summarized(cloud: Emulator, people: People) -> Person:
    """In January 2027: two within Karnataka, one of them B2B; one to Kerala; one abroad; a refund. One in February."""
    cloud.advance(seconds_until(clock.day_start(date(2027, 1, 31))))
    student = people.student()
    for order in (
        paid(student),
        paid(student, billing={"name": "=Firm", "gstin": "29AAGCB7383J1Z4"}),
        paid(student, (23_600,), place=KERALA),
        paid(student, (5_000,), place=AMERICA),
    ):
        _issue(order)
    refund_id = refunded(order, 2_000)
    issue_credit_note(student.id, order.id, refund_id)
    cloud.advance(86_400)
    _issue(paid(student))
    return people.admin("ADMIN_FINANCE")


@pytest.mark.rule("TAXN-05")
def test_the_monthly_summary(cloud: Emulator, client: Client, people: People) -> None:
    office = _summarized(cloud, people)
    path = "/v1/admin/invoices/gst-summary"
    answer = client.get(path, query={"month": "2027-01"}, token=office.token, expect=200).json
    by_rate = {row["rateBps"]: row for row in answer["invoices"]["byRate"]}
    assert {rate: row["documents"] for rate, row in by_rate.items()} == {1_800: 3, 0: 1}
    gst = by_rate[1_800]
    assert (gst["taxablePaise"], gst["cgstPaise"], gst["sgstPaise"], gst["igstPaise"]) == (40_000, 1_800, 1_800, 3_600)
    assert gst["totalPaise"] == 47_200
    places = {row["key"]: row["totalPaise"] for row in answer["invoices"]["consumersByPlace"]}
    assert places == {"IN-KA": 11_800, "IN-KL": 23_600, "US": 5_000}
    [firm] = answer["invoices"]["businessesByGstin"]
    assert (firm["key"], firm["name"], firm["totalPaise"]) == ("29AAGCB7383J1Z4", "=Firm", 11_800)
    assert [(row["key"], row["totalPaise"]) for row in answer["creditNotes"]["consumersByPlace"]] == [("US", 2_000)]
    assert answer["supplierGstin"] == "29AAGCP1234A1ZV"
    assert [(row["first"], row["last"], row["documents"]) for row in answer["series"]] == [
        ("PC/26-27/000001", "PC/26-27/000001", 1),
        ("PS/26-27/000001", "PS/26-27/000004", 4),
    ]
    sheet = client.get(path, query={"month": "2027-01", "format": "csv"}, token=office.token, expect=200)
    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(sheet.body.decode())))
    assert len(rows) == 8
    [line] = [row for row in rows if row["group"] == "B2B_GSTIN"]
    assert (line["name"], line["ratePercent"], line["taxableValue"], line["cgst"]) == (
        "'=Firm",
        "18.00",
        "100.00",
        "9.00",
    )
    after = client.get(path, query={"month": "2027-02"}, token=office.token, expect=200).json
    assert [row["documents"] for row in after["invoices"]["byRate"]] == [1]
    for month in ("2027-13", "27-01", ""):
        client.get(path, query={"month": month}, token=office.token, expect=422)
