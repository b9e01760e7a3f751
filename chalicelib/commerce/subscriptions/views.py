"""Subscriptions and entitlements as answers show them."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.commerce.subscriptions.card import SCOPE_LISTS
from chalicelib.commerce.subscriptions.entitlement_schemas import EntitlementView, ScopeView
from chalicelib.commerce.subscriptions.items import Entitlement, Subscription
from chalicelib.commerce.subscriptions.staff_schemas import SliceView, SubscriptionView, plan_held
from chalicelib.commerce.subscriptions.writing import instant
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import plain

EFFECTIVE, UPCOMING, ENDED, REVOKED = "EFFECTIVE", "UPCOMING", "ENDED", "REVOKED"


def entitlement_view(one: Entitlement) -> EntitlementView:
    """An entitlement as it is now."""
    scope = plain(one.scope)
    return EntitlementView(
        id=one.id,
        user_id=one.user_id,
        kind=one.opens,
        scope=ScopeView.model_validate({name: list(scope.get(name) or ()) for name in SCOPE_LISTS}),
        status=status_of(one),
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        source=one.source,
        subscription_id=one.subscription_id,
        merchant_transaction_id=one.merchant_transaction_id,
        granted_by=one.granted_by,
        reason=one.reason,
        revoked_at=one.revoked_at,
        revoked_by=one.revoked_by,
        revoke_reason=one.revoke_reason,
        created_at=one.created_at,
    )


def newest_first(found: Iterable[Entitlement]) -> list[Entitlement]:
    """Their ids do not tell when they were made: those of a plan come from its order, or from a request's key."""
    return sorted(found, key=lambda one: (one.created_at, str(one.id)), reverse=True)


def status_of(one: Entitlement) -> str:
    """EFFECTIVE, UPCOMING, ENDED or REVOKED."""
    now = clock.now()
    if one.revoked_at:
        return REVOKED
    if one.ends_at <= now:
        return ENDED
    return UPCOMING if one.starts_at > now else EFFECTIVE


def subscription_view(
    one: Subscription, entitlements: Iterable[Entitlement], effect: str | None = None
) -> SubscriptionView:
    """A subscription; ``entitlements``: its own, others are left out."""
    return SubscriptionView(
        id=one.id,
        user_id=one.user_id,
        plan=plan_held(one),
        status=one.status,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        source=one.source,
        order_ids=[str(order) for order in one.order_ids or ()],
        slices=[_slice(plain(part)) for part in one.slices or ()],
        entitlement_ids=[str(name) for name in one.entitlement_ids or ()],
        partially_revoked=any(part.revoked_at and part.subscription_id == one.id for part in entitlements),
        cancel_reason=one.cancel_reason,
        replaced_by=one.replaced_by,
        effect=effect,
        version=int(one.version),
        created_at=one.created_at,
        updated_at=one.updated_at,
    )


def with_entitlements(one: Subscription, effect: str | None = None) -> SubscriptionView:
    """The same, its entitlements read. One batch read."""
    keys = [Entitlement.place(one.user_id, str(name)) for name in one.entitlement_ids or ()]
    found = store.get_many(keys) if keys else []
    return subscription_view(one, [part for part in found if isinstance(part, Entitlement)], effect)


def _slice(part: dict[str, object]) -> SliceView:
    order = part.get("merchantTransactionId")
    return SliceView(
        merchant_transaction_id=str(order) if order is not None else None,
        seconds=int(str(part["seconds"])),
        carried_seconds=int(str(part.get("carriedSeconds", 0))),
        at=instant(int(str(part["at"]))),
    )
