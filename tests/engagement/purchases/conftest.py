"""The shop, and what SES was given."""

from __future__ import annotations

from tests.commerce.payments.conftest import gateway_street, shop
from tests.engagement.notifications.conftest import mailbox

__all__ = ["gateway_street", "mailbox", "shop"]
