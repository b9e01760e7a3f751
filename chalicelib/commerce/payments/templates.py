"""What students are asked by mail while they have bought nothing yet."""

from __future__ import annotations

from chalicelib.platform.messages import MessageClass, Template

PAYMENT_LINK = Template(
    "PAYMENT_LINK",
    MessageClass.TRANSACTIONAL,
    required=("planName", "linkUrl", "expiresAt"),
    optional=("userName",),
)
"""Staff prepared a checkout. The link opens nothing by itself."""
