"""What the monthly GST return asks for (TAXN-05): sums by rate, by place (B2C), by GSTIN (B2B), of credit notes too."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from chalicelib.commerce.invoices.items import CREDIT_NOTE, Document
from chalicelib.commerce.invoices.schemas import GstPart, GstRow, GstSummary, SeriesRow
from chalicelib.commerce.payments import SUPPLIER_GSTIN
from chalicelib.platform import store

PAGE = 1_000
Row = dict[str, Any]
_OWN = {"CGST": "cgst_paise", "SGST": "sgst_paise", "IGST": "igst_paise"}
_SUMS = ("documents", "taxable_paise", "cgst_paise", "sgst_paise", "igst_paise", "other_tax_paise", "total_paise")
COLUMNS = [
    *("part", "group", "key", "name", "placeOfSupply", "ratePercent", "currency", "documents"),
    *("taxableValue", "cgst", "sgst", "igst", "otherTax", "total"),
]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def summary(month: str) -> GstSummary:
    """The sums of a month of the academy (``2026-01``): a query for every 1,000 documents."""
    rows = list(_rows(month))
    notes = [row for row in rows if row["document"] == CREDIT_NOTE]
    return GstSummary(
        month=month,
        supplier_gstin=SUPPLIER_GSTIN() or None,
        invoices=_part([row for row in rows if row["document"] != CREDIT_NOTE]),
        credit_notes=_part(notes),
        series=_series(rows),
    )


def _rows(month: str) -> Iterator[Row]:
    query, start = Document.of_month(month), None
    while True:
        found = store.fetch(query, limit=PAGE, start=start)
        yield from (item.row.as_dict() for item in found.items if item.row is not None)
        start = found.next_key
        if start is None:
            return


def _part(rows: Sequence[Row]) -> GstPart:
    b2b = [row for row in rows if row.get("gstin")]
    b2c = [row for row in rows if not row.get("gstin")]
    return GstPart(
        by_rate=_grouped(rows, lambda _: (None, None, None)),
        consumers_by_place=_grouped(b2c, lambda row: (row["placeOfSupply"], None, row["placeOfSupply"])),
        businesses_by_gstin=_grouped(b2b, lambda row: (row["gstin"], row["name"], row["placeOfSupply"])),
    )


def _grouped(rows: Sequence[Row], group: Callable[[Row], tuple[str | None, str | None, str | None]]) -> list[GstRow]:
    """Sums by group, rate and currency, in that order; of a GSTIN the name of its first document."""
    sums: dict[tuple[str, str, int, str], dict[str, Any]] = {}
    for row in rows:
        key, name, place = group(row)
        rate, currency = int(row["rateBps"]), str(row["currency"])
        one = sums.setdefault(
            (key or "", place or "", rate, currency),
            {
                "key": key,
                "name": name,
                "place_of_supply": place,
                "rate_bps": rate,
                "currency": currency,
                **dict.fromkeys(_SUMS, 0),
            },
        )
        one["documents"] += 1
        one["taxable_paise"] += int(row["taxablePaise"])
        one["total_paise"] += int(row["amountPaise"])
        for component, paise in row["components"].items():
            one[_OWN.get(component, "other_tax_paise")] += int(paise)
    return [GstRow(**sums[place]) for place in sorted(sums)]


def _series(rows: Sequence[Row]) -> list[SeriesRow]:
    by_series: dict[str, list[Row]] = {}
    for row in rows:
        by_series.setdefault(str(row["number"]).rpartition("/")[0], []).append(row)
    found = []
    for name in sorted(by_series):
        own = sorted(by_series[name], key=lambda row: int(row["sequence"]))
        found.append(SeriesRow(series=name, first=own[0]["number"], last=own[-1]["number"], documents=len(own)))
    return found


def as_csv(made: GstSummary) -> str:
    """The same as a sheet: amounts in the currency's main unit with two decimals, a line for each group."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for part, groups in (("INVOICES", made.invoices), ("CREDIT_NOTES", made.credit_notes)):
        for group, rows in (
            ("RATE", groups.by_rate),
            ("B2C_PLACE", groups.consumers_by_place),
            ("B2B_GSTIN", groups.businesses_by_gstin),
        ):
            writer.writerows([part, group, *_cells(row)] for row in rows)
    return out.getvalue()


def _cells(row: GstRow) -> list[str]:
    whole, rest = divmod(row.rate_bps, 100)
    texts = [row.key or "", row.name or "", row.place_of_supply or "", f"{whole}.{rest:02d}", row.currency]
    amounts = [
        row.taxable_paise,
        row.cgst_paise,
        row.sgst_paise,
        row.igst_paise,
        row.other_tax_paise,
        row.total_paise,
    ]
    return [*(_safe(text) for text in texts), str(row.documents), *(_decimal(paise) for paise in amounts)]


def _safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _decimal(paise: int) -> str:
    whole, rest = divmod(abs(paise), 100)
    return f"{'-' if paise < 0 else ''}{whole}.{rest:02d}"
