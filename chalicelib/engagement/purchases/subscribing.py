"""Mails about subscriptions: that they begin, hold longer, end soon, have ended (SUB-13, SUB-41)."""

from __future__ import annotations

from chalicelib.commerce.subscriptions import (
    Subscription,
    SubscriptionActivated,
    SubscriptionCancelled,
    SubscriptionExpired,
    SubscriptionExpiring,
)
from chalicelib.engagement.purchases import templates
from chalicelib.engagement.purchases.posting import plan_url, post
from chalicelib.identity.accounts import user_key
from chalicelib.platform import clock, store

ACTIVE, EXPIRED = "ACTIVE", "EXPIRED"
BY_STAFF = "STAFF"


def holds(told: SubscriptionActivated) -> bool:
    """That a subscription begins, or holds longer; of a first purchase as of a gift. Two round trips."""
    user, own = store.get_many([user_key(told.user_id), Subscription.place(told.user_id, told.sub_id)])
    if not isinstance(own, Subscription) or own.status != ACTIVE:
        return False
    payload = {
        "planName": _name(own),
        "startsAt": clock.iso(told.starts_at),
        "endsAt": clock.iso(told.ends_at),
        "effect": told.effect,
    }
    return post(user, templates.SUBSCRIPTION_ACTIVATED, told.key, payload)


def ends_soon(told: SubscriptionExpiring) -> bool:
    """That a subscription ends in some days: unless it was prolonged meanwhile. Two round trips."""
    user, own = store.get_many([user_key(told.user_id), Subscription.place(told.user_id, told.sub_id)])
    if not isinstance(own, Subscription) or own.status != ACTIVE or own.ends_at != told.ends_at:
        return False
    payload = {
        "planName": _name(own),
        "endsAt": clock.iso(told.ends_at),
        "days": told.days,
        "planUrl": plan_url(told.plan_key),
    }
    return post(user, templates.SUBSCRIPTION_EXPIRING, told.key, payload)


def has_ended(told: SubscriptionExpired) -> bool:
    """That a subscription ended, and what of its family goes on. Two round trips."""
    keys = [user_key(told.user_id), Subscription.place(told.user_id, told.sub_id)]
    if told.followed_by is not None:
        keys.append(Subscription.place(told.user_id, told.followed_by))
    user, own, *rest = store.get_many(keys)
    if not isinstance(own, Subscription) or own.status != EXPIRED:
        return False
    following = next((one for one in rest if isinstance(one, Subscription)), None)
    payload = {
        "planName": _name(own),
        "endedAt": clock.iso(told.ends_at),
        "planUrl": plan_url(told.plan_key),
        "nextPlanName": _name(following) if following else None,
        "nextEndsAt": clock.iso(following.ends_at) if following else None,
    }
    return post(user, templates.SUBSCRIPTION_EXPIRED, told.key, payload)


def was_cancelled(told: SubscriptionCancelled) -> bool:
    """That staff ended a subscription; what an upgrade or a refund ended is told with those. Two round trips."""
    if told.reason != BY_STAFF:
        return False
    user, own = store.get_many([user_key(told.user_id), Subscription.place(told.user_id, told.sub_id)])
    if not isinstance(own, Subscription):
        return False
    payload = {"planName": _name(own), "endedAt": clock.iso(own.ends_at)}
    return post(user, templates.SUBSCRIPTION_CANCELLED, told.key, payload)


def _name(subscription: Subscription) -> str:
    return str(subscription.plan.as_dict()["name"])
