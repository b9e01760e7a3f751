"""Second factors, and the sign-ins that wait for one."""

from __future__ import annotations

import hashlib

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute

from chalicelib.platform.store import InstantAttribute, Item, Key
from chalicelib.platform.store.patterns import AccessPattern


class MfaFactor(Item, discriminator="MfaFactor"):
    """Somebody's authenticator app (TOTP).

    ``secret``: base32, sealed about the user's id. It counts once ``confirmed_at`` is set. ``last_step``: the 30-second
    step of the last code that was accepted. ``recovery``: hashes of the recovery codes that are left.
    """

    user_id = UnicodeAttribute()
    secret = UnicodeAttribute()
    confirmed_at = InstantAttribute(null=True)
    last_step = NumberAttribute(default=0)
    recovery = UnicodeSetAttribute(null=True)
    created_at = InstantAttribute()

    @property
    def is_confirmed(self) -> bool:
        """Whether it counts."""
        return bool(self.confirmed_at)

    @staticmethod
    def place(user_id: str) -> Key:
        """Where somebody's authenticator is."""
        return Key(f"USER#{user_id}", "MFA#TOTP")


class MfaChallenge(Item, discriminator="MfaChallenge"):
    """A sign-in that was proven once and waits for the second factor.

    ``amr``: how it was proven; ``device_label``: what the client calls its device. ``token_version``: the card's then;
    a card that has moved on has ended it.
    """

    user_id = UnicodeAttribute()
    amr: ListAttribute[str] = ListAttribute(default=list)
    token_version = NumberAttribute()
    device_label = UnicodeAttribute(null=True)
    attempts = NumberAttribute(default=0)
    expires_at = InstantAttribute()
    consumed_at = InstantAttribute(null=True)

    @property
    def consumed(self) -> bool:
        """Whether it has been answered."""
        return bool(self.consumed_at)

    @staticmethod
    def place(token: str) -> Key:
        """Where the challenge of a token is; the token itself is stored nowhere."""
        return Key(f"MFACH#{hashlib.sha256(token.encode()).hexdigest()}", "MFA")


PATTERNS = (AccessPattern("the second factor of somebody", MfaFactor.place("<user>"), 1),)
