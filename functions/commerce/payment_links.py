"""Links to pay, for who they were sent to."""

from __future__ import annotations

from chalicelib.commerce.payments import errors, links
from chalicelib.commerce.payments.link_schemas import PaymentLinkView
from chalicelib.platform.http import Actions, Caller, Grant, api


@api.get(
    "/v1/payments/links/{linkId}",
    action=Actions.PAYMENTS_CHECKOUT,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    raises=[errors.PaymentLinkNotFound],
)
def get_payment_link(link_id: str, caller: Caller) -> PaymentLinkView:
    """A link to pay that staff sent to me; somebody else's is not found.

    While it is `OPEN`, a checkout with `linkId` and nothing else buys what it is for.
    """
    return links.shown(link_id, caller)
