"""What gateways keep in the table: an access token that all functions of a stage share, and whether they answer."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.platform.store import Item, Key
from chalicelib.platform.store.patterns import AccessPattern


class GatewayToken(Item, discriminator="GatewayToken"):
    """A gateway's access token; only functions with the grant ``gateway-token`` can read the partition.

    ``issued_at``, ``expires_at``, ``lease_until``: epoch seconds. Whoever holds the lease fetches the next token.
    """

    access_token = UnicodeAttribute(null=True)
    issued_at = NumberAttribute(default=0)
    expires_at = NumberAttribute(default=0)
    lease_until = NumberAttribute(default=0)

    @staticmethod
    def place(gateway: str, account: str) -> Key:
        """Its key."""
        return Key(f"GATEWAYTOKEN#{gateway}#{account}", "TOKEN")


class GatewayHealth(Item, discriminator="GatewayHealth"):
    """Whether a gateway answers: the calls that failed since the last one that worked, and until when none is made.

    ``failures``: epoch seconds, oldest first. ``open_until``: epoch seconds.
    """

    failures: ListAttribute[Any] = ListAttribute(default=list)
    open_until = NumberAttribute(default=0)

    @staticmethod
    def place(gateway: str) -> Key:
        """Its key; of the academy's own account, the only one there is."""
        return Key("GWHEALTH", f"{gateway}#ACADEMY")


PATTERNS = (
    AccessPattern("the shared token of a gateway's account", GatewayToken.place("PHONEPE", "<account>"), 1),
    AccessPattern("whether a gateway answers", GatewayHealth.place("PHONEPE"), 1),
)
