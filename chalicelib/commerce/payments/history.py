"""What owners ask about their own orders (PAY-03, PAY-05, PAY-06)."""

from __future__ import annotations

from chalicelib.commerce.payments import status_tokens, views
from chalicelib.commerce.payments.errors import OrderNotFound
from chalicelib.commerce.payments.items import OrderLocator, PaymentOrder, PaymentTransaction, Refund
from chalicelib.commerce.payments.resources import order_entity
from chalicelib.commerce.payments.schemas import HistoryQuery, HistoryRow, OrderStatus, OwnOrder
from chalicelib.platform import store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import require
from chalicelib.platform.errors import TokenMissing
from chalicelib.platform.http import limits, lists
from chalicelib.platform.http.limits import Limits
from chalicelib.platform.http.models import Page
from chalicelib.platform.parallel import together


def status(order_id: str, token: str | None, caller: Caller | None) -> OrderStatus:
    """Where an order stands. One read beside the limit's counter, after the card; none of a gateway.

    By ``token`` (which counts if there is one) or for the caller's own; 401 for a wrong token, 404 for others' orders.
    """
    if token is not None:
        status_tokens.check(order_id, token)
        locator = _limited(f"order:{order_id}", OrderLocator.place(order_id))
        if not isinstance(locator, OrderLocator):
            raise OrderNotFound
        order = store.get(PaymentOrder, PaymentOrder.place(str(locator.user_id), order_id))
    elif caller is not None:
        found = _limited(caller.user_id, PaymentOrder.place(caller.user_id, order_id))
        order = found if isinstance(found, PaymentOrder) else None
    else:
        raise TokenMissing
    if order is None:
        raise OrderNotFound
    if token is None and caller is not None:
        require(caller, Actions.ORDERS_READ, order_entity(order))
    return views.status_of(order)


def _limited(subject: str, place: store.Key) -> object:
    """Read an item while the limit counts; refuse when it says so."""
    verdict, found = together(lambda: limits.hit(Limits.ORDER_STATUS, subject), lambda: store.get(store.Item, place))
    if isinstance(verdict, limits.Verdict):
        limits.refuse_if_any([verdict])
    return found


def history(query: HistoryQuery, caller: Caller) -> Page[HistoryRow]:
    """Own orders, newest first. One query; a status is filtered from it."""
    where = PaymentOrder.status.is_in(*views.statuses_behind(query.status)) if query.status else None
    return lists.page(
        "orders.own", caller.user_id, query, PaymentOrder.of_user(caller.user_id, consistent=True, where=where), _row
    )


def _row(order: PaymentOrder) -> HistoryRow:
    return HistoryRow(
        merchant_transaction_id=order.id,
        title=order.title,
        amount_paise=int(order.amount_paise),
        tax_paise=int(order.tax_paise),
        currency=order.currency,
        status=views.public_status(order),
        refund_state=order.refund_state,
        gateway=order.gateway,
        created_at=order.created_at,
        paid_at=order.paid_at,
        has_invoice=order.invoice_number is not None,
    )


def own_order(order: PaymentOrder) -> OwnOrder:
    """An own order with its money movements: one query beside what the request has read."""
    beside = store.every(OrderLocator.partition(order.id))
    payments = [one for one in beside if isinstance(one, PaymentTransaction)]
    refunds = [one for one in beside if isinstance(one, Refund)]
    return views.own_order(order, payments, refunds)
