"""PhonePe as one gateway: an order goes on with the contract and the account that it was created with (PAY-97)."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from chalicelib.commerce.gateways.interface import (
    Flow,
    GatewayOrder,
    GatewayRefund,
    GatewayTrouble,
    Initiated,
    OrderStatus,
    RefundStatus,
    WebhookEvent,
)
from chalicelib.commerce.gateways.phonepe import configuration, contract_v1, contract_v2, tokens, webhooks
from chalicelib.platform.errors import ApiError
from chalicelib.platform.logs import event

_CONTRACTS: dict[str, ModuleType] = {configuration.V1: contract_v1, configuration.V2: contract_v2}


class PhonePe:
    """PAY-90 … PAY-97 behind the interface of PAY-100."""

    name = configuration.NAME
    flow = Flow.REDIRECT
    currencies: tuple[str, ...] = (contract_v2.CURRENCY,)

    def contract(self) -> str:
        """V2 unless configured otherwise."""
        return configuration.PHONEPE_CONTRACT()

    def account(self) -> str:
        """The merchant id; names the keys of an order for as long as it is followed."""
        return configuration.account().merchant_id

    def supports(self, currency: str) -> bool:
        """Rupees alone."""
        return currency in self.currencies

    def prepare(self, contract: str, account: str) -> None:
        """Have V2's token at hand."""
        try:
            if contract == configuration.V2:
                tokens.authorization(configuration.account(account or None))
        except (GatewayTrouble, ApiError) as trouble:
            # The call itself will meet the same trouble, and say so to who can act on it.
            event("gateway token is not at hand", trouble=type(trouble).__name__)

    def initiate(self, order: GatewayOrder) -> Initiated:
        """Asks for a hosted page."""
        started: Initiated = _CONTRACTS[order.contract].initiate(order)
        return started

    def status(self, order: GatewayOrder) -> OrderStatus:
        """Asks the status API."""
        found: OrderStatus = _CONTRACTS[order.contract].status(order)
        return found

    def refund(self, refund: GatewayRefund) -> RefundStatus:
        """Asks for money back to the payer."""
        begun: RefundStatus = _CONTRACTS[refund.contract].refund(refund)
        return begun

    def refund_status(self, refund: GatewayRefund) -> RefundStatus:
        """Asks how the refund stands."""
        found: RefundStatus = _CONTRACTS[refund.contract].refund_status(refund)
        return found

    def verify(self, headers: Mapping[str, str], raw_body: bytes) -> bool:
        """Both forms of webhook."""
        return webhooks.verify(headers, raw_body)

    def parse(self, raw_body: bytes, headers: Mapping[str, str]) -> WebhookEvent:
        """Both forms of webhook."""
        return webhooks.parse(raw_body, headers)
