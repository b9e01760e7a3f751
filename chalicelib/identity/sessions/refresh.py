"""Refreshing (AUTH-51): every use of a refresh token rotates it; reuse ends the family. Two round trips."""

from __future__ import annotations

import hmac
from concurrent.futures import wait
from datetime import datetime, timedelta
from enum import Enum
from typing import cast

from pynamodb.expressions.condition import Condition

from chalicelib.identity.sessions import refresh_tokens
from chalicelib.identity.sessions.audited import SESSION_REVOKE, revoked
from chalicelib.identity.sessions.device import Device
from chalicelib.identity.sessions.errors import RefreshedElsewhere, RefreshInvalid, RefreshReused
from chalicelib.identity.sessions.items import Session
from chalicelib.identity.sessions.opening import Tokens, refresh_end, tokens_of
from chalicelib.identity.sessions.refresh_tokens import RefreshToken
from chalicelib.platform import audit, clock, logs, settings, signals, store
from chalicelib.platform.access import epoch
from chalicelib.platform.access.caller import LIMIT, why_ended
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.access.epoch import AccessEpoch
from chalicelib.platform.errors import AccountBlocked, Conflict, Unavailable
from chalicelib.platform.http import limits
from chalicelib.platform.http.limits import Limits
from chalicelib.platform.parallel import submit
from chalicelib.platform.signals import Severity, SignalType
from chalicelib.platform.store import ConditionFailed, Transaction, TransactionLost

REFRESH_GRACE_SECONDS = settings.integer("REFRESH_GRACE_SECONDS", default=10, minimum=0, maximum=300)

REUSE = "REUSE"
TRIES = 4


class Use(Enum):
    """What presenting a genuine token of a live session means."""

    ROTATE = "rotate"
    """It is the current one."""
    REPEAT = "repeat"
    """It was just rotated, by the same device: the phone lost the answer and gets the same one again."""
    REUSE = "reuse"
    """It was used before: somebody else has it."""


def refresh(presented: str | None, device: Device, at: datetime) -> Tokens:
    """The next tokens of a session. ``at``: when the token was presented, however long the request waited since.

    Raises ``RefreshInvalid`` for everything wrong, ``RefreshReused`` when reuse was found and the session ended,
    ``AccountBlocked``, ``RateLimited``.
    """
    token = refresh_tokens.parse(presented) if presented else None
    if token is None:
        raise RefreshInvalid
    counting = submit(lambda: limits.hit(Limits.REFRESH, token.session_id))
    try:
        session, card = read(token)
    finally:
        wait([counting])
    limits.refuse_if_any([counting.result()])
    for _ in range(TRIES):
        use = judge(token, session, card, device, at)
        if use is Use.REUSE:
            _end_family(session, card)
            raise RefreshReused
        if use is Use.REPEAT:
            return tokens_of(session)
        try:
            return tokens_of(_rotate(session, device))
        except ConditionFailed as failed:
            # A parallel refresh was first, or the session was ended: look again at what is there now.
            if not isinstance(failed.item, Session):
                raise RefreshInvalid from failed
            session = failed.item
    raise Conflict


def read(token: RefreshToken) -> tuple[Session, AccessCard]:
    """The session that a token names, and the card; ``RefreshInvalid`` when there is no such session.

    The access epoch is always read beside them: revoking everyone ends refreshing at once (ACC-15).
    """
    places = [Session.place(token.user_id, token.session_id), AccessCard.place(token.user_id), AccessEpoch.place()]
    session, card, since = store.get_many(places)
    epoch.keep(since)
    if not isinstance(session, Session):
        raise RefreshInvalid
    if not isinstance(card, AccessCard):
        raise Unavailable
    return session, card


def is_genuine(token: RefreshToken, session: Session) -> bool:
    """Whether we made this token: the current one by its hash, older ones of the family by the key."""
    generation = int(session.generation)
    if token.generation == generation:
        return hmac.compare_digest(refresh_tokens.hash_of(token.secret), session.token_hash)
    own = refresh_tokens.secret_of(session.id, token.generation, session.salt)
    return 0 < token.generation < generation and hmac.compare_digest(token.secret, own)


def judge(token: RefreshToken, session: Session, card: AccessCard, device: Device, at: datetime) -> Use:
    """What this use of a token, presented at an instant, is. Raises ``AccountBlocked``, ``RefreshInvalid``."""
    if not is_genuine(token, session):
        raise RefreshInvalid
    if card.status == "BLOCKED":
        raise AccountBlocked
    _check_alive(session, card, clock.now())
    if token.generation == session.generation:
        return Use.ROTATE
    grace = timedelta(seconds=REFRESH_GRACE_SECONDS())
    in_grace = session.rotated_at is not None and bool(grace) and at < session.rotated_at + grace
    if token.generation == session.generation - 1 and in_grace and session.rotated_agent == device.agent_hash:
        return Use.REPEAT
    return Use.REUSE


def _check_alive(session: Session, card: AccessCard, now: datetime) -> None:
    entry = plain(card.sessions).get(session.id)
    listed = entry is not None and int(entry["exp"]) > now.timestamp()
    current = card.status == "ACTIVE" and int(card.token_version) == int(session.token_version)
    voided = session.created_at.timestamp() < epoch.valid_from(session.user_type)
    late = now >= min(session.expires_at, session.absolute_expires_at)
    if session.revoked_reason or not listed or not current or voided or late:
        raise _refusal(session.revoked_reason or why_ended(card, session.id, int(session.token_version)))


def _refusal(reason: str | None) -> RefreshInvalid:
    """The 401 of a session that has ended, with the reason where one is known (AUTH-54, AUTH-55)."""
    if reason is None:
        return RefreshInvalid()
    return (RefreshedElsewhere if reason == LIMIT else RefreshInvalid)({"reason": reason})


def _as_read(session: Session) -> Condition:
    is_current = (Session.generation == session.generation) & (Session.token_hash == session.token_hash)
    return cast(Condition, is_current & Session.revoked_at.does_not_exist())


def _rotate(session: Session, device: Device) -> Session:
    now, following = clock.now(), int(session.generation) + 1
    own = refresh_tokens.secret_of(session.id, following, session.salt)
    return store.update(
        Session,
        session.itself,
        [
            Session.generation.set(following),
            Session.token_hash.set(refresh_tokens.hash_of(own)),
            Session.rotated_at.set(now),
            Session.rotated_agent.set(device.agent_hash),
            Session.last_used_at.set(now),
            Session.expires_at.set(refresh_end(session.user_type, session.absolute_expires_at)),
            Session.ip.set(device.ip),
            Session.user_agent.set(device.user_agent),
            Session.version.add(1),
        ],
        when=_as_read(session),
    )


def _end_family(session: Session, card: AccessCard) -> None:
    """Revoke the session of a token that was used twice, once."""
    tx = Transaction()
    tx.update(Session, session.itself, revoked(REUSE), when=Session.revoked_at.does_not_exist(), name="session")
    tx.update(AccessCard, card.itself, [AccessCard.sessions[session.id].remove(), AccessCard.version.add(1)])
    audit.write(tx, SESSION_REVOKE, session.id, meta={"userId": session.user_id}, reason=REUSE)
    try:
        tx.commit()
    except TransactionLost:
        # Somebody ended it at the same moment; it has ended, which is all that was wanted.
        return
    logs.count_metric("RefreshReuse")
    signals.notice(SignalType.REFRESH_REUSE, Severity.HIGH, user_id=session.user_id, session_id=session.id)
