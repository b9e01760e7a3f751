"""Checkout (PAY-02): from what is asked to a page to send the student to.

Whatever comes twice, ten times at once, or again after a lost answer ends in one order: the open checkout of the same
lines and the request's key are read before, and are conditions of, the transaction that places the order. Who loses
that race reads what won and answers it.
"""

from __future__ import annotations

from datetime import timedelta

from chalicelib.commerce import gateways
from chalicelib.commerce.payments import (
    braking,
    discounting,
    initiation,
    links,
    placing,
    pricing,
    return_urls,
    status_tokens,
)
from chalicelib.commerce.payments.configuration import CHECKOUT_REUSE_MINUTES, PAYMENT_EXPIRE_MINUTES
from chalicelib.commerce.payments.errors import CheckoutInProgress
from chalicelib.commerce.payments.items import OpenCheckout, PaymentOrder
from chalicelib.commerce.payments.looking import Found, look
from chalicelib.commerce.payments.placing import Around, KeyUse
from chalicelib.commerce.payments.pricing import Wanted
from chalicelib.commerce.payments.schemas import CheckoutRequest, CheckoutResponse, PlanSummary
from chalicelib.commerce.payments.states import LAPSED, OPEN, Status
from chalicelib.commerce.sellers import CannotGrant
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.errors import AccountBlocked, Conflict, IdempotencyInProgress, IdempotencyKeyReused
from chalicelib.platform.http.answers import Answer
from chalicelib.platform.http.idempotency import IdempotencyEntry, request_hash
from chalicelib.platform.http.request import Request
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.logs import count_metric, event
from chalicelib.platform.parallel import submit
from chalicelib.platform.records import frozen
from chalicelib.platform.store import ConditionFailed, Item, TransactionLost

TRIES = 4
ENDPOINT = "checkout"


@frozen
class Asked:
    """One checkout request."""

    wanted: Wanted
    caller: Caller
    key: KeyUse | None
    ip: str
    user_agent: str


@frozen
class Known:
    """The order that answers the request, if there is one; else the open one that a new order leaves behind."""

    answer: PaymentOrder | None = None
    left_behind: PaymentOrder | None = None
    by_key: bool = False


def checkout(body: CheckoutRequest, caller: Caller, request: Request) -> Answer[CheckoutResponse]:
    """Start paying, or answer the payment that was started already."""
    body = links.opened(body, caller)
    asked = Asked(
        pricing.wanted(body, caller.user_id, return_urls.before_id(body.return_path)),
        caller,
        _key(caller, request),
        request.source_ip,
        request.user_agent,
    )
    winner: str | None = None
    for attempt in range(TRIES):
        found = look(asked.wanted, asked.key.place if asked.key is not None else None)
        known = _known(asked, found, winner)
        if known.answer is not None:
            return _answer(known.answer, status=200, replay=known.by_key)
        try:
            order = _place(asked, found, known.left_behind, fresh=attempt > 0)
        except TransactionLost as lost:
            if lost.failed(placing.BUYER):
                raise AccountBlocked from lost
            winner = _winner(lost)
        except Conflict:
            if attempt == TRIES - 1:
                raise
        else:
            if int(order.amount_paise):
                order = initiation.begin(order, found.health)
            count_metric("Checkouts")
            return _answer(order, status=201)
    raise CheckoutInProgress


def _key(caller: Caller, request: Request) -> KeyUse | None:
    if request.idempotency_key is None:
        return None
    return KeyUse(IdempotencyEntry.place(caller.user_id, ENDPOINT, request.idempotency_key), request_hash(request))


def _known(asked: Asked, found: Found, winner: str | None) -> Known:
    """What is known of this checkout: by its key first, then by the open checkout of the same lines."""
    if found.entry is not None and placing.counts(found.entry):
        known = _by_key(asked, found.entry, found.health)
        if known is not None:
            return known
    order_id = str(found.open_checkout.merchant_transaction_id) if found.open_checkout else winner
    order = _own(asked, order_id) if order_id else None
    if order is None:
        return Known()
    if _same(asked, found, order) and (order.status in OPEN or order.id == winner):
        if initiation.leased(order):
            raise CheckoutInProgress
        answered = order if order.status != Status.CREATED else initiation.resume(order, found.health)
        if answered is None:
            return Known(left_behind=order)
        _bind(asked, found, answered)
        return Known(answered)
    return Known(left_behind=order if _may_still_be_paid(order) else None)


