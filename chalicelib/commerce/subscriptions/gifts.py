"""A plan for up to 500 addresses at once (SUB-44): accounts whose address is proven get it now, others once it is.

Whoever registers with somebody else's address gets nothing for that.

The request writes the batch; each address is then worked through by itself, from the stream. Whatever is repeated finds
in the row's state what was done, in the transaction that did it.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.commerce.plans import Plan, PlanNotFound
from chalicelib.commerce.sellers import CannotGrant
from chalicelib.commerce.subscriptions.activation import Origin, give
from chalicelib.commerce.subscriptions.effects import DAY
from chalicelib.commerce.subscriptions.errors import GiftBatchNotFound
from chalicelib.commerce.subscriptions.gift_schemas import (
    GiftBatchPlaced,
    GiftBatchRequest,
    GiftBatchView,
    GiftView,
)
from chalicelib.commerce.subscriptions.items import (
    GIVEN,
    MANUAL,
    PENDING,
    REFUSED,
    WAITING,
    Gift,
    GiftBatch,
    GiftWaiting,
    gifts_of,
    waiting_for,
)
from chalicelib.commerce.subscriptions.snapshot import Snapshot, derived_id
from chalicelib.commerce.subscriptions.staff import GIVE, TRIES
from chalicelib.commerce.subscriptions.writing import Cause
from chalicelib.identity.accounts import Login, User
from chalicelib.platform import audit, clock, sealing, settings, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.errors import Unavailable
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.messages import Channel, recipient
from chalicelib.platform.store import ConditionFailed, Transaction, TransactionLost, absent

GIFTS = audit.AuditAction("subscription.gift", "Staff gave a plan to many addresses at once")

CHUNK = 100
GIFT_WAIT_DAYS = settings.integer("GIFT_WAIT_DAYS", default=365, minimum=1, maximum=3_650)
"""An address that nobody has proven by then is forgotten."""
_GIFT = "gift"


def place(body: GiftBatchRequest, by: Caller, key: str) -> GiftBatchPlaced:
    """Write down what is given to whom. One read, a transaction, and one for every 100 addresses.

    ``key``: the request's; a batch is placed once under it. Raises ``PlanNotFound``.
    """
    plan = store.get(Plan, Plan.place(body.plan_key))
    if plan is None:
        raise PlanNotFound
    snapshot = Snapshot.of(plan.plan_key, plan.terms)
    if body.duration_days is not None:
        snapshot = replace(snapshot, duration_days=body.duration_days)
    emails, now = list(dict.fromkeys(body.emails)), clock.now()
    batch_id = _batch_id(by, key, now)
    here = GiftBatch.place(batch_id)
    batch = GiftBatch(
        here.pk,
        here.sk,
        id=batch_id,
        plan=snapshot.stored(),
        total=len(emails),
        given_by=by.user_id,
        reason=body.reason,
        created_at=now,
    )
    tx = Transaction()
    tx.put(batch, when=absent(GiftBatch), name="batch")
    meta = {"planKey": snapshot.key, "addresses": len(emails)}
    audit.write(tx, GIFTS, batch_id, by=by, meta=meta, reason=body.reason)
    # Placed by a run that died: its rows are completed.
    with contextlib.suppress(TransactionLost):
        tx.commit()
    for gifts in _chunks([_gift(batch_id, email, now) for email in emails]):
        _put(gifts)
    return GiftBatchPlaced(batch_id=batch_id, total=len(emails))


def _batch_id(by: Caller, key: str, now: datetime) -> str:
    """Always the same under a key; the day goes in, since keys count for one."""
    digest = hashlib.sha256(f"{by.user_id}#{key}#{clock.academy_day(now)}".encode()).hexdigest()
    return derived_id(f"{digest}#{by.user_id}", 0)


def _gift(batch_id: str, email: str, now: datetime) -> Gift:
    whom = recipient(Channel.EMAIL, email)
    here = Gift.place(batch_id, whom)
    sealed = sealing.seal(email, about=f"{batch_id}#{whom}")
    return Gift(
        here.pk,
        here.sk,
        id=new_ulid(),
        batch_id=batch_id,
        recipient=whom,
        sealed=sealed,
        state=PENDING,
        created_at=now,
    )


def _chunks(gifts: Sequence[Gift]) -> Iterator[Sequence[Gift]]:
    for first in range(0, len(gifts), CHUNK):
        yield gifts[first : first + CHUNK]


def _put(gifts: Sequence[Gift]) -> None:
    tx = Transaction()
    for gift in gifts:
        tx.put(gift, when=absent(Gift), name=_GIFT)
    try:
        tx.commit()
    except TransactionLost:
        for gift in gifts:
            with contextlib.suppress(ConditionFailed):
                store.put(gift, when=absent(Gift))


def shown(batch_id: str) -> GiftBatchView:
    """A batch and what became of each address. One read, one query. Raises ``GiftBatchNotFound``."""
    batch = store.get(GiftBatch, GiftBatch.place(batch_id))
    if batch is None:
        raise GiftBatchNotFound
    gifts = store.every(gifts_of(batch_id))
    states = [str(one.state) for one in gifts]
    plan = plain(batch.plan)
    return GiftBatchView(
        batch_id=batch_id,
        plan_key=str(plan["key"]),
        duration_days=int(plan["durationDays"]),
        reason=batch.reason,
        given_by=batch.given_by,
        created_at=batch.created_at,
        total=int(batch.total),
        pending=states.count(PENDING),
        waiting=states.count(WAITING),
        given=states.count(GIVEN),
        refused=states.count(REFUSED),
        items=[
            GiftView(
                email=_address(one) if one.sealed is not None else None,
                state=one.state,
                user_id=one.user_id,
                subscription_id=one.subscription_id,
                refusal=one.refusal,
            )
            for one in gifts
        ],
    )


def _address(gift: Gift) -> str:
    return sealing.unseal(str(gift.sealed), about=f"{gift.batch_id}#{gift.recipient}")


def settle(batch_id: str, whom: str) -> None:
    """Give one address its part, or let it wait; done before: nothing."""
    for _ in range(TRIES):
        batch, gift = store.get_many([GiftBatch.place(batch_id), Gift.place(batch_id, whom)])
        if not isinstance(batch, GiftBatch) or not isinstance(gift, Gift) or gift.state not in (PENDING, WAITING):
            return
        owner = _proven_owner(_address(gift))
        try:
            if owner is not None:
                _give(batch, gift, owner)
                return
            if gift.state == WAITING:
                return
            _wait(gift)
            # Whoever proves it from now on is told of the mark; whoever did just before is found by looking again.
        except TransactionLost:
            continue
    raise Unavailable


def _proven_owner(email: str) -> str | None:
    """Whose address it is, once they have proven that. Two reads."""
    login = store.get(Login, Login.place(email))
    user = store.get(User, User.place(str(login.user_id))) if login is not None else None
    return str(user.id) if user is not None and user.email_verified_at is not None else None


def verified(user_id: str) -> None:
    """Give a student what waited for their proven address. One read, one query, and a transaction each."""
    user = store.get(User, User.place(user_id))
    if user is None or user.email is None or user.email_verified_at is None or user.type != UserType.STUDENT:
        return
    for mark in store.every(waiting_for(recipient(Channel.EMAIL, str(user.email)))):
        settle(str(mark.batch_id), str(mark.pk).removeprefix("GIFTFOR#"))


def _wait(gift: Gift) -> None:
    tx, until = Transaction(), clock.epoch() + GIFT_WAIT_DAYS() * DAY
    actions = [Gift.state.set(WAITING), Gift.ttl.set(until), Gift.version.add(1)]
    tx.update(Gift, gift.itself, actions, when=Gift.state == PENDING, name=_GIFT)
    here = GiftWaiting.place(str(gift.recipient), str(gift.batch_id))
    tx.put(GiftWaiting(here.pk, here.sk, batch_id=gift.batch_id, ttl=until), name="waiting")
    tx.commit()


def _give(batch: GiftBatch, gift: Gift, user_id: str) -> None:
    card = store.get(AccessCard, AccessCard.place(user_id))
    if card is None or card.user_type != UserType.STUDENT:
        _end(Transaction(), gift, user_id, refusal="NOT_A_STUDENT")
        return
    actor = audit.Actor(str(batch.given_by), UserType.ADMIN, "USER")
    cause = Cause(MANUAL, by=actor, reason=str(batch.reason), audited=GIVE)
    snapshot, tx = Snapshot.read(plain(batch.plan)), Transaction()
    try:
        effect = give(tx, card, snapshot, Origin(str(gift.id), is_order=False), cause, clock.now())
    except CannotGrant as full:
        _end(Transaction(), gift, user_id, refusal=full.reason)
        return
    _end(tx, gift, user_id, subscription_id=effect.subscription_id)


def _end(
    tx: Transaction, gift: Gift, user_id: str, *, subscription_id: str | None = None, refusal: str | None = None
) -> None:
    actions = [
        Gift.state.set(GIVEN if refusal is None else REFUSED),
        Gift.user_id.set(user_id),
        Gift.version.add(1),
        Gift.sealed.remove(),
        Gift.ttl.remove(),
    ]
    if subscription_id is not None:
        actions.append(Gift.subscription_id.set(subscription_id))
    if refusal is not None:
        actions.append(Gift.refusal.set(refusal))
    open_still = Gift.state.is_in(PENDING, WAITING)
    tx.update(Gift, gift.itself, actions, when=open_still, name=_GIFT)
    tx.delete(GiftWaiting, GiftWaiting.place(str(gift.recipient), str(gift.batch_id)))
    tx.commit()
