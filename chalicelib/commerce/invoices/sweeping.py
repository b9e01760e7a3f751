"""What should long be invoiced and is not: asked for again (a message that went to the dead letters, a lost one)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from chalicelib.commerce.invoices.configuration import CREDIT_NOTE_PREFIX, INVOICE_PREFIX
from chalicelib.commerce.invoices.items import Document
from chalicelib.commerce.invoices.messages import SUCCEEDED, IssueRequest, RenderRequest
from chalicelib.commerce.invoices.numbers import financial_year
from chalicelib.commerce.payments import OrderStatus, PaymentOrder, Refund
from chalicelib.platform import clock, store
from chalicelib.platform.events.queues import Place, Queues, send
from chalicelib.platform.http import ResponseModel
from chalicelib.platform.logs import alarm
from chalicelib.platform.store import Query

PATIENCE = timedelta(minutes=15)
ORDERS_BACK = timedelta(days=4)
"""Money that comes late is looked for during three days."""
REFUNDS_BACK = timedelta(days=8)
"""A refund is followed for seven days."""
PAGE = 500
RESERVE_SECONDS = 20.0


class Swept(ResponseModel):
    """What was asked for again. ``complete``: everything was looked at; else the next run looks again."""

    orders: int = 0
    refunds: int = 0
    files: int = 0
    complete: bool = True


def sweep(remaining: Callable[[], float]) -> Swept:
    """Ask again for every invoice, credit note and PDF that is late. Doing so twice does no harm."""
    now, swept = clock.now(), Swept()
    for work in (_orders, _refunds, _files):
        for asked in work(now):
            asked(swept)
            if remaining() < RESERVE_SECONDS:
                swept.complete = False
                return swept
    if swept.orders or swept.refunds or swept.files:
        alarm("invoices are late", orders=swept.orders, refunds=swept.refunds, files=swept.files)
    return swept


Asked = Callable[[Swept], None]


def _orders(now: datetime) -> Iterator[Asked]:
    first, last = now - ORDERS_BACK, now - PATIENCE
    for month in _months(first, last):
        query = PaymentOrder.of_month(month, first, last, str(OrderStatus.SUCCESS))
        for row in _rows(query):
            late = row.get("paid_at") is not None and str(row["paid_at"]) < clock.iso(last)
            if late and int(row["amount_paise"]) and not row.get("invoice_number"):
                yield partial(_ask_order, row)


def _ask_order(row: dict[str, Any], swept: Swept) -> None:
    asked = IssueRequest(order_id=row["id"], user_id=row["user_id"])
    send(Queues.INVOICES, asked, place=Place(INVOICE_PREFIX(), row["id"]))
    swept.orders += 1


def _refunds(now: datetime) -> Iterator[Asked]:
    first, last = now - REFUNDS_BACK, now - PATIENCE
    for month in _months(first, last):
        for row in _rows(Refund.of_month(SUCCEEDED, month, first, last)):
            # What was held for review was never invoiced.
            if row["cause"] != "REVIEW" and not row.get("credit_note_number"):
                yield partial(_ask_refund, row)


def _ask_refund(row: dict[str, Any], swept: Swept) -> None:
    asked = IssueRequest(order_id=row["order_id"], user_id=row["user_id"], refund_id=row["id"])
    send(Queues.INVOICES, asked, place=Place(CREDIT_NOTE_PREFIX(), row["id"]))
    swept.refunds += 1


def _files(now: datetime) -> Iterator[Asked]:
    """The newest documents of each series first, as far back as orders are looked at."""
    oldest, last = clock.iso(now - ORDERS_BACK), clock.iso(now - PATIENCE)
    for series in (INVOICE_PREFIX(), CREDIT_NOTE_PREFIX()):
        for year in dict.fromkeys((financial_year(now), financial_year(now - ORDERS_BACK))):
            for row in _rows(Document.of_series(series, year, descending=True)):
                if row["issuedAt"] < oldest:
                    break
                if row["issuedAt"] < last and not row["hasPdf"]:
                    yield partial(_ask_file, row)


def _ask_file(row: dict[str, Any], swept: Swept) -> None:
    send(Queues.INVOICE_FILES, RenderRequest(order_id=row["orderId"], refund_id=row.get("refundId")))
    swept.files += 1


def _months(first: datetime, last: datetime) -> list[datetime]:
    return list({f"{day:%Y-%m}": day for day in (first, last)}.values())


def _rows(query: Query[Any]) -> Iterator[dict[str, Any]]:
    start = None
    while True:
        found = store.fetch(query, limit=PAGE, start=start)
        yield from (item.row.as_dict() for item in found.items if item.row is not None)
        start = found.next_key
        if start is None:
            return
