"""Ending sessions: all of somebody's in one write, whatever their number, or all but the current one (AUTH-55)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib.identity.sessions import refresh_tokens
from chalicelib.identity.sessions.device import Device
from chalicelib.identity.sessions.items import Session
from chalicelib.identity.sessions.opening import Tokens, refresh_end, tokens_of
from chalicelib.platform import clock
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.store import Transaction, became


def all_ended() -> list[Action]:
    """The card's update that ends every session and note view session of somebody, external tokens included.

    Nothing is written per session: their token version has passed.
    """
    return [
        AccessCard.token_version.add(1),
        AccessCard.sessions.set({}),
        AccessCard.tokens_valid_from.set(clock.epoch()),
        AccessCard.version.add(1),
    ]


def end_others(
    tx: Transaction,
    card: AccessCard,
    session: Session,
    device: Device,
    *,
    amr: Sequence[str] | None = None,
    also: Sequence[Action] = (),
) -> Tokens:
    """Add to a transaction that all sessions but this one end, and answer this one's new tokens.

    The session counts as proven now; ``amr`` replaces how it was proven. ``also``: further actions on the card. When
    the action ``card`` loses, somebody signed out everywhere or was blocked since it was read; when ``session`` loses,
    it was refreshed or ended.
    """
    now, following = clock.now(), int(session.generation) + 1
    version, methods = int(card.token_version) + 1, list(amr if amr is not None else session.amr)
    own_hash = refresh_tokens.hash_of(refresh_tokens.secret_of(session.id, following, session.salt))
    entry: dict[str, Any] = {
        "exp": int(session.absolute_expires_at.timestamp()),
        "authAt": clock.epoch(),
        "mfa": "totp" in methods,
    }
    left = [
        AccessCard.token_version.set(version),
        AccessCard.sessions.set({session.id: entry}),
        AccessCard.tokens_valid_from.set(clock.epoch()),
        AccessCard.version.add(1),
        *also,
    ]
    as_read = (AccessCard.status == "ACTIVE") & (AccessCard.token_version == card.token_version)
    tx.update(AccessCard, card.itself, left, when=as_read, name="card")
    changed = {
        "generation": following,
        "token_hash": own_hash,
        "token_version": version,
        "amr": methods,
        "rotated_at": now,
        "rotated_agent": device.agent_hash,
        "last_used_at": now,
        "expires_at": refresh_end(session.user_type, session.absolute_expires_at),
    }
    actions = [*(getattr(Session, name).set(value) for name, value in changed.items()), Session.version.add(1)]
    unchanged = (Session.generation == session.generation) & Session.revoked_at.does_not_exist()
    tx.update(Session, session.itself, actions, when=unchanged, name="session")
    return tokens_of(became(session, changed))
