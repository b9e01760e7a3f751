"""Where and to whom an order is billed (TAXN-11): the place of supply, the buyer's GSTIN, what is remembered."""

from __future__ import annotations

from chalicelib.commerce.payments.countries import COUNTRIES, HOME, is_state, state_code
from chalicelib.commerce.payments.errors import BillingStateRequired, GstinInvalid
from chalicelib.commerce.payments.gstin import gstin_state
from chalicelib.commerce.payments.items import BillingPlace, PaymentOrder
from chalicelib.commerce.payments.schemas import Billing
from chalicelib.commerce.payments.tax import Place
from chalicelib.platform import clock, store
from chalicelib.platform.errors import invalid
from chalicelib.platform.store import Transaction


def place_of(billing: Billing | None, usual: BillingPlace | None) -> Place:
    """The place of supply of a checkout: what it names, else that of the buyer's last paid order (``usual``).

    A GSTIN names its state. Raises 422 ``BILLING_STATE_REQUIRED`` in India when neither tells a state, 422
    ``GSTIN_INVALID``, and 422 ``VALIDATION_FAILED`` for a country or a state that does not exist (``UK``: it is GB).
    """
    if billing is None or not {"country", "state", "gstin"} & billing.model_fields_set:
        if usual is not None:
            return Place(str(usual.country), usual.state)
        raise BillingStateRequired
    country = billing.country
    if country not in COUNTRIES:
        raise invalid("body.billing.country", "UNKNOWN_COUNTRY", "must be a country of ISO 3166-1 (Britain is GB)")
    if country != HOME:
        if billing.gstin is not None:
            raise GstinInvalid({"field": "body.billing.gstin", "reason": "COUNTRY"})
        return Place(country)
    state = state_code(billing.state) if billing.state is not None else None
    if state is not None and not is_state(state):
        raise invalid("body.billing.state", "UNKNOWN_STATE", "must be an Indian state: KA, IN-KA or its GST code 29")
    if billing.gstin is not None:
        state = gstin_state(billing.gstin, state)
    if state is None and usual is not None and usual.country == HOME:
        state = usual.state
    if state is None:
        raise BillingStateRequired
    return Place(HOME, state)


def forget(user_id: str) -> None:
    """Remove the usual place of somebody whose account was erased; what they bought keeps its own (PAY-113)."""
    store.delete(BillingPlace, BillingPlace.place(user_id))


def remember(tx: Transaction, order: PaymentOrder) -> None:
    """Add that this paid order's place is the buyer's usual one from now on. A free order tells nothing."""
    facts = order.tax_facts()
    country, state = facts.get("country"), facts.get("state")
    if not int(order.amount_paise) or not country or (country == HOME and not state):
        return
    key = BillingPlace.place(str(order.user_id))
    usual = BillingPlace(*key, country=str(country), state=str(state) if state else None, updated_at=clock.now())
    tx.put(usual, name="billing-place")
