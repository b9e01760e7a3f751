"""A refund takes back what its order opened, and gives it back if it fails (SUB-28 … SUB-30): read, and written.

The writes hold only if card, subscriptions and entitlements are as read; they join the refund's own transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.commerce.sellers import GRANT, CannotGrant, SoldLine, Taken, Taking
from chalicelib.commerce.subscriptions import writing
from chalicelib.commerce.subscriptions.card import CardFull, Draft, entry, families_of
from chalicelib.commerce.subscriptions.effects import DAY, Fresh, Period
from chalicelib.commerce.subscriptions.items import (
    ACTIVE,
    CANCELLED,
    Entitlement,
    Subscription,
    entitlements_of,
    subscriptions_of,
)
from chalicelib.commerce.subscriptions.reversal import REVOKED, SHORTENED, Book, Held, Piece, Step, wanted
from chalicelib.commerce.subscriptions.snapshot import Snapshot, derived_id
from chalicelib.commerce.subscriptions.sources import counting
from chalicelib.commerce.subscriptions.writing import Cause, Happened, Slice, instant
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.parallel import together
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction, present

AUDITED = {SHORTENED: writing.SHORTEN, REVOKED: writing.CANCEL}


READS = 4


@frozen
class Stored:
    """What was read: the card, and beside it everything that it is made from."""

    card: AccessCard
    subscriptions: Mapping[str, Subscription]
    entitlements: Mapping[str, Entitlement]


def take_back(tx: Transaction, card: AccessCard, lines: Sequence[SoldLine], taking: Taking) -> Taken:
    """Add what a refund takes of an order's plans; ``days`` of them all. Nothing unused: nothing is added."""
    stored = _read(card)
    book, before = _book(stored, taking)
    snapshots = [Snapshot.read(line.snapshot) for line in lines]
    pieces: list[Piece] = []
    for family, most in wanted(snapshots, taking.part).items():
        pieces += book.take(taking.order_id, family, most)
    _write(tx, stored, book, before, taking)
    seconds = sum(one.seconds for one in pieces)
    facts = [{"subscriptionId": one.native, "family": one.family, "seconds": one.seconds} for one in pieces]
    return Taken(-(-seconds // DAY), {"pieces": facts} if facts else {})


def restore(tx: Transaction, card: AccessCard, facts: Mapping[str, Any], taking: Taking) -> None:
    """Add what gives back what ``take_back`` took. Raises ``CannotGrant``, and has added nothing then."""
    stored = _read(card)
    book, before = _book(stored, taking)
    for one in facts.get("pieces", ()):
        piece = Piece(str(one["subscriptionId"]), str(one["family"]), int(one["seconds"]))
        if piece.native in book.subscriptions:
            book.give_back(taking.order_id, piece)
    _write(tx, stored, book, before, taking)


def _read(card: AccessCard) -> Stored:
    """Two queries side by side, and again with the card where somebody wrote between it and them.

    What is written holds only if nothing was; but that nothing is left to take must not be read off a mixture.
    """
    for _ in range(READS):
        stored = _read_beside(card)
        if _agree(stored):
            return stored
        card = store.get(AccessCard, AccessCard.place(str(card.user_id))) or card
    return stored


def _read_beside(card: AccessCard) -> Stored:
    user_id = str(card.user_id)
    subscriptions, entitlements = together(
        lambda: store.every(subscriptions_of(user_id)), lambda: store.every(entitlements_of(user_id))
    )
    return Stored(
        card,
        {str(one.id): one for one in cast("list[Subscription]", subscriptions)},
        {str(one.id): one for one in cast("list[Entitlement]", entitlements)},
    )


def _agree(stored: Stored) -> bool:
    """Whether the subscriptions that count now or later are those of the card."""
    now = clock.epoch()
    families = families_of(stored.card).values()
    shown = {(one.sub_id, one.ends_at) for family in families for one in family.periods if one.ends_at > now}
    held = [one for one in stored.subscriptions.values() if one.status == ACTIVE]
    ends = {(str(one.id), int(one.ends_at.timestamp())) for one in held}
    return shown == {(sub_id, end) for sub_id, end in ends if end > now}


def _book(stored: Stored, taking: Taking) -> tuple[Book, dict[str, Held]]:
    """The book that changes them, and the subscriptions as they are."""
    families = {name: one.periods for name, one in families_of(stored.card).items()}
    on_card = {period.sub_id: period for periods in families.values() for period in periods}
    held = {sub_id: _held(one, on_card.get(sub_id)) for sub_id, one in stored.subscriptions.items()}
    revoked = frozenset(one_id for one_id, one in stored.entitlements.items() if one.revoked_at)
    now = int(taking.at.timestamp())
    return Book(now, held, dict(families), _ids(taking.refund_id, len(held)), revoked), deepcopy(held)


def _held(one: Subscription, on_card: Period | None) -> Held:
    plan = Snapshot.read({**plain(one.plan), "key": str(one.plan_key)})
    bought = plan.bought
    period = Period(
        str(one.id),
        bought.plan_key,
        bought.name,
        bought.tier,
        on_card.grants_hash if on_card is not None else bought.grants_hash,
        int(one.starts_at.timestamp()),
        int(one.ends_at.timestamp()),
        tuple(str(entitlement_id) for entitlement_id in one.entitlement_ids),
    )
    return Held(
        plan.family,
        plan,
        period,
        [_slice(dict(part)) for part in one.slices],
        status=str(one.status),
        reason=one.cancel_reason,
        replaced_by=one.replaced_by,
        source=str(one.source),
    )


def _slice(part: Mapping[str, Any]) -> Slice:
    order_id = part.get("merchantTransactionId")
    carried = int(part.get("carriedSeconds") or 0)
    return Slice(str(order_id) if order_id else None, int(part["seconds"]), int(part["at"]), carried)


def _ids(refund_id: str, known: int) -> Callable[[int], Fresh]:
    """Ids that derive from the refund and from how many subscriptions there are: taking and giving back make others."""
    made = known

    def fresh(count: int) -> Fresh:
        nonlocal made
        made += 1
        sub_id = derived_id(refund_id, made)
        return Fresh(sub_id, tuple(derived_id(sub_id, number) for number in range(count)))

    return fresh


def _write(tx: Transaction, stored: Stored, book: Book, before: Mapping[str, Held], taking: Taking) -> None:
    if not book.steps:
        return
    user_id = str(stored.card.user_id)
    changed = [one for one in book.subscriptions.values() if one != before.get(one.id)]
    _write_card(tx, stored, book, before, changed)
    for one in changed:
        if one.stored:
            _update(tx, user_id, stored, one, before[one.id], taking)
        else:
            writing.create(tx, user_id, one.plan, one.period, one.slices, taking.at, one.source)
    for step in book.steps:
        _record(tx, user_id, book, step, taking)


def _write_card(
    tx: Transaction,
    stored: Stored,
    book: Book,
    before: Mapping[str, Held],
    changed: Sequence[Held],
) -> None:
    draft = Draft.of(stored.card, book.now)
    timed = [one for one in changed if not one.stored or one.period != before[one.id].period]
    touched = {one for held in timed for one in held.period.entitlement_ids}
    draft.take(touched, counting(stored.entitlements.values(), book.now))
    for held in timed:
        for number, one in enumerate(held.period.entitlement_ids):
            if held.status == ACTIVE and held.period.ends_at > book.now and one not in book.revoked:
                kind, scope = _opens(stored, held, number)
                draft.put(one, entry(kind, scope, held.period.starts_at, held.period.ends_at))
    for family in {one.family for one in timed}:
        draft.write_family(family, book.families.get(family, ()))
    try:
        draft.fit()
    except CardFull as full:
        raise CannotGrant("ACCESS_CARD_FULL") from full
    writing.write_card(tx, draft, str(stored.card.user_id))


def _opens(stored: Stored, held: Held, number: int) -> tuple[str, Mapping[str, Any]]:
    """Kind and scope of a subscription's entitlement: as stored, or as its plan says."""
    known = stored.entitlements.get(held.period.entitlement_ids[number])
    if known is not None:
        return str(known.opens), plain(known.scope)
    grant = held.plan.grants[number]
    return grant.kind, grant.scope.model_dump(by_alias=True)


def _update(tx: Transaction, user_id: str, stored: Stored, held: Held, was: Held, taking: Taking) -> None:
    """A stored subscription as the book has it now, if nobody changed it since it was read."""
    item, starts_at, ends_at = (
        stored.subscriptions[held.id],
        instant(held.period.starts_at),
        instant(held.period.ends_at),
    )
    orders = [one.order_id for one in held.slices if one.order_id is not None]
    actions: list[Action] = [
        Subscription.slices.set([one.stored() for one in held.slices]),
        Subscription.order_ids.set(list(dict.fromkeys([*item.order_ids, *orders]))),
        Subscription.updated_at.set(taking.at),
        Subscription.version.add(1),
    ]
    if held.replaced_by is not None:
        actions.append(Subscription.replaced_by.set(held.replaced_by))
    if (held.period, held.status) != (was.period, was.status):
        actions += [
            Subscription.starts_at.set(starts_at),
            Subscription.ends_at.set(ends_at),
            Subscription.status.set(held.status),
            Subscription.row["status"].set(held.status),
            Subscription.row["startsAt"].set(clock.iso(starts_at)),
            Subscription.row["endsAt"].set(clock.iso(ends_at)),
        ]
        actions += _listed(held)
    place, unchanged = Subscription.place(user_id, held.id), Subscription.version == int(item.version)
    tx.update(Subscription, place, actions, when=unchanged, name=f"{GRANT}:subscription:{held.id}")
    if held.period != was.period:
        for entitlement_id in held.period.entitlement_ids:
            _time(tx, user_id, stored, entitlement_id, held.period)


def _listed(held: Held) -> list[Action]:
    """Where the list of those that end on a day finds it; why it is cancelled."""
    if held.status == CANCELLED:
        return [
            Subscription.gsi2pk.remove(),
            Subscription.gsi2sk.remove(),
            Subscription.cancel_reason.set(str(held.reason)),
        ]
    keys = Subscription.by_end(instant(held.period.ends_at), held.id)
    return [Subscription.gsi2pk.set(keys["gsi2pk"]), Subscription.gsi2sk.set(keys["gsi2sk"])]


def _time(tx: Transaction, user_id: str, stored: Stored, entitlement_id: str, period: Period) -> None:
    """An entitlement's time, if it still is what was read: staff may revoke it at any moment."""
    known = stored.entitlements.get(entitlement_id)
    if known is None or known.revoked_at:
        return
    times: list[Action] = [
        Entitlement.starts_at.set(instant(period.starts_at)),
        Entitlement.ends_at.set(instant(period.ends_at)),
        Entitlement.version.add(1),
    ]
    when = cast(Condition, present(Entitlement) & Entitlement.revoked_at.does_not_exist())
    place = Entitlement.place(user_id, entitlement_id)
    tx.update(Entitlement, place, times, when=when, name=f"{GRANT}:entitlement:{entitlement_id}")


def _record(tx: Transaction, user_id: str, book: Book, step: Step, taking: Taking) -> None:
    cause = Cause(
        order_id=taking.order_id,
        refund_id=taking.refund_id,
        by=taking.by,
        reason=taking.reason,
        audited=AUDITED.get(step.change, writing.REINSTATE),
    )
    what = Happened(
        step.sub_id,
        book.subscriptions[step.sub_id].plan.key,
        step.change,
        step.seconds,
        writing.times(step.before) if step.before is not None else None,
        writing.times(step.after, CANCELLED if step.cancelled else ACTIVE),
        step.moved,
    )
    writing.record(tx, user_id, what, cause, taking.at)
