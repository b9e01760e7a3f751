"""The money path with each single AWS and gateway call going wrong in turn (QUAL-20).

The calls are found by recording a clean run, so that a new call is covered without anyone adding it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.commerce.plans import Plan
from chalicelib.platform import store
from tests.commerce.payments.door import Door
from tests.commerce.payments.shop import Shop, assert_unpaid
from tests.commerce.payments.stories import Followed, Purchase, Refunded, Unfollowed, Unpaid
from tests.conftest import WAIT_SCALE
from tests.support import faulty

IN_NO_TIME = 0.0002
BESIDE = ("keep_history", "brake_checkouts", "show_subscription_end", "send_urgent_message", "send_bulk_message")
"""What follows a payment and moves no money has tests of its own; by night it goes wrong here too."""


@pytest.fixture(autouse=True)
def in_no_time(shop: Shop) -> Iterator[None]:
    """Workflows hardly wait: the stories are many."""
    shop.cloud.moto.scale_waits(IN_NO_TIME)
    yield
    shop.cloud.moto.scale_waits(WAIT_SCALE)


@pytest.fixture
def plan(shop: Shop) -> Plan:
    found = store.get(Plan, Plan.place("basic"))
    assert found is not None
    return found


@pytest.fixture
def door(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    opened = Door(shop.simulator.url)
    monkeypatch.setenv("PHONEPE_API_BASE_URL", opened.url)
    monkeypatch.setenv("PHONEPE_AUTH_BASE_URL", opened.url)
    yield opened
    opened.close()


@pytest.mark.rule("QUAL-20", "PAY-45", "PAY-46", "PAY-65")
def test_no_aws_fault_loses_or_doubles_money(shop: Shop, plan: Plan) -> None:
    known: set[tuple[str, ...]] = set()
    for story in (
        Purchase(shop, plan),
        Followed(shop, plan),
        Unfollowed(shop, plan),
        Unpaid(shop, plan),
        Unpaid(shop, plan, refused=True),
        Refunded(shop, plan),
    ):
        calls = faulty.record(shop.cloud, story, lambda name: faulty.NIGHTLY or name not in BESIDE)
        faulty.tell(shop.cloud, story, faulty.sample(calls, known))


@pytest.mark.rule("QUAL-20", "PAY-46", "PAY-47")
def test_no_gateway_fault_loses_or_doubles_money(shop: Shop, plan: Plan, door: Door) -> None:
    """Each call of the gateway's API lost on its way there, or its answer on the way back.

    A process that ends after the gateway answered ends before its next AWS call: the other test has that.
    """
    story = Purchase(shop, plan)
    story.prepare()
    door.open()
    story.play()
    story.settle()
    assert story.wrongs() == []
    calls = list(door.calls)
    assert calls[:2] == ["POST /v1/oauth/token", "POST /checkout/v2/pay"]
    for number, call in enumerate(calls):
        for after in (False, True):
            story.prepare()
            door.shut(number, after=after)
            story.play()
            story.settle()
            assert story.wrongs() == [], f"{call}, {'after' if after else 'before'}"


@pytest.mark.rule("QUAL-20")
def test_an_unpaid_order_stays_unpaid_whatever_breaks(shop: Shop) -> None:
    student = shop.people.student()
    order_id = shop.order_of(student)
    shop.silence()
    shop.simulator.press(order_id, "FAILED")
    shop.cloud.fault("dynamodb", "TransactWriteItems", "AccessDeniedException", times=3)
    shop.later(31 * 60)
    shop.cloud.drain(executions=False)
    shop.cloud.faults.clear()
    shop.later(60)
    shop.cloud.invoke("reconcile_payments")
    shop.cloud.drain()
    assert shop.order(student, order_id).status == "FAILED"
    assert_unpaid(shop, student, order_id)
