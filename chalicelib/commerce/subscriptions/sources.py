"""What a card should hold, from the items that it is made of (SUB-14): entitlements and periods. Reads only."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.commerce.subscriptions.card import SCOPE_LISTS, Entry, entry
from chalicelib.commerce.subscriptions.effects import Period
from chalicelib.commerce.subscriptions.items import ACTIVE, Entitlement, Subscription
from chalicelib.commerce.subscriptions.snapshot import Snapshot
from chalicelib.platform.access.card import plain
from chalicelib.platform.records import frozen


@frozen
class Due:
    """Of entitlements and periods those that have not ended at an instant. ``families``: by plan family, in order."""

    entries: dict[str, Entry]
    families: dict[str, tuple[Period, ...]]


def due(subscriptions: Iterable[Subscription], entitlements: Iterable[Entitlement], now: int) -> Due:
    """What a card should hold at a second."""
    families: dict[str, list[Period]] = {}
    for one in subscriptions:
        period = period_of(one)
        if one.status == ACTIVE and period.ends_at > now:
            families.setdefault(family_of(one), []).append(period)
    held = {name: tuple(sorted(periods, key=lambda one: one.starts_at)) for name, periods in families.items()}
    return Due(counting(entitlements, now), held)


def counting(entitlements: Iterable[Entitlement], now: int) -> dict[str, Entry]:
    """The entitlements that are neither revoked nor ended, by id, as the card has each by itself."""
    return {str(one.id): entry_of(one) for one in entitlements if counts(one, now)}


def counts(one: Entitlement, now: int) -> bool:
    """Whether it is neither revoked nor ended."""
    return not one.revoked_at and int(one.ends_at.timestamp()) > now


def entry_of(one: Entitlement) -> Entry:
    """An entitlement as the card has it by itself."""
    scope = plain(one.scope)
    lists = {name: [str(value) for value in scope.get(name) or ()] for name in SCOPE_LISTS}
    return entry(str(one.opens), lists, int(one.starts_at.timestamp()), int(one.ends_at.timestamp()))


def snapshot_of(one: Subscription) -> Snapshot:
    """The plan that a subscription keeps."""
    return Snapshot.read({"key": one.plan_key, **plain(one.plan)})


def family_of(one: Subscription) -> str:
    """The plan family that a subscription is of."""
    return str(plain(one.plan)["family"])


def period_of(one: Subscription) -> Period:
    """A subscription's time as the card has it."""
    bought = snapshot_of(one).bought
    return Period(
        str(one.id),
        bought.plan_key,
        bought.name,
        bought.tier,
        bought.grants_hash,
        int(one.starts_at.timestamp()),
        int(one.ends_at.timestamp()),
        tuple(str(name) for name in one.entitlement_ids or ()),
    )
