"""What gateways call."""

from __future__ import annotations

from chalicelib.commerce.payments import errors, webhooks
from chalicelib.commerce.payments.schemas import WebhookReceived
from chalicelib.platform.errors import Internal
from chalicelib.platform.http import Grant, Limits, Request, api


@api.post(
    "/v1/payments/webhook/phonepe",
    public=True,
    raw_body=True,
    in_maintenance=True,
    edge=Limits.WEBHOOK,
    limits=[Limits.WEBHOOK_FAILURES],
    grants=[
        Grant.TABLE_WRITE,
        Grant.SEND_PAYMENT_EVENTS,
        Grant.SECRET_PHONEPE_WEBHOOK,
        Grant.SECRET_PAYER,
    ],
    raises=[errors.WebhookUnauthenticated, Internal],
    timeout=10,
)
def phonepe_webhook(request: Request) -> WebhookReceived:
    """PhonePe tells how a payment or refund went (contracts V1 and V2).

    Authenticated by `X-VERIFY` (V1) or `Authorization` (V2) on the raw body. Stored and queued; what it claims is then
    asked of PhonePe itself. Telling the same twice is harmless.
    """
    webhooks.receive("PHONEPE", request)
    return WebhookReceived()
