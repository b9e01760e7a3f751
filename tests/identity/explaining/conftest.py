"""What explanations are about: notes that are there, orders that were paid, and staff who may ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.commerce.payments.items import OrderLocator, PaymentOrder
from chalicelib.platform import clock, store
from infra.local.emulator import Emulator
from tests.content.desk import Desk
from tests.support.client import Client, Response
from tests.support.people import People, Person

ORDER = "TXN01JH8Z6V3N4Q5R6S7T8V9WXYZ0"

Explain = Callable[..., Response]


@pytest.fixture
def desk(cloud: Emulator, client: Client, people: People, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The desk of a content editor."""
    monkeypatch.setenv("UPLOAD_ENDPOINT_URL", "http://127.0.0.1:5000")
    return Desk(cloud, client, people)


@pytest.fixture
def auditor(people: People) -> Person:
    """Somebody of security, who reads access."""
    return people.admin("ADMIN_SECURITY")


@pytest.fixture
def explain(client: Client, auditor: Person) -> Explain:
    """Asks, as the auditor, why a person may or may not; ``thing``: type and id."""

    def call(
        person: Person, action: str, thing: tuple[str, str] | None = None, expect: int = 200, **more: Any
    ) -> Response:
        about = {"resourceType": thing[0], "resourceId": thing[1]} if thing else {}
        body = {"userId": person.id, "action": action, **about, **more}
        return client.post("/v1/admin/access/explain", json=body, token=auditor.token, expect=expect)

    return call


@pytest.fixture
def paid() -> Callable[[Person, float], str]:
    """The id of an order of somebody, paid so many hours ago."""

    def put(owner: Person, hours: float) -> str:
        at = clock.now() - timedelta(hours=hours)
        order = PaymentOrder(
            *PaymentOrder.place(owner.id, ORDER),
            merchant_transaction_id=ORDER,
            user_id=owner.id,
            title="A year of notes",
            gateway="FREE",
            merchant_user_id="M",
            subtotal_paise=1,
            amount_paise=1,
            currency="INR",
            status="SUCCESS",
            return_url="",
            receipt="",
            checkout_key="k",
            terms="t",
            created_at=at,
            updated_at=at,
            paid_at=at,
        )
        store.put(order)
        store.put(OrderLocator(*OrderLocator.place(ORDER), merchant_transaction_id=ORDER, user_id=owner.id))
        return ORDER

    return put
