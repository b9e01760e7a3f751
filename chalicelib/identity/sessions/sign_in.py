"""Signing in with e-mail and password (AUTH-02). Three round trips: Login; card, while hashing; transaction."""

from __future__ import annotations

from collections.abc import Callable

from pynamodb.expressions.update import Action

from chalicelib.identity.accounts import (
    KnownDevice,
    Login,
    User,
    hash_password,
    is_outdated_hash,
    is_right_password,
)
from chalicelib.identity.sessions import attempts, cards
from chalicelib.identity.sessions.audited import SESSION_REVOKE, revoked
from chalicelib.identity.sessions.device import Device
from chalicelib.identity.sessions.errors import InvalidCredentials
from chalicelib.identity.sessions.items import Session
from chalicelib.identity.sessions.opening import Tokens, new_session, tokens_of
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.errors import AccountBlocked, Conflict, Unavailable
from chalicelib.platform.http import limits
from chalicelib.platform.parallel import submit, together
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction, TransactionLost

MAX_DEVICES = 20
TRIES = 4
NOBODY = "0" * 26
"""Whose card is read for an e-mail without an account, so that both cost the same."""


@frozen
class _Known:
    """What is known of who signs in, once the password was right."""

    login: Login
    card: AccessCard
    user: User
    devices: KnownDevice


def sign_in(email: str, password: str, device: Device, counted: Callable[[], object]) -> Tokens:
    """Sign somebody in. Whatever is wrong is one ``InvalidCredentials`` after the same work.

    ``counted`` waits for the counters of the address and refuses when they do. Raises ``AccountBlocked`` for the right
    password of a blocked account, ``RateLimited``, ``Conflict`` when too many sign in to one account at once.
    """
    login = _first_read(email, device, counted)
    user_id = str(login.user_id) if login is not None else NOBODY
    keys = [AccessCard.place(user_id), User.place(user_id), KnownDevice.place(user_id)]
    reading = submit(lambda: store.get_many(keys))
    known_hash = login.password_hash if login is not None else None
    right = is_right_password(password, known_hash)
    card, user, devices = reading.result()
    if not right or login is None:
        attempts.count_failure(device.network)
        raise InvalidCredentials
    if not isinstance(card, AccessCard) or not isinstance(user, User) or not isinstance(devices, KnownDevice):
        raise Unavailable
    rehashed = hash_password(password) if is_outdated_hash(str(known_hash)) else None
    return _begin(_Known(login, card, user, devices), device, rehashed)


def _first_read(email: str, device: Device, counted: Callable[[], object]) -> Login | None:
    """The login, read beside everything that counts this attempt."""
    login, attempt, failures, _ = together(
        lambda: store.get(Login, Login.place(email)),
        lambda: attempts.count_attempt(email),
        lambda: attempts.failures_left(device.network),
        counted,
    )
    verdicts = [one for one in (attempt, failures) if isinstance(one, limits.Verdict)]
    limits.refuse_if_any(verdicts)
    return login if isinstance(login, Login) else None


def _begin(known: _Known, device: Device, rehashed: str | None) -> Tokens:
    card = known.card
    for _ in range(TRIES):
        if card.status == "BLOCKED":
            raise AccountBlocked
        if card.status != "ACTIVE":
            raise InvalidCredentials
        session, entry = new_session(card.user_id, card.user_type, int(card.token_version), device, ["pwd"])
        tokens = tokens_of(session)
        tx = _transaction(known, card, session, entry, device, rehashed)
        try:
            tx.commit()
        except TransactionLost as lost:
            if lost.failed("login"):
                # The password or e-mail was changed while this one was being checked.
                raise InvalidCredentials from lost
            there = lost.item("card")
            if isinstance(there, AccessCard):
                card = there
            continue
        return tokens
    raise Conflict


def _transaction(
    known: _Known, card: AccessCard, session: Session, entry: dict[str, object], device: Device, rehashed: str | None
) -> Transaction:
    room = cards.room_for_one(card)
    tx = Transaction()
    as_read = Login.password_hash == known.login.password_hash
    if rehashed is None:
        tx.check(Login, known.login.itself, as_read, name="login")
    else:
        tx.update(Login, known.login.itself, [Login.password_hash.set(rehashed)], when=as_read, name="login")
    actions = cards.actions_of(room, session.id, entry)
    tx.update(AccessCard, card.itself, actions, when=cards.unchanged(card), name="card")
    tx.put(session, when=store.absent(Session), name="session")
    for displaced in room.displaced:
        place = Session.place(card.user_id, displaced)
        tx.update(Session, place, revoked(cards.LIMIT), when=store.present(Session), name=f"displaced:{displaced}")
        audit.write(tx, SESSION_REVOKE, displaced, meta={"userId": card.user_id}, reason=cards.LIMIT)
    tx.update(KnownDevice, known.devices.itself, _device_actions(known.devices, device), name="devices")
    today = clock.day_start(clock.academy_day(clock.now()))
    if known.user.last_login_at != today:
        shown = clock.iso(today)
        tx.update(User, known.user.itself, [User.last_login_at.set(today), User.row["lastLoginAt"].set(shown)])
    return tx


def _device_actions(known: KnownDevice, device: Device) -> list[Action]:
    others = {agent: int(at) for agent, at in plain(known.devices).items() if agent != device.agent_hash}
    surplus = sorted(others, key=lambda agent: others[agent])[: max(0, len(others) + 1 - MAX_DEVICES)]
    return [
        KnownDevice.devices[device.agent_hash].set(clock.epoch()),
        KnownDevice.version.add(1),
        *(KnownDevice.devices[agent].remove() for agent in surplus),
    ]
