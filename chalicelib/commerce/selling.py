"""The seller of plans (PAY-50). A function module that takes part in orders imports this: that registers the seller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.commerce import sellers
from chalicelib.commerce.plans import (
    CurrencyUnsupported,
    Plan,
    PlanLimitReached,
    PlanNotForSale,
    PlanNotFound,
    PlanTerms,
    PlanUse,
    claim,
    contacts_of_newcomer,
    is_key,
)
from chalicelib.commerce.sellers import (
    GRANT,
    CannotGrant,
    GrantEffect,
    LineOffer,
    Opened,
    Preview,
    SoldLine,
    Taken,
    Taking,
)
from chalicelib.commerce.subscriptions import (
    DAY,
    OFFLINE,
    PURCHASE,
    AccessCardFull,
    AlreadySubscribed,
    Origin,
    Outcome,
    Snapshot,
    SubscriptionTooLong,
    activate,
    families_of,
    opened_by,
    restore,
    take_back,
    work_out,
)
from chalicelib.identity.accounts import EmailNotVerified
from chalicelib.platform import settings
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.errors import ApiError
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.store import Item, Key, Transaction

SUBSCRIPTION_REPURCHASE = settings.choice("SUBSCRIPTION_REPURCHASE", default="allow", choices=("allow", "block"))
RENEWAL_WINDOW_DAYS = settings.integer("RENEWAL_WINDOW_DAYS", default=7, minimum=0, maximum=365)
SUBSCRIPTION_MAX_DAYS_AHEAD = settings.integer("SUBSCRIPTION_MAX_DAYS_AHEAD", default=1095, minimum=1, maximum=36_500)

PLAN = "PLAN"


class PlanSeller:
    """Sells plans: ``ref`` is a plan's key."""

    kind = PLAN
    refusals: tuple[type[ApiError], ...] = (
        PlanNotFound,
        PlanNotForSale,
        PlanLimitReached,
        CurrencyUnsupported,
        AlreadySubscribed,
        SubscriptionTooLong,
        AccessCardFull,
        EmailNotVerified,
    )

    def keys(self, ref: str, user_id: str) -> list[Key]:
        """The plan, and how often this person bought it."""
        return [Plan.place(ref), PlanUse.place(user_id, ref)] if is_key(ref) else []

    def offer(
        self, ref: str, found: Sequence[Item | None], buyer: AccessCard, *, currency: str, now: datetime
    ) -> LineOffer:
        """The plan at its price now. Raises what ``refusals`` lists, the plan's own reasons before the buyer's."""
        plan, use = (*found, None, None)[:2]
        if not isinstance(plan, Plan):
            raise PlanNotFound
        terms = plan.terms
        if not terms.on_sale(now):
            raise PlanNotForSale
        price = terms.price_in(currency)
        if price is None:
            raise CurrencyUnsupported
        if terms.max_per_user is not None and isinstance(use, PlanUse) and int(use.times) >= terms.max_per_user:
            raise PlanLimitReached
        snapshot = Snapshot.of(ref, terms)
        _refuse_repurchase(buyer, terms, now)
        _refuse_what_does_not_fit(buyer, snapshot, now)
        trial = {"trial": contacts_of_newcomer(ref, str(buyer.user_id))} if terms.is_trial else {}
        return LineOffer(
            kind=PLAN,
            ref=ref,
            title=terms.name,
            unit_price_paise=price,
            currency=currency,
            snapshot={**snapshot.stored(), "pricePaise": price, "currency": currency, **trial},
            tax_category=terms.tax_category,
            price_includes_tax=terms.price_includes_tax,
        )

    def preview(self, buyer: AccessCard, lines: Sequence[SoldLine], at: datetime) -> list[Preview]:
        """The effect and the new end before paying (SUB-40), and the days that a replaced subscription loses."""
        try:
            done = work_out(buyer, [Snapshot.read(line.snapshot) for line in lines], Origin(new_ulid()), at)
        except CannotGrant as full:
            raise AccessCardFull from full
        return [_preview(done.steps[position].outcome, int(at.timestamp())) for position in range(len(lines))]

    def grant(
        self, tx: Transaction, buyer: AccessCard, lines: Sequence[SoldLine], order_id: str, at: datetime
    ) -> list[GrantEffect]:
        """Subscriptions, entitlements, the card, the audit trail; and the count that ``maxPerUser`` asks. A capture is
        never refused for what ``offer`` refuses; only ``CannotGrant`` stops it, and adds nothing.
        """
        offline = any(line.offline for line in lines)
        effects = activate(tx, buyer, lines, order_id, at, OFFLINE if offline else PURCHASE)
        for key in dict.fromkeys(line.ref for line in lines):
            place = PlanUse.place(str(buyer.user_id), key)
            actions = [PlanUse.times.add(1), PlanUse.kind.set(PlanUse)]
            tx.update(PlanUse, place, actions, name=f"plan-use:{key}")
        for key, contacts in {line.ref: line.snapshot.get("trial", ()) for line in lines}.items():
            claim(tx, key, contacts, order_id, name=f"{GRANT}:trial")
        return effects

    def take_back(self, tx: Transaction, owner: AccessCard, lines: Sequence[SoldLine], taking: Taking) -> Taken:
        """The unused time of the order's slices, and with the last of it the subscription (SUB-28, SUB-29)."""
        return take_back(tx, owner, lines, taking)

    def opened(self, user_id: str, order_id: str) -> Opened:
        """The subscriptions of the order, with their entitlements."""
        return opened_by(user_id, order_id)

    def restore(self, tx: Transaction, owner: AccessCard, facts: Mapping[str, Any], taking: Taking) -> None:
        """The time that was taken, from now on where its subscription has ended meanwhile (SUB-30)."""
        restore(tx, owner, facts, taking)


