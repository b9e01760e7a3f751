"""The shop: everything outside is simulated, everything inside is real."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local.emulator import Emulator
from tests.commerce.payments.shop import Shop, Street, forget_tokens, street
from tests.support.client import Client
from tests.support.people import People


@pytest.fixture(scope="session")
def gateway_street(emulator: Emulator) -> Iterator[Street]:
    with street(emulator) as opened:
        yield opened


@pytest.fixture
def shop(
    gateway_street: Street, cloud: Emulator, client: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    """An open shop with one plan, ``basic``; the checkout limit is off."""
    simulator, doorstep = gateway_street.simulator, gateway_street.doorstep
    monkeypatch.setenv("PHONEPE_API_BASE_URL", simulator.url)
    monkeypatch.setenv("PHONEPE_AUTH_BASE_URL", simulator.url)
    monkeypatch.setenv("PHONEPE_CALLBACK_URL", doorstep.url)
    monkeypatch.setenv("RATE_CHECKOUT", "off")
    simulator.reset()
    forget_tokens()
    doorstep.client = client
    doorstep.answers.clear()
    opened = Shop(cloud, client, people, simulator, doorstep)
    opened.open()
    yield opened
    doorstep.client = None
    simulator.reset()
