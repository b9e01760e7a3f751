"""Beginning a session of somebody who proved who they are: by password, code, invitation, or a second factor."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pynamodb.expressions.update import Action

from chalicelib.identity import factors
from chalicelib.identity.accounts import KnownDevice, User
from chalicelib.identity.factors import PendingStep
from chalicelib.identity.sessions import cards, notices
from chalicelib.identity.sessions.audited import SESSION_REVOKE, revoked
from chalicelib.identity.sessions.device import Device
from chalicelib.identity.sessions.items import Session
from chalicelib.identity.sessions.opening import Tokens, new_session, tokens_of
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import LIMIT
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.errors import AccountBlocked, Conflict, Unavailable
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Item, Key, Transaction, TransactionLost

MAX_DEVICES = 20
TRIES = 5

SecondStep = PendingStep
"""What a proof is worth to somebody with a second factor: a token to bring back with its code."""
Begun = Tokens | SecondStep


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
    who: Known,
    device: Device,
    amr: Sequence[str],
    add: Callable[[Transaction], None],
    *,
    wrong: type[Exception],
    on_user: Sequence[Action] = (),
) -> Begun:
    """Begin a session in one transaction, with what ``add`` adds to it: that the proof holds, and is used up.

    ``on_user``: what the proof changes of the profile, which a transaction touches once. Somebody with a second factor
    that is not in ``amr`` gets a ``SecondStep`` instead, and the proof is used up all the same.

    Raises ``AccountBlocked``; ``wrong`` for an account that is not active; ``Conflict`` when too many sign in to
    one account at once; ``TransactionLost`` when something that ``add`` added did not hold.
    """
    card, mails = who.card, _is_new(who.devices, device)
    for _ in range(TRIES):
        if card.status == "BLOCKED":
            raise AccountBlocked
        if card.status != "ACTIVE":
            raise wrong
        tx = Transaction()
        add(tx)
        begun: Begun
        if card.mfa_enrolled and factors.TOTP not in amr:
            begun = _add_second_step(tx, card, amr, device)
            _add_profile(tx, who.user, on_user)
        else:
            begun = _add_session(tx, who, card, device, amr)
            _add_profile(tx, who.user, [*on_user, *_day_actions(who.user)])
            if mails:
                notices.add_new_device(tx, who.user, device)
        try:
            tx.commit()
        except TransactionLost as lost:
            card, mails = _as_it_is(lost, card, mails=mails)
            continue
        return begun
    raise Conflict


def _as_it_is(lost: TransactionLost, card: AccessCard, *, mails: bool) -> tuple[AccessCard, bool]:
    """What to try again with: the card that others changed; without the mail that was put today already."""
    there = lost.item("card")
    if lost.failed("card") and isinstance(there, AccessCard):
        return there, mails
    if mails and lost.failed("message"):
        return card, False
    raise lost


def _is_new(known: KnownDevice, device: Device) -> bool:
    """Whether somebody who signed in from other devices before never did from this one (AUTH-34)."""
    agents = plain(known.devices)
    return bool(agents) and device.agent_hash not in agents


def _add_second_step(tx: Transaction, card: AccessCard, amr: Sequence[str], device: Device) -> SecondStep:
    as_read = (AccessCard.status == "ACTIVE") & (AccessCard.token_version == card.token_version)
    tx.check(AccessCard, card.itself, as_read, name="card")
    return factors.begin_challenge(tx, card, amr, device.label)


def _add_session(tx: Transaction, who: Known, card: AccessCard, device: Device, amr: Sequence[str]) -> Tokens:
    session, entry = new_session(card.user_id, card.user_type, int(card.token_version), device, amr)
    room = cards.room_for_one(card)
    actions = cards.actions_of(room, session.id, entry)
    tx.update(AccessCard, card.itself, actions, when=cards.unchanged(card), name="card")
    tx.put(session, when=store.absent(Session), name="session")
    for displaced in room.displaced:
        place = Session.place(card.user_id, displaced)
        tx.update(Session, place, revoked(LIMIT), when=store.present(Session), name=f"displaced:{displaced}")
        audit.write(tx, SESSION_REVOKE, displaced, meta={"userId": card.user_id}, reason=LIMIT)
    tx.update(KnownDevice, who.devices.itself, _device_actions(who.devices, device), name="devices")
    return tokens_of(session)


def _day_actions(user: User) -> list[Action]:
    today = clock.day_start(clock.academy_day(clock.now()))
    if user.last_login_at == today:
        return []
    return [User.last_login_at.set(today), User.row["lastLoginAt"].set(clock.iso(today))]


def _add_profile(tx: Transaction, user: User, actions: Sequence[Action]) -> None:
    if actions:
        tx.update(User, user.itself, actions)


def _device_actions(known: KnownDevice, device: Device) -> list[Action]:
    others = {agent: int(at) for agent, at in plain(known.devices).items() if agent != device.agent_hash}
    surplus = sorted(others, key=lambda agent: others[agent])[: max(0, len(others) + 1 - MAX_DEVICES)]
    return [
        KnownDevice.devices[device.agent_hash].set(clock.epoch()),
        KnownDevice.version.add(1),
        *(KnownDevice.devices[agent].remove() for agent in surplus),
    ]
