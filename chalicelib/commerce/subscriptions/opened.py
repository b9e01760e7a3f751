"""What an order opened, as it is now: for staff who look at the order (PAY-11)."""

from __future__ import annotations

from typing import Any, cast

from chalicelib.commerce.sellers import Opened
from chalicelib.commerce.subscriptions.items import Entitlement, Subscription, entitlements_of, subscriptions_of
from chalicelib.platform import clock, store
from chalicelib.platform.parallel import together


def opened_by(user_id: str, order_id: str) -> Opened:
    """The subscriptions that an order made or prolonged, and their entitlements. Two queries side by side."""
    subscriptions, entitlements = together(
        lambda: store.every(subscriptions_of(user_id)), lambda: store.every(entitlements_of(user_id))
    )
    own = [one for one in cast("list[Subscription]", subscriptions) if order_id in one.order_ids]
    ids = {str(one.id) for one in own}
    theirs = [one for one in cast("list[Entitlement]", entitlements) if one.subscription_id in ids]
    return Opened(tuple(map(_subscription, own)), tuple(map(_entitlement, theirs)))


def _subscription(one: Subscription) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "planKey": str(one.plan_key),
        "status": str(one.status),
        "startsAt": clock.iso(one.starts_at),
        "endsAt": clock.iso(one.ends_at),
    }


def _entitlement(one: Entitlement) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "kind": str(one.opens),
        "startsAt": clock.iso(one.starts_at),
        "endsAt": clock.iso(one.ends_at),
        "revoked": one.revoked_at is not None,
    }
