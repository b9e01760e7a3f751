"""Which gateways somebody may pay with now (PAY-23)."""

from __future__ import annotations

from typing import cast

from chalicelib.commerce import gateways
from chalicelib.commerce.payments.quote_schemas import GatewaysResponse, GatewayView, PayFlow


def offered(currency: str | None) -> GatewaysResponse:
    """Names, flows and currencies; no read. With a currency: those that take it."""
    adapters = [gateways.gateway(name) for name in gateways.offered()]
    return GatewaysResponse(
        items=[
            GatewayView(name=one.name, flow=cast(PayFlow, str(one.flow)), currencies=list(one.currencies))
            for one in adapters
            if currency is None or one.supports(currency)
        ]
    )
