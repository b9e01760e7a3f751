"""What is kept of where people are billed."""

from __future__ import annotations

from chalicelib.commerce.payments import billing
from chalicelib.identity.accounts.events import UserDeleted
from chalicelib.platform.work import Grant, consumer


@consumer(on=[UserDeleted], grants=[Grant.TABLE_WRITE])
def forget_billing_place(event: UserDeleted) -> None:
    """Forget where somebody is usually billed, whose account was erased."""
    billing.forget(event.user_id)
