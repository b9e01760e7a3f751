"""Giving money back (PAY-34): asked for once, then followed until the gateway says how it ended.

A refund's name makes it one at the gateway: should a request be lost on its way, the gateway says it never heard of
that name, and only then the same request is sent again.
"""

from __future__ import annotations

import random
import time
from datetime import datetime
from typing import cast

from pynamodb.expressions.condition import Condition

from chalicelib.commerce import gateways
from chalicelib.commerce.gateways import GatewayRefund, KnownAlready, NoAnswer, NotSent, RefundStatus, Refused, State
from chalicelib.commerce.payments import refund_endings
from chalicelib.commerce.payments.items import PaymentOrder, Refund
from chalicelib.commerce.payments.refund_endings import moved
from chalicelib.commerce.payments.refund_requests import FAILED, PROCESSING, REQUESTED, SUCCEEDED
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.errors import Conflict
from chalicelib.platform.logs import alarm, event
from chalicelib.platform.store import ConditionFailed, Transaction, TransactionLost

FINAL = (SUCCEEDED, FAILED)
TRIES = 6
LOST_AFTER_SECONDS = 60
"""So long after it was sent, a refund that the gateway has never heard of did not arrive."""


class RefundMissing(LookupError):
    """There is no such refund."""


def _read(order_id: str, refund_id: str) -> Refund:
    refund = store.get(Refund, Refund.place(order_id, refund_id))
    if refund is None:
        raise RefundMissing(refund_id)
    return refund


def _known_as(refund: Refund) -> GatewayRefund:
    return GatewayRefund(
        ref=str(refund.merchant_refund_id),
        order_ref=str(refund.merchant_transaction_id),
        amount=int(refund.amount_paise),
        currency=str(refund.currency),
        contract=str(refund.gateway_contract or ""),
        account=str(refund.gateway_account or ""),
    )


def follow(order_id: str, refund_id: str) -> Refund:
    """Take a refund one step further: send it, or ask how it stands, and settle it once that is known.

    Raises ``GatewayTrouble`` when the gateway cannot be asked now.
    """
    refund = _read(order_id, refund_id)
    if refund.state in FINAL:
        return refund
    if refund.state == REQUESTED:
        return _send(refund)
    gateway = gateways.gateway(str(refund.gateway))
    answer = gateway.refund_status(_known_as(refund))
    if answer.state is State.UNKNOWN:
        if clock.epoch() - int(refund.sent_at) < LOST_AFTER_SECONDS:
            return refund
        event("a refund never reached the gateway", merchantRefundId=refund_id)
        return _send(refund)
    return settle(refund, answer)


def _send(refund: Refund) -> Refund:
    """Send the request, if this run is the one that may: the claim is written before the call."""
    now = clock.now()
    unclaimed = (Refund.state == str(refund.state)) & (Refund.sends == int(refund.sends))
    try:
        refund = store.update(
            Refund,
            refund.itself,
            [
                *moved(refund, PROCESSING),
                Refund.sends.set(Refund.sends + 1),
                Refund.sent_at.set(clock.epoch()),
                Refund.updated_at.set(now),
            ],
            when=cast(Condition, unclaimed),
        )
    except ConditionFailed:
        return _read(str(refund.merchant_transaction_id), str(refund.merchant_refund_id))
    try:
        answer = gateways.gateway(str(refund.gateway)).refund(_known_as(refund))
    except Refused as refusal:
        return settle(refund, RefundStatus(State.FAILED, error_code=refusal.reason))
    except (NoAnswer, KnownAlready, NotSent) as trouble:
        event("a refund has no answer yet", merchantRefundId=refund.merchant_refund_id, trouble=trouble.reason)
        return refund
    return settle(refund, answer)


def settle(refund: Refund, answer: RefundStatus) -> Refund:
    """Write down how a refund ended, once; PENDING and UNKNOWN leave it as it is (PAY-83).

    Who loses a race reads again: the refund was settled elsewhere, or what it is written beside has moved. ``Conflict``
    when others kept writing.
    """
    for attempt in range(TRIES):
        if refund.state in FINAL or answer.state not in (State.SUCCESS, State.FAILED):
            return refund
        try:
            _ended(refund, answer, clock.now()).commit()
        except TransactionLost:
            event("a refund's end was written elsewhere", merchantRefundId=refund.merchant_refund_id)
        except Conflict:
            if attempt == TRIES - 1:
                raise
        else:
            if answer.state is State.FAILED:
                alarm("a refund failed", merchantRefundId=refund.merchant_refund_id, code=answer.error_code)
            return _read(str(refund.merchant_transaction_id), str(refund.merchant_refund_id))
        time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311  # jitter, not a secret
        refund = _read(str(refund.merchant_transaction_id), str(refund.merchant_refund_id))
    raise Conflict


def _ended(refund: Refund, answer: RefundStatus, now: datetime) -> Transaction:
    order_id, user_id = str(refund.merchant_transaction_id), str(refund.user_id)
    order, card = store.get_many([PaymentOrder.place(user_id, order_id), AccessCard.place(user_id)])
    if not isinstance(order, PaymentOrder):
        raise RefundMissing(order_id)
    tx = Transaction()
    if answer.state is State.SUCCESS:
        refund_endings.succeed(tx, refund, order, answer, now)
    else:
        refund_endings.fail(tx, refund, order, card if isinstance(card, AccessCard) else None, answer, now)
    return tx
