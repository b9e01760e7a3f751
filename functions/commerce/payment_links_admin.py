"""Links to pay, for staff."""

from __future__ import annotations

from chalicelib.commerce import sellers, selling
from chalicelib.commerce.payments import errors, links
from chalicelib.commerce.payments.link_schemas import NewPaymentLink, SentPaymentLink
from chalicelib.identity.accounts import UserNotFound
from chalicelib.platform.http import Actions, Caller, Grant, Idempotency, api

__all__ = ["selling"]


@api.post(
    "/v1/admin/payments/links",
    action=Actions.PAYMENTS_MANAGE,
    status=201,
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.SECRET_TOKENS_VERIFY,
        Grant.SECRET_DATA,
        Grant.SECRET_PAYER,
    ],
    raises=[UserNotFound, errors.NotAStudent, errors.CurrencyUnsupported, *sellers.refusals()],
    idempotency=Idempotency.OPTIONAL,
    examples={"userId": "01JH8Z6V3N4Q5R6S7T8V9WXYZ0", "planKey": "prelims-30", "couponCode": None, "days": 7},
)
def send_payment_link(body: NewPaymentLink, caller: Caller) -> SentPaymentLink:
    """Send a student a link to pay for a plan.

    The checkout is prepared for that account alone: signed in as anybody else the link leads nowhere. What it costs is
    worked out when it is paid.
    """
    return links.send(body, caller)
