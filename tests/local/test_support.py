"""The test support itself."""

from __future__ import annotations

from infra.local.emulator import Emulator
from tests.support.client import Client
from tests.support.people import People


def test_health_through_the_client(client: Client) -> None:
    answer = client.get("/v1/health", expect=200)
    assert answer.json["status"] == "ok"


def test_people_have_cards(cloud: Emulator, people: People) -> None:
    person = people.super_admin()
    assert "AccessCard" in {item["kind"]["S"] for item in cloud.items(f"USER#{person.id}")}
