"""What a checkout or a quote wants to know before anything is decided: one batch read (PAY-115)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from chalicelib.commerce import coupons, gateways
from chalicelib.commerce.coupons import Standing
from chalicelib.commerce.payments.items import BillingPlace, CheckoutPause, OpenCheckout
from chalicelib.commerce.payments.pricing import Wanted
from chalicelib.platform import store
from chalicelib.platform.http.idempotency import IdempotencyEntry
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Item, Key


@frozen
class Found:
    """What one batch read showed. ``items``: those of each line's seller. ``usual``: where the buyer's last paid order
    was billed; nobody without one has ever paid. ``health``: the gateway's. ``pause``: of the buyer's checkouts.
    """

    items: Sequence[Sequence[Item | None]]
    coupon: Standing | None
    open_checkout: OpenCheckout | None
    usual: BillingPlace | None
    health: Item | None
    pause: Item | None
    entry: IdempotencyEntry | None


def look(wanted: Wanted, entry_place: Key | None = None) -> Found:
    """Read it all. ``entry_place``: where the request's idempotency entry would be."""
    person, code = wanted.user_id, wanted.coupon_code
    groups = [
        *wanted.keys(),
        coupons.keys(code, person) if code is not None else [],
        [
            OpenCheckout.place(person, wanted.checkout_key),
            BillingPlace.place(person),
            gateways.health_key(wanted.gateway),
            CheckoutPause.place(person),
        ],
        [entry_place] if entry_place is not None else [],
    ]
    read = iter(store.get_many([key for group in groups for key in group]))
    *items, of_coupon, (opened, usual, health, pause), entries = [list(islice(read, len(group))) for group in groups]
    entry = entries[0] if entries else None
    return Found(
        items,
        coupons.standing(code, person, of_coupon) if code is not None else None,
        opened if isinstance(opened, OpenCheckout) else None,
        usual if isinstance(usual, BillingPlace) else None,
        health,
        pause,
        entry if isinstance(entry, IdempotencyEntry) else None,
    )
