"""Who sells what (PAY-50): the interface between orders and the things that orders buy.

Payments knows lines, amounts and captures; a *seller* knows one kind of line: its price, why it is not sold, and
the writes that hand it over. Payments never imports a seller: the function modules import the sellers that their stage
has, and each registers itself.

Checkout reads everything in one batch, so a seller names the keys it wants (``keys``) and is given the items. The grant
adds its writes to the capture's own transaction: all of it happens, once, or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from chalicelib.platform import clock
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.errors import ApiError
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Item, Key, Transaction

GRANT = "grant"
"""First word of the names of a grant's actions.

``lost.failed(GRANT)`` tells that the card or a subscription changed meanwhile: read the order and the card again and
decide again.
"""


class CannotGrant(Exception):
    """The sold thing cannot be handed over (gone, or no room on the card); nothing was added to the transaction.

    ``reason`` is an upper-case word for the order's ``statusReason``; the order goes to REVIEW with flag GRANT_FAILED
    (PAY-74). ``refund``: nobody could decide otherwise, so the money goes back at once.
    """

    def __init__(self, reason: str, *, refund: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.refund = refund


class KindNotSold(LookupError):
    """No seller is registered for a kind of line."""


@frozen
class LineOffer:
    """One line as it is sold now, before coupons.

    ``unit_price_paise``: in the minor unit of ``currency``; with or without tax as ``price_includes_tax`` says.
    ``snapshot``: plain JSON data without floats, stored on the order; everything that ``grant`` needs later (PLAN-13).
    """

    kind: str
    ref: str
    title: str
    unit_price_paise: int
    currency: str
    snapshot: dict[str, Any]
    tax_category: str
    price_includes_tax: bool


@frozen
class SoldLine:
    """One line of a placed order. ``offline``: its money came without a gateway."""

    kind: str
    ref: str
    snapshot: Mapping[str, Any]
    offline: bool = False


@frozen
class GrantEffect:
    """What a line opened. ``effect``: NEW, EXTEND, UPGRADE, REPLACE or QUEUE; from ``starts_at`` to ``ends_at``."""

    effect: str
    subscription_id: str
    starts_at: datetime
    ends_at: datetime
    entitlement_ids: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """As the order keeps it: ``{effect, subscriptionId, startsAt, endsAt, entitlementIds}``, instants as text."""
        return {
            "effect": self.effect,
            "subscriptionId": self.subscription_id,
            "startsAt": clock.iso(self.starts_at),
            "endsAt": clock.iso(self.ends_at),
            "entitlementIds": list(self.entitlement_ids),
        }


@frozen
class Preview:
    """What a line would open if it were paid for now (SUB-40). ``lost_days``: of what runs, begun ones count whole."""

    effect: str
    starts_at: datetime
    ends_at: datetime
    lost_days: int = 0


@frozen
class Taking:
    """A refund that takes back what its order opened, or that failed and gives it back.

    ``part``: what of the amount goes back, as (refund, amount); None: everything that is unused. ``by``: who asked for
    it, None the system.
    """

    order_id: str
    refund_id: str
    at: datetime
    part: tuple[int, int] | None = None
    by: Caller | None = None
    reason: str | None = None


@frozen
class Taken:
    """What was taken back. ``days``: begun ones count whole. ``facts``: plain JSON data without floats, stored on the
    refund; everything that ``restore`` needs later.
    """

    days: int
    facts: dict[str, Any]


@frozen
class Opened:
    """What an order opened, as it is now, for staff: plain JSON data, instants as text.

    ``subscriptions``: ``{id, planKey, status, startsAt, endsAt}``; ``entitlements``: ``{id, kind, startsAt, endsAt,
    revoked}``.
    """

    subscriptions: tuple[dict[str, Any], ...] = ()
    entitlements: tuple[dict[str, Any], ...] = ()


class Seller(Protocol):
    """Sells one kind of line."""

    kind: str
    refusals: tuple[type[ApiError], ...]
    """What ``offer`` raises; checkout declares them."""

    def keys(self, ref: str, user_id: str) -> list[Key]:
        """What ``offer`` wants to know; empty when ``ref`` cannot name anything."""

    def offer(
        self, ref: str, found: Sequence[Item | None], buyer: AccessCard, *, currency: str, now: datetime
    ) -> LineOffer:
        """Price and snapshot of ``ref`` for this buyer; raises the refusal.

        ``found``: the items of ``keys``, in its order.
        """

    def preview(self, buyer: AccessCard, lines: Sequence[SoldLine], at: datetime) -> list[Preview]:
        """What ``grant`` would do to this buyer now, without a write; one a line. Raises one of ``refusals``."""

    def grant(
        self, tx: Transaction, buyer: AccessCard, lines: Sequence[SoldLine], order_id: str, at: datetime
    ) -> list[GrantEffect]:
        """Add the writes that hand over all of an order's lines of this kind; one effect a line, in order.

        ``buyer`` is the card as read, strongly consistent, before this capture; the writes are conditional on it and
        named ``grant:…``. All lines of a kind come in one call, since a transaction touches the card once. Raises
        ``CannotGrant``.
        """

    def take_back(self, tx: Transaction, owner: AccessCard, lines: Sequence[SoldLine], taking: Taking) -> Taken:
        """Add the writes that take back what an order's lines of this kind opened, in the transaction of its refund.

        ``owner`` is the card as read, strongly consistent; the writes are conditional on it and on what else was read,
        and named ``grant:…``: who loses them reads again. Nothing unused: nothing is added.
        """

    def opened(self, user_id: str, order_id: str) -> Opened:
        """What an order of this person opened, as it is now. Reads side by side, one round trip."""

    def restore(self, tx: Transaction, owner: AccessCard, facts: Mapping[str, Any], taking: Taking) -> None:
        """Add the writes that give back what ``take_back`` took, since its refund failed; conditional as there.

        Raises ``CannotGrant`` where it has no room; nothing was added then.
        """


_sellers: dict[str, Seller] = {}


def register(seller: Seller) -> None:
    """Make a kind of line sellable; a second seller of one kind is a mistake."""
    known = _sellers.setdefault(seller.kind, seller)
    if known is not seller:
        raise ValueError(f"{seller.kind} has two sellers")


def kinds() -> tuple[str, ...]:
    """The kinds that are sold."""
    return tuple(sorted(_sellers))


def seller(kind: str) -> Seller:
    """Who sells this kind; ``KindNotSold`` when nobody does."""
    found = _sellers.get(kind)
    if found is None:
        raise KindNotSold(kind)
    return found


def refusals() -> list[type[ApiError]]:
    """Every refusal of every registered seller, for the declaration of checkout."""
    return sorted({error for one in _sellers.values() for error in one.refusals}, key=lambda error: error.code)
