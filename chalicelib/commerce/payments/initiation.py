"""Asking the gateway for a page: once per order, by one invocation at a time (PAY-45, PAY-46).

Whoever asks holds the order's lease (``initiate_until``). When the answer is lost nobody asks twice: the status is
asked first, and only an order that the gateway has never heard of is begun again, under its own id.
"""

from __future__ import annotations

from typing import cast

from pynamodb.expressions.condition import Condition

from chalicelib.commerce import gateways
from chalicelib.commerce.gateways import (
    GatewayTrouble,
    Initiated,
    KnownAlready,
    NoAnswer,
    NotSent,
    Refused,
    State,
)
from chalicelib.commerce.payments import finalization
from chalicelib.commerce.payments.errors import CheckoutInProgress, GatewayRejected, GatewayTimeout, GatewayUnavailable
from chalicelib.commerce.payments.items import PaymentOrder
from chalicelib.commerce.payments.states import Status, is_in, move
from chalicelib.platform import clock, store
from chalicelib.platform.errors import ApiError
from chalicelib.platform.logs import event
from chalicelib.platform.store import ConditionFailed

LEASE_SECONDS = 30
"""Longer than a function may run: past it, whoever asked is gone."""


def lease() -> int:
    """Until when this invocation may be asking, epoch seconds."""
    return clock.epoch() + LEASE_SECONDS


def leased(order: PaymentOrder) -> bool:
    """Whether an invocation may be asking for this order's page right now."""
    return order.status == Status.CREATED and int(order.initiate_until) > clock.epoch()


def ready(health: object) -> None:
    """Raise ``GatewayUnavailable`` while the gateway, by what was read of its health, answers nobody (PAY-47)."""
    try:
        gateways.check_health(health)
    except gateways.BreakerOpen as shut:
        raise GatewayUnavailable(retry_after=shut.seconds) from shut


def begin(order: PaymentOrder, health: object = None) -> PaymentOrder:
    """Ask for the page of a new order whose lease this invocation holds; answers the order with it.

    ``health``: what was read of the gateway's before. Raises ``GatewayRejected`` (the order has failed),
    ``GatewayUnavailable`` (it never left) or ``GatewayTimeout``; after these two the order stays CREATED and is
    followed like a PENDING one, since money may still come.
    """
    name = str(order.gateway)
    try:
        page = gateways.gateway(name).initiate(finalization.as_the_gateway_knows_it(order))
    except Refused as refusal:
        finalization.refuse(order, refusal)
        gateways.note_success(name, health)
        raise GatewayRejected from refusal
    except NotSent as trouble:
        _let_go(order, unsure=False)
        gateways.note_failure(name)
        raise GatewayUnavailable from trouble
    except NoAnswer as trouble:
        _let_go(order, unsure=True)
        gateways.note_failure(name)
        raise GatewayTimeout from trouble
    except KnownAlready as trouble:
        _let_go(order, unsure=True)
        gateways.note_success(name, health)
        raise GatewayTimeout from trouble
    order = _expose(order, page)
    gateways.note_success(name, health)
    return order


def resume(order: PaymentOrder, health: object = None) -> PaymentOrder | None:
    """Go on with an order whose first call had no answer; None: the gateway knows it, and its page is lost.

    Raises ``CheckoutInProgress`` while another invocation is at it, and what ``ready`` and ``begin`` raise.
    """
    ready(health)
    taken = PaymentOrder.initiate_until == int(order.initiate_until)
    try:
        order = store.update(
            PaymentOrder,
            order.itself,
            [PaymentOrder.initiate_until.set(lease())],
            when=cast(Condition, is_in(Status.CREATED) & taken),
        )
    except ConditionFailed as failed:
        raise CheckoutInProgress from failed
    try:
        seen = gateways.gateway(str(order.gateway)).status(finalization.as_the_gateway_knows_it(order))
    except GatewayTrouble as trouble:
        _let_go(order, unsure=True)
        gateways.note_failure(str(order.gateway))
        raise GatewayTimeout from trouble
    if seen.state is State.UNKNOWN:
        return begin(order, health)
    event("an order's page is lost", merchantTransactionId=order.id)
    return None


def _let_go(order: PaymentOrder, *, unsure: bool) -> None:
    """Free the lease, so that the next try need not wait for it; the lease's end does the same if this is lost."""
    actions = [PaymentOrder.initiate_until.set(0)]
    if unsure:
        actions.append(PaymentOrder.unsure.set(True))
    try:
        store.update(PaymentOrder, order.itself, actions, when=is_in(Status.CREATED))
    except (ConditionFailed, ApiError) as failed:
        event("an order kept its lease", merchantTransactionId=order.id, trouble=type(failed).__name__)


def _expose(order: PaymentOrder, page: Initiated) -> PaymentOrder:
    """CREATED → PENDING with the page. When the order has moved on already, what it became is the answer."""
    actions, condition = move(
        order, Status.PENDING, clock.now(), next_check_at=int(order.next_check_at or clock.epoch())
    )
    actions += [
        PaymentOrder.initiate_until.set(0),
        PaymentOrder.provider_order_id.set(page.provider_order_id),
    ]
    if page.redirect_url is not None:
        actions.append(PaymentOrder.redirect_url.set(page.redirect_url))
    if page.expires_at is not None:
        actions.append(PaymentOrder.redirect_expires_at.set(page.expires_at))
    try:
        return store.update(PaymentOrder, order.itself, actions, when=condition)
    except ConditionFailed as failed:
        if not isinstance(failed.item, PaymentOrder):
            raise
        return failed.item
