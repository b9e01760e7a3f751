"""Payment gateways behind one interface (PAY-100)."""

from chalicelib.commerce.gateways.breaker import BreakerOpen, check_health, health_key, note_failure, note_success
from chalicelib.commerce.gateways.interface import (
    Flow,
    Gateway,
    GatewayOrder,
    GatewayRefund,
    GatewayTrouble,
    Initiated,
    KnownAlready,
    NoAnswer,
    NotSent,
    OrderStatus,
    RefundStatus,
    Refused,
    SeenPayment,
    State,
    WebhookEvent,
)
from chalicelib.commerce.gateways.registry import GatewayNotKnown, gateway, offered, register

__all__ = [
    "BreakerOpen",
    "Flow",
    "Gateway",
    "GatewayNotKnown",
    "GatewayOrder",
    "GatewayRefund",
    "GatewayTrouble",
    "Initiated",
    "KnownAlready",
    "NoAnswer",
    "NotSent",
    "OrderStatus",
    "RefundStatus",
    "Refused",
    "SeenPayment",
    "State",
    "WebhookEvent",
    "check_health",
    "gateway",
    "health_key",
    "note_failure",
    "note_success",
    "offered",
    "register",
]
