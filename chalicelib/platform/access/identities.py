"""Whose an external token is: from issuer and subject to our user id. Domain items know only that id (AUTH-60).

The pipeline reads it, for external tokens only; the identity domain writes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from pynamodb.attributes import UnicodeAttribute

from chalicelib.platform.access.claims import Claims, ExternalFacts
from chalicelib.platform.errors import NotProvisioned
from chalicelib.platform.store import table
from chalicelib.platform.store.items import InstantAttribute, Item
from chalicelib.platform.store.keys import Key
from chalicelib.platform.store.pages import Query
from chalicelib.platform.store.patterns import AccessPattern

Welcome = Callable[[ExternalFacts], str]
"""What to do about a subject that nobody knows: the id of the account it gets. Raises ``NotProvisioned``."""


class ExternalIdentity(Item, discriminator="ExternalIdentity"):
    """Somebody at an external provider, and who that is here. gsi1 lists a person's."""

    issuer = UnicodeAttribute()
    subject = UnicodeAttribute()
    user_id = UnicodeAttribute()
    email = UnicodeAttribute(null=True)
    linked_at = InstantAttribute()

    @staticmethod
    def place(issuer: str, subject: str) -> Key:
        """Where the identity of a provider's subject is."""
        digest = hashlib.sha256(f"{issuer}\0{subject}".encode()).hexdigest()
        return Key(f"IDENTITY#{digest}", "IDENTITY")

    @staticmethod
    def of(user_id: str) -> Query[ExternalIdentity]:
        """All identities of a person."""
        return Query(ExternalIdentity, f"USER#{user_id}#IDENTITIES", index="gsi1")

    def index(self) -> None:
        """Set what finds a person's identities."""
        self.gsi1pk, self.gsi1sk = f"USER#{self.user_id}#IDENTITIES", self.issuer
        self.row = {"issuer": self.issuer}


def settled(claims: Claims, welcome: Welcome | None) -> Claims:
    """The claims with the id of the account they are about. One round trip; none for our own tokens.

    Raises ``NotProvisioned`` for a subject without account, unless ``welcome`` gives it one.
    """
    facts = claims.external
    if facts is None:
        return claims
    identity = table.get(ExternalIdentity, ExternalIdentity.place(facts.issuer, facts.subject))
    if identity is not None:
        return claims._replace(user_id=identity.user_id)
    if welcome is None:
        raise NotProvisioned
    return claims._replace(user_id=welcome(facts))


PATTERNS = (
    AccessPattern("whose an external token is", ExternalIdentity.place("<issuer>", "<subject>"), 1),
    AccessPattern("somebody's external identities", ExternalIdentity.of("<user>"), 0.5, consistent=False),
)
