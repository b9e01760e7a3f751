"""A checkout that staff prepared for one account, and the pause of one whose payments kept failing."""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.platform.store import InstantAttribute, Item, Key
from chalicelib.platform.store.patterns import AccessPattern


class PaymentLink(Item, discriminator="PaymentLink"):
    """A link to pay, in the partition of who it is for: to anybody else it simply is not there (PAY-124).

    ``paid_order_id``: the order that was paid through it; it opens nothing any more then.
    """

    id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    plan_key = UnicodeAttribute()
    title = UnicodeAttribute()
    coupon_code = UnicodeAttribute(null=True)
    created_by = UnicodeAttribute()
    created_at = InstantAttribute()
    expires_at = InstantAttribute()
    paid_order_id = UnicodeAttribute(null=True)

    @staticmethod
    def place(user_id: str, link_id: str) -> Key:
        """Its key."""
        return Key(f"USER#{user_id}", f"PAYLINK#{link_id}")


class CheckoutPause(Item, discriminator="CheckoutPause"):
    """Until when somebody places no new orders, epoch seconds (PAY-127)."""

    until = NumberAttribute()

    @staticmethod
    def place(user_id: str) -> Key:
        """Its key."""
        return Key(f"USER#{user_id}", "CHECKOUTPAUSE")


PATTERNS = (
    AccessPattern("a link to pay, of who it is for", PaymentLink.place("<userId>", "<linkId>"), 1),
    AccessPattern("whether somebody's checkouts are paused", CheckoutPause.place("<userId>"), 1),
)
