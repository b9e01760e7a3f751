"""Placing an order: one transaction whose conditions leave exactly one of any number of simultaneous checkouts."""

from __future__ import annotations

from typing import cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.commerce.coupons import Applied, Hold
from chalicelib.commerce.payments import audited, discounting, initiation, journal, outcomes
from chalicelib.commerce.payments.configuration import CHECKOUT_IDEMPOTENCY_MINUTES, RECONCILER_MIN_AGE_MINUTES
from chalicelib.commerce.payments.items import OpenCheckout, OrderLocator, PaymentOrder
from chalicelib.commerce.payments.states import Status
from chalicelib.identity.accounts import ACTIVE, User, user_key
from chalicelib.platform import audit, clock
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.http.idempotency import DONE, IdempotencyEntry
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Key, Transaction, absent

OPEN_CHECKOUT = "open-checkout"
IDEMPOTENCY = "idempotency"
BUYER = "buyer"
CREATED_HTTP = 201


@frozen
class KeyUse:
    """An ``Idempotency-Key`` and what it stands for."""

    place: Key
    request_hash: str


@frozen
class Around:
    """What an order is placed beside: the open checkout and the key's entry as read, and the open order left behind.

    ``coupon``: what it is let off by. ``taken_over``: the reservation of that coupon that the older order holds.
    """

    open_checkout: OpenCheckout | None = None
    entry: IdempotencyEntry | None = None
    key: KeyUse | None = None
    left_behind: PaymentOrder | None = None
    coupon: Applied | None = None
    taken_over: Hold | None = None


def counts(entry: IdempotencyEntry) -> bool:
    """Whether a key's entry still stands: 15 minutes, not 24 hours; the page it answers would be dead (PAY-43)."""
    return int(entry.created_at) > clock.epoch() - CHECKOUT_IDEMPOTENCY_MINUTES() * 60


def place(order: PaymentOrder, around: Around, caller: Caller, card: AccessCard) -> PaymentOrder:
    """Write the order. A free one is captured with it (PAY-41). Raises ``TransactionLost``, ``CannotGrant``."""
    tx = Transaction()
    free = not int(order.amount_paise)
    if free:
        effects = outcomes.grant_lines(tx, order, card, order.created_at)
        order.grant_effects = [effect.plain() for effect in effects]
        order.status = str(Status.SUCCESS)
        order.paid_at = order.finalized_at = order.created_at
    else:
        order.initiate_until = initiation.lease()
        order.next_check_at = clock.epoch() + RECONCILER_MIN_AGE_MINUTES() * 60
    if around.left_behind is not None:
        order.supersedes = around.left_behind.id
        _link(tx, around.left_behind, order.id, hand_over=around.taken_over is not None)
    discounting.reserve(tx, order, around.coupon, redeemed=free, taken_over=around.taken_over)
    order.index()
    tx.put(order, when=absent(PaymentOrder), name="order")
    locator = OrderLocator.place(order.id)
    tx.put(
        OrderLocator(locator.pk, locator.sk, merchant_transaction_id=order.id, user_id=order.user_id),
        when=absent(OrderLocator),
        name="locator",
    )
    _take_checkout(tx, order, around.open_checkout)
    # Whoever was blocked since they were let in buys nothing any more (USR-31). A free order writes the card itself.
    tx.check(User, user_key(caller.user_id), User.status == ACTIVE, name=BUYER)
    if around.key is not None:
        tx.put(key_entry(around.key, order.id), when=key_free(around.entry), name=IDEMPOTENCY)
    audit.write(tx, audited.ORDER_CREATE, order.id, by=caller, meta=audited.meta(order))
    if free:
        _book_what_was_let_off(tx, order, caller)
        audit.write(tx, audited.ORDER_SUCCEED, order.id, by=caller, meta=audited.meta(order))
    tx.commit()
    return order


def _book_what_was_let_off(tx: Transaction, order: PaymentOrder, caller: Caller) -> None:
    """A coupon paid for all of it: revenue and discount are as large; without one nothing is booked."""
    bookings = journal.earned(journal.gateway_account(str(order.gateway)), 0, int(order.discount_paise), {})
    currency = str(order.currency)
    journal.write(
        tx,
        order.id,
        journal.CAPTURE,
        bookings,
        currency=currency,
        at=order.created_at,
        by=caller.user_id,
        memo="let off",
    )


def _link(tx: Transaction, older: PaymentOrder, newer_id: str, *, hand_over: bool) -> None:
    """The older one is still followed to its end; should both be paid, each knows of the other (PAY-72)."""
    same = cast(Condition, PaymentOrder.superseded_by.does_not_exist())
    if older.superseded_by is not None:
        same = cast(Condition, PaymentOrder.superseded_by == str(older.superseded_by))
    unpaid = PaymentOrder.status == str(older.status)
    actions: list[Action] = [
        PaymentOrder.superseded_by.set(newer_id),
        PaymentOrder.version.set(PaymentOrder.version + 1),
    ]
    if hand_over:
        actions += discounting.handed_over()
    when = discounting.as_read(older, cast(Condition, same & unpaid))
    tx.update(PaymentOrder, older.itself, actions, when=when, name="older")


def _take_checkout(tx: Transaction, order: PaymentOrder, seen: OpenCheckout | None) -> None:
    key = OpenCheckout.place(order.user_id, order.checkout_key)
    item = OpenCheckout(
        key.pk,
        key.sk,
        merchant_transaction_id=order.id,
        terms=order.terms,
        created_at=order.created_at,
        ttl=clock.epoch() + 24 * 3600,
    )
    when = OpenCheckout.pk.does_not_exist()
    if seen is not None:
        when = when | (OpenCheckout.merchant_transaction_id == str(seen.merchant_transaction_id))
    tx.put(item, when=cast(Condition, when), name=OPEN_CHECKOUT)


def key_entry(key: KeyUse, order_id: str) -> IdempotencyEntry:
    """The entry that makes the key stand for this order."""
    now = clock.epoch()
    return IdempotencyEntry(
        key.place.pk,
        key.place.sk,
        request_hash=key.request_hash,
        state=DONE,
        status=CREATED_HTTP,
        reference=order_id,
        lease_until=0,
        created_at=now,
        ttl=now + 24 * 3600,
    )


def key_free(seen: IdempotencyEntry | None) -> Condition:
    """Never used, too old to count, or still the one that was read and decided upon."""
    entry = IdempotencyEntry
    oldest = clock.epoch() - CHECKOUT_IDEMPOTENCY_MINUTES() * 60
    free = entry.pk.does_not_exist() | (entry.created_at <= oldest)
    if seen is not None and seen.reference is not None:
        free = free | (entry.reference == str(seen.reference))
    return cast(Condition, free)
