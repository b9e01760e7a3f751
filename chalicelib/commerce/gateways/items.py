"""What gateways keep in the table: an access token that all functions of a stage share."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

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


PATTERNS = (AccessPattern("the shared token of a gateway's account", GatewayToken.place("PHONEPE", "<account>"), 1),)
