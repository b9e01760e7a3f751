"""Staff create, change and list plans."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.platform import clock, registry, store
from chalicelib.platform.audit import AuditEntry
from chalicelib.platform.http.endpoint import Endpoint
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.commerce.selling import make_plan, plan_body, plan_item
from tests.support.client import Client
from tests.support.people import People, Person

MATCH_ONE = {"If-Match": '"v1"'}


@pytest.fixture
def finance(people: People) -> Person:
    return people.admin("ADMIN_FINANCE")


def audits(action: str) -> list[AuditEntry]:
    found = store.every(store.Query(AuditEntry, f"AUDIT#{clock.now():%Y-%m}"))
    return [entry for entry in found if entry.action == action]


@pytest.mark.rule("PLAN-03")
def test_a_plan_is_created_with_its_defaults(client: Client, finance: Person) -> None:
    answer = make_plan(client, finance, "prelims-30", isActive=False)
    assert answer.headers["location"] == "/v1/admin/plans/prelims-30"
    assert answer.headers["etag"] == '"v1"'
    plan = answer.json
    assert plan["family"] == "prelims-30"
    assert (plan["tier"], plan["orderIndex"], plan["taxCategory"], plan["priceIncludesTax"]) == (0, 0, "COACHING", True)
    assert (plan["version"], plan["createdBy"], plan["isActive"]) == (1, finance.id, False)
    assert plan["grants"] == [{"kind": "ALL", "scope": {"subjectIds": [], "topicIds": [], "noteIds": []}}]
    (entry,) = audits("plan.create")
    assert (entry.resource_id, entry.actor_user_id) == ("prelims-30", finance.id)


@pytest.mark.rule("PLAN-03")
def test_a_key_is_taken_once(client: Client, finance: Person) -> None:
    make_plan(client, finance, "prelims")
    before = plan_item("prelims").serialize()
    again = client.post("/v1/admin/plans", json=plan_body("prelims", pricePaise=100), token=finance.token)
    assert (again.status, again.code) == (409, "PLAN_KEY_TAKEN")
    assert plan_item("prelims").serialize() == before
    assert len(audits("plan.create")) == 1


@pytest.mark.rule("PLAN-03")
def test_of_ten_who_take_a_key_at_once_one_has_it(client: Client, finance: Person) -> None:
    def create(price: int) -> int:
        body = plan_body("race", pricePaise=price)
        return client.post("/v1/admin/plans", json=body, token=finance.token).status

    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(create, range(100, 110)))
    assert sorted(statuses) == [201] + [409] * 9


@pytest.mark.rule("PLAN-10", "PLAN-11")
@pytest.mark.parametrize(
    ("change", "field", "issue"),
    [
        ({"pricePaise": 99}, "body.pricePaise", "AMOUNT_TOO_SMALL"),
        ({"pricePaise": 100_000_001}, "body.pricePaise", "LESS_THAN_EQUAL"),
        ({"pricePaise": -1}, "body.pricePaise", "GREATER_THAN_EQUAL"),
        ({"pricePaise": "100"}, "body.pricePaise", "INT_TYPE"),
        ({"pricePaise": 100, "listPricePaise": 99}, "body.listPricePaise", "BELOW_PRICE"),
        ({"prices": {"USD": 5}}, "body.prices.USD", "AMOUNT_TOO_SMALL"),
        ({"prices": {"INR": 500}}, "body.prices.INR", "DUPLICATE"),
        ({"currency": "USD"}, "body.currency", "LITERAL_ERROR"),
        ({"durationDays": 3651}, "body.durationDays", "LESS_THAN_EQUAL"),
        ({"tier": 101}, "body.tier", "LESS_THAN_EQUAL"),
        ({"family": "Not A Key"}, "body.family", "STRING_PATTERN_MISMATCH"),
        ({"key": "_bad"}, "body.key", "STRING_PATTERN_MISMATCH"),
        ({"grants": []}, "body.grants", "TOO_SHORT"),
        ({"grants": [{"kind": "ALL"}] * 5}, "body.grants", "TOO_LONG"),
        ({"features": ["x"] * 21}, "body.features", "TOO_LONG"),
        ({"unknown": 1}, "body.unknown", "EXTRA_FORBIDDEN"),
        (
            {"saleStartsAt": "2026-02-01T00:00:00Z", "saleEndsAt": "2026-02-01T00:00:00Z"},
            "body.saleEndsAt",
            "BEFORE_START",
        ),
        (
            {"grants": [{"kind": "ALL", "scope": {"subjectIds": [new_ulid()]}}]},
            "body.grants[0].scope",
            "SCOPE_NOT_ALLOWED",
        ),
        (
            {"grants": [{"kind": "TESTS", "scope": {"noteIds": [new_ulid()]}}]},
            "body.grants[0].scope.noteIds",
            "SCOPE_NOT_ALLOWED",
        ),
        (
            {"grants": [{"kind": "NOTES", "scope": {"subjectIds": [new_ulid() for _ in range(201)]}}]},
            "body.grants[0].scope.subjectIds",
            "TOO_LONG",
        ),
        (
            {"grants": [{"kind": "NOTES", "scope": {"noteIds": [new_ulid() for _ in range(200)]}} for _ in range(4)]},
            "body.grants",
            "TOO_MANY_IDS",
        ),
        (
            {"grants": [{"kind": "NOTES", "scope": {"subjectIds": [new_ulid()]}}]},
            "body.grants[0].scope.subjectIds[0]",
            "UNKNOWN_SUBJECT",
        ),
        (
            {"grants": [{"kind": "NOTES", "scope": {"topicIds": [new_ulid()]}}]},
            "body.grants[0].scope.topicIds[0]",
            "UNKNOWN_TOPIC",
        ),
        (
            {"grants": [{"kind": "NOTES", "scope": {"noteIds": [new_ulid()]}}]},
            "body.grants[0].scope.noteIds[0]",
            "UNKNOWN_NOTE",
        ),
    ],
)
def test_a_plan_that_breaks_a_rule_is_refused(
    cloud: Emulator, client: Client, finance: Person, change: dict[str, Any], field: str, issue: str
) -> None:
    answer = client.post("/v1/admin/plans", json=plan_body("plan", **change), token=finance.token)
    assert (answer.status, answer.code) == (422, "VALIDATION_FAILED")
    assert answer.issues.get(field) == issue, answer.issues
    assert cloud.items("PLAN#plan") == []
    assert audits("plan.create") == []


@pytest.mark.rule("PLAN-10")
def test_free_and_cheapest_plans_exist(client: Client, finance: Person) -> None:
    make_plan(client, finance, "free", pricePaise=0)
    make_plan(client, finance, "cheap", pricePaise=100, listPricePaise=100)


@pytest.mark.rule("PLAN-03", "PLAN-04", "PLAN-05", "PLAN-06")
def test_plans_are_staffs_business(client: Client, people: People, finance: Person) -> None:
    make_plan(client, finance, "prelims")
    for person in (people.student(), people.admin("ADMIN_CONTENT")):
        for method, path in (
            ("POST", "/v1/admin/plans"),
            ("PATCH", "/v1/admin/plans/prelims"),
            ("GET", "/v1/admin/plans"),
            ("GET", "/v1/admin/plans/prelims"),
        ):
            body = {"nonsense": 1} if method != "GET" else None
            answer = client.call(method, path, json=body, token=person.token)
            assert answer.status == 403
            assert "field" not in answer.body.decode()
    assert int(plan_item("prelims").version) == 1


@pytest.mark.rule("PLAN-04")
def test_a_change_tells_before_and_after(client: Client, finance: Person) -> None:
    make_plan(client, finance, "prelims", listPricePaise=60_000, saleEndsAt="2027-01-01T00:00:00+05:30")
    change = {"pricePaise": 39_900, "listPricePaise": None, "isActive": False}
    answer = client.patch("/v1/admin/plans/prelims", json=change, token=finance.token, headers=MATCH_ONE, expect=200)
    assert answer.headers["etag"] == '"v2"'
    assert (answer.json["pricePaise"], answer.json["listPricePaise"], answer.json["version"]) == (39_900, None, 2)
    assert answer.json["saleEndsAt"] == "2026-12-31T18:30:00.000Z"
    (entry,) = audits("plan.update")
    assert entry.meta.as_dict()["changed"] == {
        "pricePaise": [49_900, 39_900],
        "listPricePaise": [60_000, None],
        "isActive": [True, False],
    }


@pytest.mark.rule("PLAN-04")
def test_a_change_that_changes_nothing_is_no_change(client: Client, finance: Person) -> None:
    make_plan(client, finance, "prelims")
    answer = client.patch("/v1/admin/plans/prelims", json={"pricePaise": 49_900}, token=finance.token, expect=200)
    assert answer.json["version"] == 1
    assert audits("plan.update") == []


@pytest.mark.rule("PLAN-04")
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"key": "other"}, "body.key"),
        ({"name": None}, "body.name"),
        ({"pricePaise": 50}, "body.pricePaise"),
        ({"listPricePaise": 100}, "body.listPricePaise"),
        ({"grants": [{"kind": "NOTES", "scope": {"subjectIds": [new_ulid()]}}]}, "body.grants[0].scope.subjectIds[0]"),
    ],
)
def test_a_change_that_breaks_a_rule_is_refused(
    client: Client, finance: Person, change: dict[str, Any], field: str
) -> None:
    make_plan(client, finance, "prelims")
    answer = client.patch("/v1/admin/plans/prelims", json=change, token=finance.token)
    assert answer.status == 422
    assert field in answer.issues
    assert int(plan_item("prelims").version) == 1


@pytest.mark.rule("PLAN-04")
def test_an_old_version_does_not_change(client: Client, finance: Person) -> None:
    make_plan(client, finance, "prelims")
    one = {"name": "One"}
    client.patch("/v1/admin/plans/prelims", json=one, token=finance.token, headers=MATCH_ONE, expect=200)
    two = client.patch("/v1/admin/plans/prelims", json={"name": "Two"}, token=finance.token, headers=MATCH_ONE)
    assert (two.status, two.code, two.json["details"]) == (412, "VERSION_MISMATCH", {"version": 2})
    assert plan_item("prelims").terms.name == "One"


@pytest.mark.rule("PLAN-04")
def test_of_two_changes_at_once_with_one_version_one_counts(client: Client, finance: Person) -> None:
    make_plan(client, finance, "prelims")

    def change(name: str) -> int:
        body = {"name": name}
        return client.patch("/v1/admin/plans/prelims", json=body, token=finance.token, headers=MATCH_ONE).status

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(change, ("One", "Two"))) == [200, 412]
    assert int(plan_item("prelims").version) == 2


@pytest.mark.rule("PLAN-04")
def test_changes_of_different_fields_at_once_both_count(client: Client, finance: Person) -> None:
    make_plan(client, finance, "prelims")

    def change(body: dict[str, Any]) -> int:
        return client.patch("/v1/admin/plans/prelims", json=body, token=finance.token).status

    with ThreadPoolExecutor(4) as pool:
        changes = [{"name": "New"}, {"tier": 7}, {"orderIndex": 3}, {"pricePaise": 100}]
        assert list(pool.map(change, changes)) == [200] * 4
    terms = plan_item("prelims").terms
    assert (terms.name, terms.tier, terms.order_index, terms.price_paise) == ("New", 7, 3, 100)
    assert int(plan_item("prelims").version) == 5


@pytest.mark.rule("PLAN-04", "PLAN-06")
@pytest.mark.parametrize("key", ["nothing", "NOT-A-KEY", "-"])
def test_an_unknown_plan_is_not_found(client: Client, finance: Person, key: str) -> None:
    path = f"/v1/admin/plans/{key}"
    assert client.get(path, token=finance.token).code == "PLAN_NOT_FOUND"
    assert client.patch(path, json={"tier": 1}, token=finance.token).code == "PLAN_NOT_FOUND"


@pytest.mark.rule("PLAN-05")
def test_the_list_shows_all_plans_page_by_page(cloud: Emulator, client: Client, finance: Person) -> None:
    make_plan(client, finance, "b-second", orderIndex=2)
    make_plan(client, finance, "a-first", orderIndex=2)
    make_plan(client, finance, "z-hidden", isActive=False)
    active = client.get("/v1/admin/plans", query={"active": "true"}, token=finance.token, expect=200).json
    assert [plan["key"] for plan in active["items"]] == ["a-first", "b-second"]
    assert active["items"][0]["createdBy"] == finance.id
    hidden = client.get("/v1/admin/plans", query={"active": "false"}, token=finance.token, expect=200).json
    assert [plan["key"] for plan in hidden["items"]] == ["z-hidden"]
    keys, cursor = [], None
    while True:
        query = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        page = client.get("/v1/admin/plans", query=query, token=finance.token, expect=200).json
        keys += [plan["key"] for plan in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert sorted(keys) == ["a-first", "b-second", "z-hidden"]


@pytest.mark.rule("PLAN-12")
def test_plans_are_never_deleted(client: Client) -> None:
    endpoints = [one for one in registry.load_all().values() if isinstance(one, Endpoint)]
    plans = {one.method for one in endpoints if "/plans" in one.path}
    assert plans == {"GET", "POST", "PATCH"}
