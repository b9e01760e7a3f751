"""What I have and until when (SUB-01)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from chalicelib.commerce.payments import PaymentOrder
from chalicelib.commerce.plans import features_of
from chalicelib.commerce.subscriptions.card import entries_of, families_of
from chalicelib.commerce.subscriptions.effects import DAY, Period
from chalicelib.commerce.subscriptions.schemas import (
    EntitlementsShown,
    LastOrder,
    MySubscription,
    PlanShown,
    SubjectShown,
    SubscriptionShown,
)
from chalicelib.commerce.subscriptions.writing import instant
from chalicelib.content.taxonomy import Subject
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.parallel import together

MAX_SUBJECTS = 100


def of(card: AccessCard) -> MySubscription:
    """The card's periods, with what plans and subjects are called, and the newest order.

    One round trip: the order's query and two batch reads go side by side.
    """
    now = clock.now()
    second = now.timestamp()
    periods = [(family, one) for family, had in families_of(card).items() for one in had.periods]
    current = sorted((pair for pair in periods if pair[1].current(int(second))), key=_rank, reverse=True)
    upcoming = sorted((pair for pair in periods if pair[1].starts_at > second), key=lambda pair: pair[1].starts_at)
    running = [one for one in entries_of(card).values() if one["startsAt"] <= second < one["endsAt"]]
    subjects = sorted({str(subject) for one in running for subject in one.get("subjectIds", ())})[:MAX_SUBJECTS]
    order, features, names = _read(str(card.user_id), sorted({one.plan_key for _, one in periods}), subjects)
    shown = [_shown(family, one, features, now) for family, one in current]
    return MySubscription(
        active_subscription=shown[0] if shown else None,
        others=shown[1:],
        upcoming=[_shown(family, one, features, now) for family, one in upcoming],
        entitlements=EntitlementsShown(
            kinds=sorted({str(one["kind"]) for one in running}),
            subjects=[SubjectShown(id=one, name=names[one]) for one in subjects if one in names],
        ),
        last_payment_order=order,
    )


def remaining_days(ends_at: int, now: datetime) -> int:
    """Days of 86,400 s that are left, begun ones count whole; never negative (SUB-20)."""
    return max(0, -int((now.timestamp() - ends_at) // DAY))


def _rank(pair: tuple[str, Period]) -> tuple[int, int]:
    """The highest tier first, then the latest end."""
    return pair[1].tier, pair[1].ends_at


def _read(
    user_id: str, plans: list[str], subjects: list[str]
) -> tuple[LastOrder | None, dict[str, list[str]], dict[str, str]]:
    order: LastOrder | None = None
    features: dict[str, list[str]] = {}
    names: dict[str, str] = {}

    def read_order() -> None:
        nonlocal order
        order = _newest_order(user_id)

    works: list[Callable[[], object]] = [read_order]
    if plans:
        works.append(lambda: features.update(features_of(plans)))
    if subjects:
        works.append(lambda: names.update(_names(subjects)))
    together(*works)
    return order, features, names


def _newest_order(user_id: str) -> LastOrder | None:
    found = store.fetch(PaymentOrder.of_user(user_id), limit=1).items
    if not found:
        return None
    return order_shown(found[0])


def order_shown(order: PaymentOrder) -> LastOrder:
    """An order as its owner sees it beside a subscription."""
    return LastOrder(
        merchant_transaction_id=str(order.merchant_transaction_id),
        # An order held for review is one that is still being worked on, to its owner (PAY-03).
        status="PENDING" if order.status == "REVIEW" else str(order.status),
        amount_paise=int(order.amount_paise),
        created_at=order.created_at,
    )


def _names(subjects: list[str]) -> dict[str, str]:
    found = store.get_many([Subject.place(one) for one in subjects], consistent=False)
    return {str(one.id): str(one.name) for one in found if isinstance(one, Subject)}


def _shown(family: str, period: Period, features: Mapping[str, list[str]], now: datetime) -> SubscriptionShown:
    return SubscriptionShown(
        plan=PlanShown(
            key=period.plan_key,
            name=period.name,
            tier=period.tier,
            family=family,
            features=list(features.get(period.plan_key, ())),
        ),
        starts_at=instant(period.starts_at),
        ends_at=instant(period.ends_at),
        remaining_days=remaining_days(period.ends_at, now),
    )
