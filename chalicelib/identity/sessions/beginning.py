"""Beginning a session of somebody who proved who they are: by password, code, invitation, or a second factor."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pynamodb.expressions.update import Action

from chalicelib.identity.accounts import KnownDevice, User
from chalicelib.identity.sessions import cards
from chalicelib.identity.sessions.audited import SESSION_REVOKE, revoked
from chalicelib.identity.sessions.device import Device
from chalicelib.identity.sessions.items import Session
from chalicelib.identity.sessions.opening import Tokens, new_session, tokens_of
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.errors import AccountBlocked, Conflict, Unavailable
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Item, Key, Transaction, TransactionLost

MAX_DEVICES = 20
TRIES = 4


@frozen
class Known:
    """What is read of who signs in, beside or before the proof; see ``keys_of`` and ``known``."""

    card: AccessCard
    user: User
    devices: KnownDevice


def keys_of(user_id: str) -> list[Key]:
    """What to read to begin a session: card, profile, devices."""
    return [AccessCard.place(user_id), User.place(user_id), KnownDevice.place(user_id)]


def known(items: Sequence[Item | None]) -> Known:
    """The items of ``keys_of`` as they were read; ``Unavailable`` when one is missing."""
    card, user, devices = items
    if not isinstance(card, AccessCard) or not isinstance(user, User) or not isinstance(devices, KnownDevice):
        raise Unavailable
    return Known(card, user, devices)


def begin(
    who: Known, device: Device, amr: Sequence[str], add: Callable[[Transaction], None], *, wrong: type[Exception]
) -> Tokens:
    """Begin a session in one transaction, with what ``add`` adds to it: that the proof holds, and is used up.

    Raises ``AccountBlocked``; ``wrong`` for an account that is not active; ``Conflict`` when too many sign in to one
    account at once; ``TransactionLost`` when something that ``add`` added did not hold.
    """
    card = who.card
    for _ in range(TRIES):
        if card.status == "BLOCKED":
            raise AccountBlocked
        if card.status != "ACTIVE":
            raise wrong
        session, entry = new_session(card.user_id, card.user_type, int(card.token_version), device, amr)
        tokens = tokens_of(session)
        tx = Transaction()
        add(tx)
        _add_session(tx, who, card, session, entry, device)
        try:
            tx.commit()
        except TransactionLost as lost:
            there = lost.item("card")
            if not lost.failed("card") or not isinstance(there, AccessCard):
                raise
            card = there
            continue
        return tokens
    raise Conflict


def _add_session(
    tx: Transaction, who: Known, card: AccessCard, session: Session, entry: dict[str, object], device: Device
) -> None:
    room = cards.room_for_one(card)
    actions = cards.actions_of(room, session.id, entry)
    tx.update(AccessCard, card.itself, actions, when=cards.unchanged(card), name="card")
    tx.put(session, when=store.absent(Session), name="session")
    for displaced in room.displaced:
        place = Session.place(card.user_id, displaced)
        tx.update(Session, place, revoked(cards.LIMIT), when=store.present(Session), name=f"displaced:{displaced}")
        audit.write(tx, SESSION_REVOKE, displaced, meta={"userId": card.user_id}, reason=cards.LIMIT)
    tx.update(KnownDevice, who.devices.itself, _device_actions(who.devices, device), name="devices")
    today = clock.day_start(clock.academy_day(clock.now()))
    if who.user.last_login_at != today:
        shown = clock.iso(today)
        tx.update(User, who.user.itself, [User.last_login_at.set(today), User.row["lastLoginAt"].set(shown)])


def _device_actions(known: KnownDevice, device: Device) -> list[Action]:
    others = {agent: int(at) for agent, at in plain(known.devices).items() if agent != device.agent_hash}
    surplus = sorted(others, key=lambda agent: others[agent])[: max(0, len(others) + 1 - MAX_DEVICES)]
    return [
        KnownDevice.devices[device.agent_hash].set(clock.epoch()),
        KnownDevice.version.add(1),
        *(KnownDevice.devices[agent].remove() for agent in surplus),
    ]
