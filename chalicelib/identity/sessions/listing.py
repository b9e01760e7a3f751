"""The sessions that somebody is signed in with (AUTH-07, USR-12)."""

from __future__ import annotations

from chalicelib.identity.sessions import cards
from chalicelib.identity.sessions.items import Session
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard


def live_sessions(card: AccessCard) -> list[Session]:
    """Those on the card whose refresh token still counts, the last used first; at most 10. One round trip."""
    places = [Session.place(card.user_id, session_id) for session_id in cards.live_ids(card)]
    if not places:
        return []
    now = clock.now()
    found = [one for one in store.get_many(places) if isinstance(one, Session)]
    live = [one for one in found if not one.revoked_reason and one.expires_at > now]
    return sorted(live, key=lambda one: (one.last_used_at, one.id), reverse=True)
