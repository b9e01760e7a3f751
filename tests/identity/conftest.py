"""What the tests of identity share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from infra.local.emulator import Emulator
from tests.support.client import Client, Response

PASSWORD = "correct horse battery staple"

Register = Callable[..., Response]


@pytest.fixture
def register(client: Client) -> Register:
    """Registers ``asha@example.in``, or whoever the keywords say."""

    def call(expect: int | None = 201, source_ip: str = "203.0.113.7", **changes: Any) -> Response:
        body = {"email": "asha@example.in", "password": PASSWORD, "name": "Asha Verma", "acceptedTerms": True}
        return client.post("/v1/auth/register", json={**body, **changes}, expect=expect, source_ip=source_ip)

    return call


@pytest.fixture
def kinds(cloud: Emulator) -> Callable[[], dict[str, int]]:
    """How many items of each kind there are, without what counts attempts."""

    def count() -> dict[str, int]:
        found: dict[str, int] = {}
        for item in cloud.items():
            kind = item["kind"]["S"]
            if kind not in {"RateWindow", "FailedProofs"}:
                found[kind] = found.get(kind, 0) + 1
        return found

    return count
