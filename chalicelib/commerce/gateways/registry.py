"""Adapters by name."""

from __future__ import annotations

from chalicelib.commerce.gateways.interface import Gateway
from chalicelib.platform import settings

PAYMENT_GATEWAYS = settings.listing("PAYMENT_GATEWAYS", default="PHONEPE")

_adapters: dict[str, Gateway] = {}


class GatewayNotKnown(LookupError):
    """No adapter has that name."""


def register(adapter: Gateway) -> None:
    """Make an adapter known; the last one of a name counts."""
    _adapters[adapter.name] = adapter


def gateway(name: str) -> Gateway:
    """The adapter of that name, offered now or not: old orders are followed with the gateway they were made with."""
    if name == "PHONEPE" and name not in _adapters:
        from chalicelib.commerce.gateways.phonepe.adapter import PhonePe

        register(PhonePe())
    found = _adapters.get(name)
    if found is None:
        raise GatewayNotKnown(name)
    return found


def offered() -> tuple[str, ...]:
    """Names of the gateways that new orders may use, the preferred one first (PAY-103)."""
    return PAYMENT_GATEWAYS()
