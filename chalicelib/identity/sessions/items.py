"""Sessions: one item a sign-in; and the sign-ins that failed."""

from __future__ import annotations

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.epoch import AccessEpoch
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
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

    @staticmethod
    def of(user_id: str) -> Query[Session]:
        """All of somebody's, ended ones too."""
        return Query(Session, f"USER#{user_id}", begins_with="SESSION#", consistent=True)


class FailedProofs(Item, discriminator="FailedProofs"):
    """The wrong passwords (or codes of the second factor) of one account lately, by a pseudonym or user id.

    ``times``: epoch seconds, the newest last. ``waits``: how many times in a row it was made to wait; ``wait_until``:
    epoch seconds before which nothing is tried.
    """

    times: ListAttribute[int] = ListAttribute(default=list)
    waits = NumberAttribute(default=0)
    wait_until = NumberAttribute(default=0)

    @staticmethod
    def place(what: str, subject: str) -> Key:
        """Where the failures of an account are: beside the counters of limits, which they are like."""
        return Key(f"RATE#failed-{what}#{subject}", "FAILED")


PATTERNS = (
    AccessPattern("every session of somebody who is erased", Session.of("<user>"), 1),
    AccessPattern(
        "how often signing in to an account failed, beside its login", FailedProofs.place("password", "<account>"), 1
    ),
    AccessPattern(
        "the session of a refresh token, the card, and from when on tokens count",
        (Session.place("<user>", "<session>"), AccessCard.place("<user>"), AccessEpoch.place()),
        3,
    ),
)
