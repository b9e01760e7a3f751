"""The sessions on an access card: which live, which end when there are too many (AUTH-54)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.update import Action

from chalicelib.identity.sessions.access_tokens import ACCESS_TTL_SECONDS
from chalicelib.platform import clock, settings
from chalicelib.platform.access.caller import LIMIT
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.access.tokens import LEEWAY_SECONDS
from chalicelib.platform.errors import Unavailable
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Item

MAX_SESSIONS_STUDENT = settings.integer("MAX_SESSIONS_STUDENT", default=5, minimum=1, maximum=10)
MAX_SESSIONS_STAFF = settings.integer("MAX_SESSIONS_STAFF", default=10, minimum=1, maximum=10)
_MOST = {
    UserType.STUDENT: MAX_SESSIONS_STUDENT,
    UserType.ADMIN: MAX_SESSIONS_STAFF,
    UserType.OPERATOR: MAX_SESSIONS_STAFF,
}

ENDED_KEPT = 5
"""How many ended sessions a card remembers, so that their phones are told why."""


@frozen
class SessionRoom:
    """What a sign-in does to the card's sessions: ``displaced`` end because of it, ``forgotten`` ended long ago."""

    displaced: list[str]
    forgotten: list[str]


def room_for_one(card: AccessCard) -> SessionRoom:
    """Make room for one more session: the oldest sign-ins beyond the maximum end; ids sort by their time.

    A displaced session stays on the card as ``{exp: 0, ended, at}`` while an access token of it may still be presented.
    """
    now = clock.epoch()
    entries = plain(card.sessions)
    live = live_ids(card)
    displaced = live[: max(0, len(live) + 1 - _MOST[UserType(card.user_type)]())]
    told_until = now - ACCESS_TTL_SECONDS() - LEEWAY_SECONDS
    ended = sorted(
        (sid for sid, entry in entries.items() if entry.get("ended") and int(entry["at"]) >= told_until),
        key=lambda sid: int(entries[sid]["at"]),
    )
    kept = set(live) | set(ended[max(0, len(ended) + len(displaced) - ENDED_KEPT) :])
    return SessionRoom(displaced, sorted(set(entries) - kept))


def actions_of(room: SessionRoom, session_id: str, entry: dict[str, Any]) -> list[Action]:
    """The card's update for a sign-in: single paths only."""
    return [
        AccessCard.sessions[session_id].set(entry),
        *(ended_entry(sid, LIMIT) for sid in room.displaced),
        *(AccessCard.sessions[sid].remove() for sid in room.forgotten),
        AccessCard.version.add(1),
    ]


def ended_entry(session_id: str, reason: str) -> Action:
    """The card's update that ends one session and remembers why (AUTH-54): its next request is told."""
    ended = {"exp": 0, "ended": reason, "at": clock.epoch()}
    return cast(Action, AccessCard.sessions[session_id].set(ended))


def live_ids(card: AccessCard) -> list[str]:
    """The sessions that a card lets in now, the oldest sign-in first."""
    now = clock.epoch()
    return sorted(sid for sid, entry in plain(card.sessions).items() if int(entry["exp"]) > now)


def others_ended(card: AccessCard, kept: str, reason: str) -> list[Action]:
    """The card's update that ends all live sessions but one by name, on the condition ``unchanged``.

    The token version stays, and so do the kept session's tokens.
    """
    others = [session_id for session_id in live_ids(card) if session_id != kept]
    return [*(ended_entry(session_id, reason) for session_id in others), AccessCard.version.add(1)]


def unchanged(card: AccessCard) -> Condition:
    """That nobody blocked, logged out or signed in since the card was read."""
    as_read = (AccessCard.status == "ACTIVE") & (AccessCard.token_version == card.token_version)
    return cast(Condition, as_read & (size(AccessCard.sessions) == len(plain(card.sessions))))


def card_of(beside: Sequence[Item | None]) -> AccessCard:
    """The access card that was read beside the person whom staff act upon; ``Unavailable`` without one (ACC-60)."""
    card = beside[0]
    if not isinstance(card, AccessCard):
        raise Unavailable
    return card