def _preview(outcome: Outcome, now: int) -> Preview:
    holder, ended = outcome.holder, outcome.ended
    lost = max(ended.ends_at - now - outcome.carried, 0) if ended is not None else 0
    starts_at, ends_at = (datetime.fromtimestamp(second, UTC) for second in (holder.starts_at, holder.ends_at))
    return Preview(str(outcome.effect), starts_at, ends_at, -(-lost // DAY))


def _refuse_repurchase(buyer: AccessCard, terms: PlanTerms, now: datetime) -> None:
    """SUB-26: with ``block`` nothing is sold while the family runs, but upgrades and what is about to end."""
    if SUBSCRIPTION_REPURCHASE() == "allow":
        return
    family = families_of(buyer).get(terms.family)
    second = int(now.timestamp())
    live = [period for period in family.periods if period.ends_at > second] if family else []
    running = [period for period in live if period.current(second)]
    upgrade = bool(running) and all(terms.tier > period.tier for period in running)
    window = timedelta(days=RENEWAL_WINDOW_DAYS()).total_seconds()
    if live and not upgrade and max(period.ends_at for period in live) > second + window:
        raise AlreadySubscribed


def _refuse_what_does_not_fit(buyer: AccessCard, snapshot: Snapshot, now: datetime) -> None:
    """What a capture now would do: no family is paid further ahead than allowed (SUB-27), no card overflows (ENT-19).

    A single plan may be longer than the limit; then nothing is sold on top of it.
    """
    try:
        outcome = work_out(buyer, [snapshot], Origin(new_ulid()), now).steps[0].outcome
    except CannotGrant as full:
        raise AccessCardFull from full
    ahead = max(period.ends_at for period in outcome.periods) - int(now.timestamp())
    if ahead > max(SUBSCRIPTION_MAX_DAYS_AHEAD() * DAY, snapshot.duration_days * DAY):
        raise SubscriptionTooLong


sellers.register(PlanSeller())
