"""Figures of payments that operations watch (PAY-123): how they end at each gateway, how long that takes, what waits.

Checkouts and webhooks that are not the gateway's are counted where they happen (``Checkouts``,
``WebhookBadSignature``). CloudWatch makes the success rate and p50 and p95 of ``SecondsToFinalize`` out of these.
"""

from __future__ import annotations

from aws_lambda_powertools.metrics import MetricUnit

from chalicelib.commerce.payments.deciding import Step
from chalicelib.platform.logs import measure

SUCCEEDED, FAILED, SECONDS = "PaymentsSucceeded", "PaymentsFailed", "SecondsToFinalize"
_ENDS = {Step.GRANT: SUCCEEDED, Step.GIVE_BACK: SUCCEEDED, Step.FAIL: FAILED, Step.EXPIRE: FAILED}


def ended(gateway: str, step: Step, seconds: float) -> None:
    """An order got its outcome, so many seconds after it was placed. An order that is held counts as neither."""
    name = _ENDS.get(step)
    if name is None:
        return
    measure(name, 1, gateway=gateway)
    if name == SUCCEEDED:
        measure(SECONDS, round(seconds, 1), MetricUnit.Seconds, gateway=gateway)
