"""Sessions: one item a sign-in."""

from __future__ import annotations

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.store import InstantAttribute, Item, Key
from chalicelib.platform.store.patterns import AccessPattern


class Session(Item, discriminator="Session"):
    """One sign-in: a *family* of refresh tokens, of which only the last counts.

    ``token_hash`` is the SHA-256 (hex) of the current token's secret; with ``salt`` the token of any generation can be
    recognized. ``rotated_agent`` is the user-agent hash that made the last rotation. ``token_version`` is the card's at
    the sign-in: a card that has moved on has ended the session. ``ttl``: 30 days past the absolute end.
    """

    id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    user_type = UnicodeAttribute()
    generation = NumberAttribute(default=1)
    salt = UnicodeAttribute()
    token_hash = UnicodeAttribute()
    rotated_at = InstantAttribute(null=True)
    rotated_agent = UnicodeAttribute(null=True)
    token_version = NumberAttribute()
    ip = UnicodeAttribute()
    user_agent = UnicodeAttribute()
    device_label = UnicodeAttribute()
    amr: ListAttribute[str] = ListAttribute(default=list)
    created_at = InstantAttribute()
    last_used_at = InstantAttribute()
    expires_at = InstantAttribute()
    absolute_expires_at = InstantAttribute()
    revoked_at = InstantAttribute(null=True)
    revoked_reason = UnicodeAttribute(null=True)

    @staticmethod
    def place(user_id: str, session_id: str) -> Key:
        """Where the session of somebody is."""
        return Key(f"USER#{user_id}", f"SESSION#{session_id}")


PATTERNS = (
    AccessPattern(
        "the session of a refresh token, and the card",
        (Session.place("<user>", "<session>"), AccessCard.place("<user>")),
        2,
    ),
)
