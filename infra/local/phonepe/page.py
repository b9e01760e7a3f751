"""The hosted payment page: what the customer sees, chooses and is sent back with. Nothing is loaded from
elsewhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from infra.local.phonepe.behaviour import Outcome
from infra.local.phonepe.contract_v1 import checksum
from infra.local.phonepe.lifecycle import NotPayable
from infra.local.phonepe.simulator import Simulator
from infra.local.phonepe.state import Order
from infra.local.phonepe.wire import Reply, Request

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
}
_HTML_TYPE = "text/html; charset=utf-8"
_CLOSED = "You closed the page. Nothing went back to the merchant; the order waits until it expires."
_STATES = {"COMPLETED": "This order is paid.", "FAILED": "The payment of this order failed."}


def rupees(paise: int) -> str:
    """``₹1,23,456.50``: grouped as in India."""
    whole, part = divmod(abs(paise), 100)
    digits = str(whole)
    head, tail = digits[:-3], digits[-3:]
    groups: list[str] = []
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return f"{'-' if paise < 0 else ''}₹{','.join([*groups, tail])}.{part:02d}"


def show(simulator: Simulator, request: Request) -> Reply:
    """``GET /transact/pg?token=…``"""
    order = simulator.state.page(request.query.get("token", ""))
    if order is None:
        return _unknown()
    simulator.settle()
    return _page(simulator, order)


def choose(simulator: Simulator, request: Request) -> Reply:
    """``POST /transact/pg/outcome`` with ``token`` and ``outcome``: presses the button and sends the
    customer on.
    """
    form = request.form()
    order = simulator.state.page(form.get("token", ""))
    if order is None:
        return _unknown()
    try:
        outcome = Outcome(form.get("outcome", ""))
        simulator.press(order.merchant_order_id, outcome)
    except ValueError:
        return _page(simulator, order, status=400, notice="There is no such choice.")
    except NotPayable as refused:
        return _page(simulator, order, status=409, notice=f"Not possible: {refused}.")
    if outcome is Outcome.CLOSE:
        return _page(simulator, order, notice=_CLOSED, way_back=False)
    if order.redirect_url is None:
        return _page(simulator, order)
    if order.redirect_mode == "POST":
        return _page(simulator, order, handover=_handover(simulator, order))
    return Reply(303, b"", _HTML_TYPE, _HEADERS | {"Location": order.redirect_url}, _about(order))


def index(simulator: Simulator) -> Reply:
    """``GET /``: the orders there are, for a developer to open their pages."""
    rows = [
        {
            "url": order["pageUrl"],
            "id": order["merchantTransactionId"],
            "amount": rupees(order["amountPaise"]),
            "contract": order["contract"],
            "state": order["state"],
        }
        for order in simulator.orders()[:50]
    ]
    return _html(200, {"title": "Orders at the gateway", "rows": rows})


def _unknown() -> Reply:
    return _html(404, {"title": "Payment page", "notice": "This payment link is not valid.", "rows": []})


def _page(
    simulator: Simulator,
    order: Order,
    *,
    status: int = 200,
    notice: str | None = None,
    handover: dict[str, Any] | None = None,
    way_back: bool = True,
) -> Reply:
    with simulator.state.lock:
        pending = order.state == "PENDING"
        waiting = order.landing is not None or bool(order.attempts and order.attempts[-1].state == "PENDING")
        left = (order.expires_at - simulator.state.now()).total_seconds()
        state = _STATES.get(order.state)
    if notice is None and pending and waiting:
        notice = "The payment is being processed."
    elif notice is None:
        notice = state
    back = order.redirect_url if way_back and (not pending or waiting) else None
    context = {
        "title": f"Pay {simulator.config.merchant_name}",
        "merchant": simulator.config.merchant_name,
        "order": order,
        "amount": rupees(order.amount),
        "minutes_left": max(0, -int(-left // 60)),
        "payable": pending and order.landing is None,
        "notice": notice,
        "handover": handover,
        "return_url": back if back and urlsplit(back).scheme.lower() not in ("javascript", "data") else None,
    }
    return _html(status, context, _about(order))


def _handover(simulator: Simulator, order: Order) -> dict[str, Any]:
    """The form that V1 posts to the merchant for ``redirectMode: POST``; its checksum covers the values."""
    codes = {"COMPLETED": "PAYMENT_SUCCESS", "PENDING": "PAYMENT_PENDING"}
    failed = order.failure.v1_code if order.failure else "PAYMENT_ERROR"
    fields = {
        "code": codes.get(order.state, failed),
        "merchantId": simulator.config.merchant_id,
        "transactionId": order.merchant_order_id,
        "amount": str(order.shown_amount),
        "providerReferenceId": order.attempts[-1].transaction_id,
    }
    signed = checksum("".join(fields.values()), *simulator.config.newest_salt())
    return {"url": order.redirect_url, "fields": fields | {"checksum": signed}}


def _html(status: int, context: dict[str, Any], about: str | None = None) -> Reply:
    defaults: dict[str, Any] = {
        "order": None,
        "notice": None,
        "handover": None,
        "return_url": None,
        "payable": False,
        "rows": [],
    }
    text = _TEMPLATES.get_template("page.html").render(defaults | context)
    return Reply(status, text.encode(), _HTML_TYPE, _HEADERS, about)


def _about(order: Order) -> str:
    return order.merchant_order_id
