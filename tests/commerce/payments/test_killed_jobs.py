"""Jobs that end in the middle, wherever that is: they go on from there, and nothing is done twice (QUAL-24).

As in ``test_faults``: a clean run is recorded, and then each kind of call (by night each call) is the last one that the
process made, or is refused, or is done without an answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from chalicelib.commerce.plans import Plan
from chalicelib.platform import store
from tests.commerce import selling
from tests.commerce.payments.books import Books, of_simulator
from tests.commerce.payments.shop import DAY, Shop
from tests.commerce.payments.stories import clean
from tests.conftest import WAIT_SCALE
from tests.support import faulty
from tests.support.people import Person

MANY = 2


@dataclass
class Job:
    """A job that is started again when it ended badly, as its schedule does."""

    shop: Shop
    plan: Plan
    name: str
    pause: int = 60
    people: list[Person] = field(default_factory=list)

    def prepare(self) -> None:
        clean(self.shop, self.plan)
        self.people = [self.shop.people.student() for _ in range(MANY)]

    def play(self) -> None:
        for _ in range(3):
            if self.shop.cloud.invoke(self.name).error is None:
                break
            self.shop.later(self.pause)

    def settle(self) -> None:
        self.shop.cloud.faults.clear()

    def wrongs(self) -> list[str]:
        return self.books().wrongs()

    def books(self) -> Books:
        return Books.read(self.shop.cloud, of_simulator(self.shop.simulator), told=False)


class Expiry(Job):
    """The night after subscriptions ended."""

    def prepare(self) -> None:
        super().prepare()
        for person in self.people:
            selling.buy(person, "basic")
        self.shop.later(31 * DAY)
        self.shop.cloud.pumps.reset()

    def play(self) -> None:
        super().play()
        self.shop.cloud.drain()

    def wrongs(self) -> list[str]:
        items = self.books().items
        states = [str(one["status"]) for one in items["Subscription"]]
        changes = [one for one in items["SubscriptionChange"] if one["change"] == "EXPIRE"]
        runs = [(one["state"], int(one["changed"])) for one in items["SubscriptionRun"]]
        told = [one for one in items["AuditEntry"] if "subscription.expire" in str(one)]
        found = []
        if states != ["EXPIRED"] * MANY or len(changes) != MANY:
            found.append(f"{states} with {len(changes)} changes")
        if {state for state, _ in runs} != {"DONE"} or sum(changed for _, changed in runs) != MANY:
            found.append(f"the runs say {runs}")
        if len(told) != len(runs):
            found.append(f"{len(runs)} runs stand {len(told)} times in the audit trail")
        return found


class Reconciler(Job):
    """The gateway told nobody that orders were paid, and the stream told nobody that they were placed."""

    def prepare(self) -> None:
        super().prepare()
        self.shop.silence()
        for person in self.people:
            self.shop.pay(self.shop.order_of(person))
        self.shop.cloud.pumps.reset()
        self.shop.later(31 * 60)

    def settle(self) -> None:
        super().settle()
        self.shop.later(60)
        self.shop.reconcile()


class Report(Reconciler):
    """The night after: the day's books are compared, an order at a time."""

    def prepare(self) -> None:
        super().prepare()
        self.shop.reconcile()
        self.shop.later(DAY)

    def settle(self) -> None:
        self.shop.cloud.faults.clear()

    def wrongs(self) -> list[str]:
        books = self.books()
        [report] = [one for one in books.items["ReconciliationReport"] if int(one["totals"]["orders"])]
        there = (int(report["totals"]["orders"]), int(report["totals"]["captured"]))
        found = books.wrongs()
        if there != (MANY, sum(one.amount for one in books.book.values())) or report["difference_count"]:
            found.append(f"the report has {there} and {report['differences']}")
        open_days = [one["day"] for one in books.items["ReconciliationRun"] if not one["done"]]
        return [*found, *(f"{day} was not finished" for day in open_days)]


@pytest.fixture(autouse=True)
def in_no_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Workflows hardly wait; days are compared one order at a time."""
    monkeypatch.setenv("RECONCILIATION_PAGE", "1")
    shop.cloud.moto.scale_waits(0.0002)
    yield
    shop.cloud.moto.scale_waits(WAIT_SCALE)


@pytest.mark.rule("QUAL-24", "SUB-11", "PAY-32", "PAY-36")
@pytest.mark.parametrize(
    ("story", "name"),
    [(Expiry, "expire_subscriptions"), (Reconciler, "reconcile_payments"), (Report, "reconcile_books")],
)
def test_what_is_killed_goes_on_and_does_nothing_twice(shop: Shop, story: type[Job], name: str) -> None:
    plan = store.get(Plan, Plan.place("basic"))
    assert plan is not None
    job = story(shop, plan, name, pause=600 if story is Report else 60)
    own = {name, "carry_subscription_run"}
    calls = faulty.record(shop.cloud, job, lambda function: function in own)
    faulty.tell(shop.cloud, job, faulty.sample(calls))
