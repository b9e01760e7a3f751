"""Codes and links that were sent to an address, hashed; and the address that somebody wants to move to."""

from __future__ import annotations

import hashlib

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.identity.accounts import User
from chalicelib.platform import clock
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.store import InstantAttribute, Item, Key
from chalicelib.platform.store.patterns import AccessPattern


class OtpCode(Item, discriminator="OtpCode"):
    """What was last asked for by an address and purpose (LOGIN, RESET, VERIFY_EMAIL, CHANGE_EMAIL): one is live.

    ``code_hash``: HMAC-SHA256 (hex) with the pepper ``OTP_KEY``; of no code at all where a link was asked for, whose
    token has ``challenge_id`` as its id. ``attempts``: guesses looked at. ``decoy``: nobody was sent anything.
    ``ttl``: a day past ``expires_at``, so that the link of a code that was right can still be told from an older one.
    """

    challenge_id = UnicodeAttribute()
    user_id = UnicodeAttribute(null=True)
    code_hash = UnicodeAttribute()
    purpose = UnicodeAttribute()
    attempts = NumberAttribute(default=0)
    requested_at = InstantAttribute()
    expires_at = InstantAttribute()
    consumed_at = InstantAttribute(null=True)
    decoy = BooleanAttribute(default=False)

    @staticmethod
    def place(address: str, purpose: str) -> Key:
        """Where it is; ``address`` is a pseudonym (``codes.pseudonym``)."""
        return Key(f"OTP#{address}", purpose)


class ResetToken(Item, discriminator="ResetToken"):
    """A link that sets a new password. ``requested_by``: SELF, or the id of who did it for them.

    ``reset_generation``: the login's when it was made; null where staff asked, whose function reads no logins. It is
    the latest one only while the address's OtpCode for RESET names its ``id`` as challenge.
    """

    id = UnicodeAttribute()
    user_id = UnicodeAttribute(null=True)
    email = UnicodeAttribute()
    reset_generation = NumberAttribute(null=True)
    requested_by = UnicodeAttribute()
    created_at = InstantAttribute()
    expires_at = InstantAttribute()
    used_at = InstantAttribute(null=True)

    @property
    def is_open(self) -> bool:
        """Whether it is somebody's, unused and not expired."""
        mine, unused = self.user_id is not None, self.used_at is None
        return mine and unused and self.expires_at > clock.now()

    @staticmethod
    def place(token: str) -> Key:
        """Where the token of a secret is; only the secret's hash stands in the table."""
        return Key(f"RESET#{hashlib.sha256(token.encode()).hexdigest()}", "RESET")


class EmailChange(Item, discriminator="EmailChange"):
    """The address that somebody wants to move to, until they prove that it is theirs."""

    user_id = UnicodeAttribute()
    email = UnicodeAttribute()
    challenge_id = UnicodeAttribute()
    expires_at = InstantAttribute()

    @staticmethod
    def place(user_id: str) -> Key:
        """Where somebody's wish is; a new one replaces it."""
        return Key(f"USER#{user_id}", "EMAILCHANGE")


PATTERNS = (
    AccessPattern("what an address asked for last, for one purpose", OtpCode.place("<address>", "<purpose>"), 1),
    AccessPattern("the reset of a link", ResetToken.place("<token>"), 1),
    AccessPattern(
        "the wish to move to another address, beside card and profile",
        (AccessCard.place("<user>"), User.place("<user>"), EmailChange.place("<user>")),
        3,
    ),
)
