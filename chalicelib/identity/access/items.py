"""How far the nightly check of students' cards has come."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.platform.store import Item, Key
from chalicelib.platform.store.patterns import AccessPattern


class CardCheck(Item, discriminator="CardCheck"):
    """``cursor``: where the next night begins (JSON of a key), null at the start of a round through all students.

    ``seen``: students of this round; ``total``: of the round before, of which a hundredth is due each night.
    """

    cursor = UnicodeAttribute(null=True)
    seen = NumberAttribute(default=0)
    total = NumberAttribute(default=0)

    @staticmethod
    def place() -> Key:
        """Where the one of the academy is."""
        return Key("CARDCHECK", "STUDENTS")


PATTERNS = (AccessPattern("how far the check of students' cards has come", CardCheck.place(), 1),)
