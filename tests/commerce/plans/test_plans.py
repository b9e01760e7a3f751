"""What everybody sees of plans."""

from __future__ import annotations

import pytest

from chalicelib.platform import clock, store
from infra.local.emulator import Emulator
from tests.commerce.selling import make_plan
from tests.support.client import Client
from tests.support.people import People, Person

HOUR = 3600


@pytest.fixture
def finance(people: People) -> Person:
    return people.admin("ADMIN_FINANCE")


def keys(client: Client, **query: str) -> list[str]:
    return [plan["key"] for plan in client.get("/v1/plans", query=query, expect=200).json["items"]]


def in_an_hour(hours: float) -> str:
    from datetime import timedelta

    return clock.iso(clock.now() + timedelta(hours=hours))


@pytest.mark.rule("PLAN-01")
def test_plans_on_sale_stand_in_their_order(client: Client, finance: Person) -> None:
    make_plan(client, finance, "late", orderIndex=10)
    make_plan(client, finance, "second", orderIndex=2)
    make_plan(client, finance, "first", orderIndex=2)
    make_plan(client, finance, "hidden", isActive=False)
    assert keys(client) == ["first", "second", "late"]


@pytest.mark.rule("PLAN-01")
def test_a_plan_shows_what_a_buyer_needs_and_no_scope(client: Client, finance: Person) -> None:
    make_plan(client, finance, "month", listPricePaise=99_900, features=["All notes"], tier=3, description="One month")
    (plan,) = client.get("/v1/plans", expect=200).json["items"]
    assert plan == {
        "key": "month",
        "name": "Plan month",
        "description": "One month",
        "pricePaise": 49_900,
        "listPricePaise": 99_900,
        "currency": "INR",
        "durationDays": 30,
        "tier": 3,
        "features": ["All notes"],
        "family": "month",
    }


@pytest.mark.rule("PLAN-01")
def test_sale_dates_count_at_the_instant(cloud: Emulator, client: Client, finance: Person) -> None:
    make_plan(client, finance, "soon", saleStartsAt=in_an_hour(1))
    make_plan(client, finance, "ending", saleEndsAt=in_an_hour(1))
    assert keys(client) == ["ending"]
    cloud.advance(HOUR + 1)
    assert keys(client) == ["soon"]


@pytest.mark.rule("PLAN-01")
def test_another_currency_shows_plans_that_have_a_price_in_it(client: Client, finance: Person) -> None:
    make_plan(client, finance, "abroad", prices={"USD": 999}, listPricePaise=60_000)
    make_plan(client, finance, "home")
    (plan,) = client.get("/v1/plans", query={"currency": "USD"}, expect=200).json["items"]
    assert (plan["key"], plan["pricePaise"], plan["currency"], plan["listPricePaise"]) == ("abroad", 999, "USD", None)
    assert client.get("/v1/plans", query={"currency": "usd"}).status == 422
    assert client.get("/v1/plans", query={"curency": "USD"}).status == 422


@pytest.mark.rule("PLAN-01", "PLAN-02", "HTTP-32")
def test_what_everybody_sees_may_be_cached(client: Client, finance: Person) -> None:
    make_plan(client, finance, "month")
    for path in ("/v1/plans", "/v1/plans/month"):
        first = client.get(path, expect=200)
        assert first.headers["cache-control"] == "public, max-age=60"
        tag = first.headers["etag"]
        again = client.get(path, headers={"If-None-Match": f'"other", {tag}'}, expect=304)
        assert (again.body, again.headers["etag"], again.headers["cache-control"]) == (
            b"",
            tag,
            "public, max-age=60",
        )
    client.patch("/v1/admin/plans/month", json={"pricePaise": 100}, token=finance.token, expect=200)
    for path in ("/v1/plans", "/v1/plans/month"):
        assert client.get(path, headers={"If-None-Match": tag}, expect=200).headers["etag"] != tag


@pytest.mark.rule("PLAN-02")
def test_one_plan_tells_what_it_opens(client: Client, finance: Person, people: People) -> None:
    content = people.admin("ADMIN_CONTENT")
    made = [
        client.post("/v1/admin/subjects", json={"key": key, "name": name}, token=content.token, expect=201).json["id"]
        for key, name in (("polity", "Polity"), ("history", "History"))
    ]
    grants = [{"kind": "NOTES", "scope": {"subjectIds": made}}, {"kind": "TESTS"}]
    make_plan(client, finance, "month", grants=grants)
    plan = client.get("/v1/plans/month", expect=200).json
    assert plan["opens"] == [
        {"kind": "NOTES", "whole": False, "subjects": ["Polity", "History"]},
        {"kind": "TESTS", "whole": True, "subjects": []},
    ]
    assert made[0] not in str(plan)


@pytest.mark.rule("PLAN-11")
def test_an_inactive_subject_is_not_sold(client: Client, finance: Person, people: People) -> None:
    content = people.admin("ADMIN_CONTENT")
    body = {"key": "polity", "name": "Polity", "isActive": False}
    subject = client.post("/v1/admin/subjects", json=body, token=content.token, expect=201).json["id"]
    from tests.commerce.selling import plan_body

    grants = [{"kind": "NOTES", "scope": {"subjectIds": [subject]}}]
    answer = client.post("/v1/admin/plans", json=plan_body("month", grants=grants), token=finance.token)
    assert answer.issues == {"body.grants[0].scope.subjectIds[0]": "UNKNOWN_SUBJECT"}


@pytest.mark.rule("PLAN-11")
def test_a_topic_belongs_to_a_listed_subject(client: Client, finance: Person, people: People) -> None:
    from chalicelib.content.taxonomy import Topic
    from chalicelib.platform.ids import new_ulid
    from tests.commerce.selling import plan_body

    content = people.admin("ADMIN_CONTENT")
    one, other = (
        client.post("/v1/admin/subjects", json={"key": key, "name": key}, token=content.token, expect=201).json["id"]
        for key in ("polity", "history")
    )
    topic = new_ulid()
    keys_ = {"gsi1pk": f"TOPIC#{topic}", "gsi1sk": "TOPIC"}
    store.put(Topic(*Topic.place(one, topic), id=topic, subject_id=one, name="Rights", **keys_))
    wrong = [{"kind": "NOTES", "scope": {"subjectIds": [other], "topicIds": [topic]}}]
    answer = client.post("/v1/admin/plans", json=plan_body("month", grants=wrong), token=finance.token)
    assert answer.issues == {"body.grants[0].scope.topicIds[0]": "UNKNOWN_TOPIC"}
    make_plan(client, finance, "both", grants=[{"kind": "NOTES", "scope": {"subjectIds": [one], "topicIds": [topic]}}])
    make_plan(client, finance, "alone", grants=[{"kind": "TESTS", "scope": {"topicIds": [topic]}}])


@pytest.mark.rule("PLAN-02")
@pytest.mark.parametrize("key", ["nothing", "hidden", "NOT-A-KEY"])
def test_unknown_and_inactive_plans_are_not_found(client: Client, finance: Person, key: str) -> None:
    make_plan(client, finance, "hidden", isActive=False)
    answer = client.get(f"/v1/plans/{key}")
    assert (answer.status, answer.code) == (404, "PLAN_NOT_FOUND")
