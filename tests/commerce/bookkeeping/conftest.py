"""The shop of the payments' tests, with its books."""

from tests.commerce.payments.conftest import gateway_street, shop

__all__ = ["gateway_street", "shop"]
