"""What changes of subscriptions and entitlements tell others (SUB-13)."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.commerce.sellers import SoldLine
from chalicelib.commerce.subscriptions import (
    EntitlementGranted,
    SubscriptionActivated,
    SubscriptionCancelled,
    SubscriptionExtended,
)
from chalicelib.commerce.subscriptions.items import entitlements_of, subscriptions_of
from chalicelib.platform import store
from chalicelib.platform.events.changes import events_of
from chalicelib.platform.events.domain import DomainEvent
from infra.local.emulator import Emulator
from tests.commerce.selling import capture
from tests.support.people import People, Person


def line(key: str, tier: int = 1) -> SoldLine:
    snapshot = {"key": key, "name": key, "family": "f1", "tier": tier, "durationDays": 30, "grants": [{"kind": "ALL"}]}
    return SoldLine("PLAN", key, snapshot)


def told(cloud: Emulator, person: Person, before: list[dict[str, Any]]) -> list[DomainEvent]:
    """The events that the stream's records of what changed since ``before`` mean."""
    old = {(one["pk"]["S"], one["sk"]["S"]): one for one in before}
    events: list[DomainEvent] = []
    for new in cloud.items(f"USER#{person.id}"):
        was = old.get((new["pk"]["S"], new["sk"]["S"]))
        if was != new:
            data = {"NewImage": new, "SequenceNumber": "1", **({"OldImage": was} if was else {})}
            events += events_of({"dynamodb": data})
    return events


@pytest.fixture
def student(people: People) -> Person:
    return people.student()


@pytest.mark.rule("SUB-13")
def test_a_first_purchase_is_an_activation(cloud: Emulator, student: Person) -> None:
    before = cloud.items(f"USER#{student.id}")
    (effect,) = capture(student, [line("month")], order_id="TXN01J00000000000000000000001")
    granted, activated = told(cloud, student, before)
    assert isinstance(granted, EntitlementGranted)
    assert isinstance(activated, SubscriptionActivated)
    assert (granted.entitlement_id, granted.kind, granted.ends_at) == (effect.entitlement_ids[0], "ALL", effect.ends_at)
    assert (activated.user_id, activated.sub_id, activated.plan_key) == (student.id, effect.subscription_id, "month")
    assert (activated.effect, activated.ends_at) == ("NEW", effect.ends_at)
    assert activated.order_id == "TXN01J00000000000000000000001"
    assert activated.key == f"{effect.subscription_id}#{activated.change_id}"


@pytest.mark.rule("SUB-13")
def test_more_of_it_is_an_extension(cloud: Emulator, student: Person) -> None:
    capture(student, [line("month")])
    before = cloud.items(f"USER#{student.id}")
    (effect,) = capture(student, [line("year")])
    (extended,) = told(cloud, student, before)
    assert isinstance(extended, SubscriptionExtended)
    assert (extended.plan_key, extended.effect, extended.ends_at) == ("year", "EXTEND", effect.ends_at)


@pytest.mark.rule("SUB-13", "SUB-24")
def test_an_upgrade_cancels_and_activates(cloud: Emulator, student: Person) -> None:
    (first,) = capture(student, [line("month")])
    before = cloud.items(f"USER#{student.id}")
    (effect,) = capture(student, [line("better", tier=2)])
    events = told(cloud, student, before)
    (cancelled,) = [one for one in events if isinstance(one, SubscriptionCancelled)]
    assert (cancelled.sub_id, cancelled.reason) == (first.subscription_id, "UPGRADED")
    (activated,) = [one for one in events if isinstance(one, SubscriptionActivated)]
    assert (activated.sub_id, activated.effect) == (effect.subscription_id, "UPGRADE")
    assert len([one for one in events if isinstance(one, EntitlementGranted)]) == 1
    assert len(store.every(subscriptions_of(student.id))) == len(store.every(entitlements_of(student.id))) == 2
