"""The seller of plans: prices, snapshots, refusals; and the count of what was sold."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.commerce import sellers
from chalicelib.commerce.plans import CurrencyUnsupported, PlanLimitReached, PlanNotForSale, PlanNotFound
from chalicelib.commerce.plans.items import PlanPurchase
from chalicelib.commerce.subscriptions import AccessCardFull, AlreadySubscribed, SubscriptionTooLong
from chalicelib.platform import clock, store
from chalicelib.platform.errors import ApiError
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.store import meter
from functions.commerce.plans_events import count_plan_sale
from infra.local.emulator import Emulator
from tests.commerce.selling import buy, capture, card_of, make_plan, offer, sold
from tests.support.client import Client
from tests.support.people import People, Person

DAY = 86_400


@pytest.fixture
def student(people: People) -> Person:
    return people.student()


@pytest.fixture
def finance(people: People) -> Person:
    return people.admin("ADMIN_FINANCE")


def refused(person: Person, key: str, why: type[ApiError], currency: str = "INR") -> None:
    with pytest.raises(ApiError) as error:
        offer(person, key, currency=currency)
    assert type(error.value) is why
    assert why in sellers.refusals()


@pytest.mark.rule("PLAN-13")
def test_an_offer_is_the_plan_as_it_is_now(client: Client, student: Person, finance: Person) -> None:
    make_plan(client, finance, "month", tier=3, family="main", prices={"USD": 700}, priceIncludesTax=False)
    line = offer(student, "month")
    assert (line.kind, line.ref, line.title) == ("PLAN", "month", "Plan month")
    assert (line.unit_price_paise, line.currency) == (49_900, "INR")
    assert (line.tax_category, line.price_includes_tax) == ("COACHING", False)
    assert line.snapshot == {
        "key": "month",
        "name": "Plan month",
        "family": "main",
        "tier": 3,
        "durationDays": 30,
        "grants": [{"kind": "ALL", "scope": {"subjectIds": [], "topicIds": [], "noteIds": []}}],
        "pricePaise": 49_900,
        "currency": "INR",
    }
    assert offer(student, "month", currency="USD").unit_price_paise == 700


@pytest.mark.rule("PLAN-13", "PLAN-12")
def test_a_placed_order_keeps_what_was_sold(client: Client, student: Person, finance: Person) -> None:
    make_plan(client, finance, "month", grants=[{"kind": "NOTES"}])
    line = sold(student, "month")
    change = {"durationDays": 1, "grants": [{"kind": "TESTS"}], "tier": 9, "family": "x1", "isActive": False}
    client.patch("/v1/admin/plans/month", json=change, token=finance.token, expect=200)
    (effect,) = capture(student, [line])
    assert effect.ends_at - effect.starts_at == timedelta(days=30)
    (entry,) = card_of(student).entitlements.as_dict().values()
    assert entry["kind"] == "NOTES"
    assert list(card_of(student).subscriptions.as_dict()) == ["month"]


@pytest.mark.rule("PLAN-12")
def test_deactivating_ends_sales_and_nothing_else(client: Client, student: Person, finance: Person) -> None:
    make_plan(client, finance, "month")
    effect = buy(student, "month")
    before = card_of(student).serialize()
    client.patch("/v1/admin/plans/month", json={"isActive": False}, token=finance.token, expect=200)
    refused(student, "month", PlanNotForSale)
    assert card_of(student).serialize() == before
    assert effect.effect == "NEW"


@pytest.mark.rule("PLAN-12", "PLAN-02")
def test_what_is_not_sold_is_refused(client: Client, student: Person, finance: Person) -> None:
    make_plan(client, finance, "soon", saleStartsAt=clock.iso(clock.now() + timedelta(hours=1)))
    make_plan(client, finance, "over", saleEndsAt=clock.iso(clock.now()))
    refused(student, "soon", PlanNotForSale)
    refused(student, "over", PlanNotForSale)
    refused(student, "nothing", PlanNotFound)
    refused(student, "NOT A KEY", PlanNotFound)
    make_plan(client, finance, "month")
    refused(student, "month", CurrencyUnsupported, "USD")


@pytest.mark.rule("PLAN-14")
def test_a_plan_is_sold_as_often_as_it_says(client: Client, student: Person, finance: Person, people: People) -> None:
    make_plan(client, finance, "trial", pricePaise=0, maxPerUser=2)
    buy(student, "trial")
    buy(student, "trial")
    refused(student, "trial", PlanLimitReached)
    assert offer(people.student(), "trial").unit_price_paise == 0


@pytest.mark.rule("SUB-26")
def test_buying_again_may_be_blocked_until_the_end_is_near(
    client: Client, student: Person, finance: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_plan(client, finance, "month", tier=1)
    make_plan(client, finance, "better", tier=2, family="month")
    effect = buy(student, "month")
    assert offer(student, "month").unit_price_paise == 49_900
    monkeypatch.setenv("SUBSCRIPTION_REPURCHASE", "block")
    refused(student, "month", AlreadySubscribed)
    assert offer(student, "better").ref == "better"
    assert offer(student, "month", at=effect.ends_at - timedelta(days=7)).ref == "month"
    with pytest.raises(AlreadySubscribed):
        offer(student, "month", at=effect.ends_at - timedelta(days=7, seconds=1))


@pytest.mark.rule("SUB-26")
def test_a_capture_that_comes_all_the_same_stacks(
    client: Client, student: Person, finance: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_plan(client, finance, "month")
    first, second = sold(student, "month"), sold(student, "month")
    monkeypatch.setenv("SUBSCRIPTION_REPURCHASE", "block")
    assert [capture(student, [line])[0].effect for line in (first, second)] == ["NEW", "EXTEND"]


@pytest.mark.rule("SUB-27")
def test_nobody_pays_years_ahead(client: Client, student: Person, finance: Person) -> None:
    make_plan(client, finance, "year", durationDays=365)
    make_plan(client, finance, "decade", durationDays=3650)
    for _ in range(3):
        buy(student, "year")
    refused(student, "year", SubscriptionTooLong)
    buy(student, "decade")
    refused(student, "decade", SubscriptionTooLong)


@pytest.mark.rule("ENT-19")
def test_a_full_card_is_refused_at_checkout(client: Client, people: People, finance: Person) -> None:
    now = clock.epoch()
    empty = {"subjectIds": [], "topicIds": [], "noteIds": [], "testIds": []}
    entries = {new_ulid(): {"kind": "ALL", **empty, "startsAt": now, "endsAt": now + DAY + n} for n in range(30)}
    make_plan(client, finance, "month")
    refused(people.student(entitlements=entries), "month", AccessCardFull)


@pytest.mark.rule("PLAN-06", "SUB-13")
def test_orders_paid_in_thirty_days_are_counted_once_each(
    cloud: Emulator, client: Client, people: People, finance: Person
) -> None:
    make_plan(client, finance, "month", family="main")
    make_plan(client, finance, "year", family="main", durationDays=365)
    student = people.student()
    for key in ("month", "year", "month"):
        buy(student, key)
    buy(people.student(), "month", at=clock.now() - timedelta(days=31))
    buy(people.student(), "month", at=clock.now() - timedelta(days=29))
    cloud.drain()

    def paid(key: str) -> int:
        plan = client.get(f"/v1/admin/plans/{key}", token=finance.token, expect=200)
        assert plan.headers["etag"] == '"v1"'
        return int(plan.json["ordersPaid30Days"])

    assert (paid("month"), paid("year")) == (3, 1)


@pytest.mark.rule("PLAN-06", "SUB-13")
def test_an_event_that_comes_twice_counts_once(
    cloud: Emulator, client: Client, student: Person, finance: Person
) -> None:
    from chalicelib.commerce.subscriptions import SubscriptionActivated

    make_plan(client, finance, "month")
    now, order = clock.now(), f"TXN{new_ulid()}"
    event = SubscriptionActivated(
        user_id=student.id,
        sub_id=new_ulid(),
        change_id=new_ulid(),
        plan_key="month",
        starts_at=now,
        ends_at=now,
        effect="NEW",
        at=now,
        order_id=order,
    )
    for one in (event, event, event.model_copy(update={"order_id": None})):
        count_plan_sale.work(one)
    plan = client.get("/v1/admin/plans/month", token=finance.token, expect=200).json
    assert plan["ordersPaid30Days"] == 1
    assert store.get(PlanPurchase, PlanPurchase.place("month", order)) is not None


def test_a_grant_is_one_transaction_and_reads_nothing(client: Client, student: Person, finance: Person) -> None:
    make_plan(client, finance, "month", grants=[{"kind": "NOTES"}, {"kind": "TESTS"}])
    line, card = sold(student, "month"), card_of(student)
    tx = store.Transaction()
    measured = meter.start()
    sellers.seller("PLAN").grant(tx, card, [line], f"TXN{new_ulid()}", clock.now())
    assert measured.round_trips == 0
    assert len(tx) == 7
    tx.commit()
    assert measured.round_trips == 1