def _by_key(asked: Asked, entry: IdempotencyEntry, health: Item | None) -> Known | None:
    """The same key stands for the same order; None when that one never had a page to send anybody to (PAY-43)."""
    if asked.key is None or entry.request_hash != asked.key.request_hash:
        raise IdempotencyKeyReused
    order = _own(asked, str(entry.reference))
    if order is None or order.status == Status.FAILED:
        return None
    if order.status != Status.CREATED:
        return Known(order, by_key=True)
    if initiation.leased(order):
        raise IdempotencyInProgress(retry_after=1)
    resumed = initiation.resume(order, health)
    return Known(resumed, by_key=True) if resumed is not None else Known(left_behind=order)


def _own(asked: Asked, order_id: str) -> PaymentOrder | None:
    return store.get(PaymentOrder, PaymentOrder.place(asked.caller.user_id, order_id))


def _same(asked: Asked, found: Found, order: PaymentOrder) -> bool:
    """Whether that order can answer this request: same terms, and young enough that its page is alive (PAY-44)."""
    age = clock.now() - order.created_at
    return order.terms == asked.wanted.terms(found.usual) and age < timedelta(minutes=CHECKOUT_REUSE_MINUTES())


def _may_still_be_paid(order: PaymentOrder) -> bool:
    """Open, or lapsed while the gateway may still take money: a new order beside it knows of it."""
    return order.status in OPEN or (order.status in LAPSED and order.next_check_at is not None)


def _bind(asked: Asked, found: Found, order: PaymentOrder) -> None:
    """From now on this key stands for the order that answered it."""
    if asked.key is None:
        return
    try:
        store.put(placing.key_entry(asked.key, order.id), when=placing.key_free(found.entry))
    except ConditionFailed:
        event("a key was taken by the same request", merchantTransactionId=order.id)


def _place(asked: Asked, found: Found, left_behind: PaymentOrder | None, *, fresh: bool) -> PaymentOrder:
    braking.check(found.pause)
    now, card = clock.now(), asked.caller.card
    if fresh:
        card = store.get(AccessCard, AccessCard.place(asked.caller.user_id)) or card
    wanted, held = asked.wanted, discounting.to_take_over(left_behind, asked.wanted.coupon_code)
    sold = pricing.offers(wanted, found.items, card, now)
    coupon = pricing.apply_coupon(wanted, sold, found.coupon, now, usual=found.usual, held=held is not None)
    bill = pricing.bill(sold, coupon, wanted.place(found.usual))
    order = pricing.draft(wanted, bill, f"TXN{new_ulid()}", now, ip=asked.ip, user_agent=asked.user_agent)
    order.terms = wanted.terms(found.usual)
    around = Around(found.open_checkout, found.entry, asked.key, left_behind, coupon, held)
    if not int(order.amount_paise):
        try:
            return placing.place(order, around, asked.caller, card)
        except CannotGrant as refusal:
            raise Conflict({"reason": refusal.reason}) from refusal
    initiation.ready(found.health)
    gateway = gateways.gateway(str(order.gateway))
    order.gateway_contract, order.gateway_account = gateway.contract(), gateway.account()
    ready = submit(lambda: gateway.prepare(str(order.gateway_contract), str(order.gateway_account)))
    try:
        return placing.place(order, around, asked.caller, card)
    finally:
        ready.result()


def _winner(lost: TransactionLost) -> str | None:
    """The order that took the open checkout first; it answers even if it is final by now."""
    taken = lost.item(placing.OPEN_CHECKOUT)
    return str(taken.merchant_transaction_id) if isinstance(taken, OpenCheckout) else None


def _answer(order: PaymentOrder, *, status: int, replay: bool = False) -> Answer[CheckoutResponse]:
    free = not int(order.amount_paise)
    line = next((line for line in order.line_facts() if line["kind"] == "PLAN"), None)
    plan = None
    if line is not None:
        days = line["snapshot"].get("durationDays")
        plan = PlanSummary(key=line["ref"], name=line["title"], duration_days=int(days) if days is not None else None)
    expires = order.redirect_expires_at or order.created_at + timedelta(minutes=PAYMENT_EXPIRE_MINUTES())
    body = CheckoutResponse(
        merchant_transaction_id=order.id,
        flow="NONE" if free else "REDIRECT",
        redirect_url=order.redirect_url,
        return_url=order.return_url,
        status_token=status_tokens.issue(order.id),
        amount_paise=int(order.amount_paise),
        currency=str(order.currency),
        expires_at=expires,
        plan=plan,
    )
    headers = {"Idempotent-Replay": "true"} if replay else {}
    return Answer(body, status=status, headers=headers, location=f"/v1/payments/orders/{order.id}")
