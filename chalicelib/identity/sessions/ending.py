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


def all_ended(reason: str = "") -> list[Action]:
    """The card's update that ends every session and note view session of somebody, external tokens included.

    Nothing is written per session: their token version has passed. ``reason`` (USER, ADMIN, PASSWORD, DELETED) is what
    those sessions are told in their next 401.
    """
    return [
        AccessCard.token_version.add(1),
        AccessCard.sessions.set({}),
        AccessCard.tokens_valid_from.set(clock.epoch()),
        AccessCard.version.add(1),
        _remembered(reason),
    ]


def _remembered(reason: str) -> Action:
    return AccessCard.all_ended_reason.set(reason) if reason else AccessCard.all_ended_reason.remove()


def end_others(
    tx: Transaction,
    card: AccessCard,
    session: Session,
    device: Device,
    *,
    amr: Sequence[str] | None = None,
    also: Sequence[Action] = (),
    reason: str = "",
    rotate: bool = True,
) -> Tokens:
    """Add to a transaction that all sessions but this one end, and answer this one's new tokens.

    The session counts as proven now; ``amr`` replaces how it was proven. ``also``: further actions on the card;
    ``reason``: what the others are told. Without ``rotate`` the refresh token stays the one that the client has, for
    answers whose tokens it may overlook. When the action ``card`` loses, somebody signed out everywhere or was blocked
    since it was read; when ``session`` loses, it was refreshed or ended.
    """
    now = clock.now()
    version, methods = int(card.token_version) + 1, list(amr if amr is not None else session.amr)
    left = [*_all_but(session, version, methods), _remembered(reason), *also]
    as_read = (AccessCard.status == "ACTIVE") & (AccessCard.token_version == card.token_version)
    tx.update(AccessCard, card.itself, left, when=as_read, name="card")
    rotated = _rotated(session, device) if rotate else {}
    changed = {"token_version": version, "amr": methods, "last_used_at": now, **rotated}
    actions = [*(getattr(Session, name).set(value) for name, value in changed.items()), Session.version.add(1)]
    unchanged = (Session.generation == session.generation) & Session.revoked_at.does_not_exist()
    tx.update(Session, session.itself, actions, when=unchanged, name="session")
    return tokens_of(became(session, changed))


def _rotated(session: Session, device: Device) -> dict[str, Any]:
    """What a session with its next refresh token has."""
    following = int(session.generation) + 1
    return {
        "generation": following,
        "token_hash": refresh_tokens.hash_of(refresh_tokens.secret_of(session.id, following, session.salt)),
        "rotated_at": clock.now(),
        "rotated_agent": device.agent_hash,
        "expires_at": refresh_end(session.user_type, session.absolute_expires_at),
    }


def _all_but(session: Session, version: int, methods: Sequence[str]) -> list[Action]:
    """The card's update that leaves one session, proven just now."""
    entry: dict[str, Any] = {
        "exp": int(session.absolute_expires_at.timestamp()),
        "authAt": clock.epoch(),
        "mfa": "totp" in methods,
    }
    return [
        AccessCard.token_version.set(version),
        AccessCard.sessions.set({session.id: entry}),
        AccessCard.tokens_valid_from.set(clock.epoch()),
        AccessCard.version.add(1),
    ]
