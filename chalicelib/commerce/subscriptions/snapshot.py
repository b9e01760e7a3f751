"""What an order keeps of the plan it bought (PLAN-13)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from chalicelib.commerce.plans import PlanGrant, PlanTerms, grants_hash
from chalicelib.commerce.subscriptions.effects import DAY, Bought
from chalicelib.platform.ids import is_ulid, new_ulid
from chalicelib.platform.records import frozen

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TIME_CHARACTERS, _RANDOM_CHARACTERS = 10, 16


@frozen
class Snapshot:
    """A plan as it was sold."""

    key: str
    name: str
    family: str
    tier: int
    duration_days: int
    grants: tuple[PlanGrant, ...]

    @classmethod
    def of(cls, key: str, terms: PlanTerms) -> Snapshot:
        """As it is sold now."""
        return cls(key, terms.name, terms.family, terms.tier, terms.duration_days, terms.grants)

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Snapshot:
        """What ``stored`` made."""
        grants = tuple(PlanGrant.model_validate(one, strict=False) for one in stored["grants"])
        return cls(
            str(stored["key"]),
            str(stored["name"]),
            str(stored["family"]),
            int(stored["tier"]),
            int(stored["durationDays"]),
            grants,
        )

    def stored(self) -> dict[str, Any]:
        """As orders and subscriptions keep it: plain data."""
        return {
            "key": self.key,
            "name": self.name,
            "family": self.family,
            "tier": self.tier,
            "durationDays": self.duration_days,
            "grants": [grant.model_dump(mode="json", by_alias=True) for grant in self.grants],
        }

    @property
    def bought(self) -> Bought:
        """What a capture of it buys."""
        return Bought(self.key, self.name, self.tier, grants_hash(self.grants), self.duration_days * DAY)


def derived_id(source: str, number: int) -> str:
    """A ULID that always is the same for the ``number``-th thing of ``source``: a second run makes nothing twice.

    ``source`` ends in a ULID (an order's or a subscription's id), whose time it takes; another source's time is now.
    """
    own = source[-26:]
    time_part = (own if is_ulid(own) else new_ulid())[:_TIME_CHARACTERS]
    digest = hashlib.sha256(f"{source}#{number}".encode()).digest()
    return time_part + "".join(_CROCKFORD[byte & 31] for byte in digest[:_RANDOM_CHARACTERS])
