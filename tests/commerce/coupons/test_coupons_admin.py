"""Staff create, change, list and look at coupons."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.commerce.coupons import Coupon, CouponRedemption
from chalicelib.platform import clock, store
from chalicelib.platform.audit import AuditEntry
from infra.local.emulator import Emulator
from tests.commerce.selling import make_plan
from tests.support.client import Client, Response
from tests.support.people import People, Person
from tests.support.races import at_once, just_before

BODY = {
    "code": "WELCOME10",
    "type": "PERCENT",
    "value": 10,
    "startAt": "2026-01-01T00:00:00.000Z",
    "endAt": "2027-01-01T00:00:00.000Z",
}


@pytest.fixture
def finance(people: People) -> Person:
    return people.admin("ADMIN_FINANCE")


def make(client: Client, by: Person, **more: Any) -> Response:
    return client.post("/v1/admin/coupons", json={**BODY, **more}, token=by.token)


def patch(client: Client, by: Person, code: str = "WELCOME10", version: int | None = None, **change: Any) -> Response:
    headers = {"If-Match": f'"v{version}"'} if version else {}
    return client.patch(f"/v1/admin/coupons/{code}", json=change, token=by.token, headers=headers)


def audits(action: str) -> list[AuditEntry]:
    found = store.every(store.Query(AuditEntry, f"AUDIT#{clock.now():%Y-%m}"))
    return [entry for entry in found if entry.action == action]


def stored(code: str = "WELCOME10") -> Coupon:
    found = store.get(Coupon, Coupon.place(code))
    assert found is not None
    return found


@pytest.mark.rule("CPN-01", "PAY-111")
def test_a_coupon_is_created_with_its_defaults_in_upper_case(client: Client, finance: Person) -> None:
    answer = make(client, finance, code=" welcome10 ")
    assert (answer.status, answer.headers["location"], answer.headers["etag"]) == (
        201,
        "/v1/admin/coupons/WELCOME10",
        '"v1"',
    )
    shown = dict(answer.json)
    assert (shown.pop("createdAt"), shown.pop("createdBy")) == (shown.pop("updatedAt"), shown.pop("updatedBy"))
    nothing = ("maxDiscountPaise", "minOrderPaise", "usageLimitTotal", "planKeys", "courseIds", "description", "batch")
    assert shown == {
        **BODY,
        **dict.fromkeys(nothing),
        "usageLimitPerUser": 1,
        "firstPurchaseOnly": False,
        "isActive": True,
        "usedCount": 0,
        "redeemedCount": 0,
        "discountGivenPaise": 0,
        "version": 1,
    }
    [entry] = audits("coupon.create")
    assert (entry.resource_id, entry.actor_user_id) == ("WELCOME10", finance.id)


@pytest.mark.rule("CPN-01")
def test_of_ten_who_take_a_code_at_once_one_has_it(client: Client, finance: Person) -> None:
    answers = at_once([lambda value=value: make(client, finance, value=value) for value in range(1, 11)])
    assert sorted(one.status for one in answers) == [201] + [409] * 9
    assert {one.code for one in answers if one.status == 409} == {"COUPON_CODE_TAKEN"}
    assert len(audits("coupon.create")) == 1


@pytest.mark.rule("CPN-01", "CPN-10", "CPN-16")
@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"code": "AB"}, "body.code"),
        ({"code": "TEN OFF"}, "body.code"),
        ({"code": "A" * 33}, "body.code"),
        ({"value": 0}, "body.value"),
        ({"value": 101}, "body.value"),
        ({"type": "FLAT", "value": 100_000_001}, "body.value"),
        ({"type": "OTHER"}, "body.type"),
        ({"endAt": BODY["startAt"]}, "body.endAt"),
        ({"usageLimitTotal": 0}, "body.usageLimitTotal"),
        ({"value": 100, "usageLimitPerUser": None}, "body.usageLimitPerUser"),
        ({"planKeys": []}, "body.planKeys"),
        ({"planKeys": ["here", "not-here"]}, "body.planKeys[1]"),
        ({"description": "x" * 256}, "body.description"),
        ({"usedCount": 5}, "body.usedCount"),
    ],
)
def test_what_breaks_a_rule_is_refused(client: Client, finance: Person, more: dict[str, Any], field: str) -> None:
    make_plan(client, finance, "here")
    answer = make(client, finance, **more)
    assert (answer.status, [one["field"] for one in answer.json["details"]]) == (422, [field])
    assert audits("coupon.create") == []


@pytest.mark.rule("CPN-02", "PAY-111")
def test_a_change_names_what_changes_and_keeps_the_counters(client: Client, finance: Person) -> None:
    make(client, finance, usageLimitTotal=5, description="For all")

    def used() -> None:
        used_count = Coupon.row["usedCount"]
        store.update(Coupon, Coupon.place("WELCOME10"), [used_count.set(used_count + 3)])

    with just_before("TransactWriteItems", used):
        answer = patch(client, finance, version=1, usageLimitTotal=2, usageLimitPerUser=None, description=None)
    shown = answer.json
    assert (answer.status, answer.headers["etag"]) == (200, '"v2"')
    assert (shown["usageLimitTotal"], shown["usageLimitPerUser"], shown["description"]) == (2, None, None)
    assert stored().facts["usedCount"] == 3, "a use at the same moment is not lost"
    [entry] = audits("coupon.update")
    assert sorted(entry.meta.as_dict()["changed"]) == ["description", "usageLimitPerUser", "usageLimitTotal"]
    refused = patch(client, finance, version=1, value=20)
    assert (refused.status, refused.code) == (412, "VERSION_MISMATCH")
    assert patch(client, finance, code="NEVER", value=20).code == "COUPON_NOT_FOUND"
    assert patch(client, finance, value=101).status == 422
    assert patch(client, finance, isActive=None).status == 422
    assert patch(client, finance, code="WELCOME10", value=10).json["version"] == 2
    assert (stored().terms.value, len(audits("coupon.update"))) == (10, 1)


@pytest.mark.rule("CPN-02")
def test_changes_at_the_same_moment_all_count(client: Client, finance: Person) -> None:
    make(client, finance)
    changes: list[dict[str, Any]] = [{"value": 20}, {"description": "x"}, {"firstPurchaseOnly": True}]
    answers = at_once([lambda change=change: patch(client, finance, **change) for change in changes])
    assert {one.status for one in answers} <= {200, 409}
    done = {name for change, one in zip(changes, answers, strict=True) if one.status == 200 for name in change}
    assert int(stored().version) == 1 + len(done)
    kept = stored().facts
    for name, value in (one for change in changes for one in change.items()):
        assert (kept.get(name) == value) is (name in done)


@pytest.mark.rule("CPN-03")
def test_coupons_are_listed_newest_first(cloud: Emulator, client: Client, finance: Person) -> None:
    for number in range(3):
        make(client, finance, code=f"CODE{number}", isActive=number != 1)
        cloud.advance(1)

    def codes(**query: str) -> tuple[list[str], str | None]:
        page = client.get("/v1/admin/coupons", query=query, token=finance.token, expect=200).json
        return [one["code"] for one in page["items"]], page["nextCursor"]

    assert codes()[0] == ["CODE2", "CODE1", "CODE0"]
    assert codes(active="true")[0] == ["CODE2", "CODE0"]
    assert codes(active="false")[0] == ["CODE1"]
    first, cursor = codes(limit="2")
    assert first == ["CODE2", "CODE1"]
    assert codes(limit="2", cursor=str(cursor))[0] == ["CODE0"]


@pytest.mark.rule("CPN-04")
def test_a_coupon_is_shown_with_its_orders(cloud: Emulator, client: Client, finance: Person) -> None:
    make(client, finance)
    ids = [f"TXN01KEXAMPLE00000000000000{number}0" for number in range(3)]
    for order_id, state in zip(ids, ("REDEEMED", "RELEASED", "RESERVED"), strict=True):
        one = CouponRedemption(
            *CouponRedemption.place("WELCOME10", order_id),
            code="WELCOME10",
            merchant_transaction_id=order_id,
            user_id=finance.id,
            discount_paise=4_990,
            state=state,
            created_at=clock.now(),
        )
        store.put(one)

    def look(**query: str) -> Any:
        return client.get("/v1/admin/coupons/WELCOME10", query=query, token=finance.token, expect=200).json

    assert [one["merchantTransactionId"] for one in look()["redemptions"]] == ids[::-1]
    [redeemed] = look(state="REDEEMED")["redemptions"]
    assert (redeemed["userId"], redeemed["discountPaise"], redeemed["overLimit"]) == (finance.id, 4_990, False)
    first = look(limit="2")
    assert [one["merchantTransactionId"] for one in look(cursor=first["nextCursor"])["redemptions"]] == ids[:1]
    assert first["code"] == "WELCOME10"
    assert client.get("/v1/admin/coupons/NEVER", token=finance.token).code == "COUPON_NOT_FOUND"


@pytest.mark.rule("CPN-20", "PAY-111")
def test_many_codes_of_one_use_each(cloud: Emulator, client: Client, finance: Person) -> None:
    """A run that broke off is finished by its repetition, with the same codes."""
    make(client, finance)
    terms = {name: value for name, value in BODY.items() if name != "code"}
    body = {**terms, "prefix": "DIWALI-", "count": 120}
    headers = {"Idempotency-Key": "codes-for-diwali-01"}

    def ask() -> Response:
        return client.post("/v1/admin/coupons/batches", json=body, token=finance.token, headers=headers)

    answer = ask()
    codes, batch = answer.json["codes"], answer.json["batch"]
    assert (answer.status, len(set(codes))) == (201, 120)
    for code in (codes[0], codes[-1]):
        assert code.startswith("DIWALI-")
        assert len(code) == len("DIWALI-") + 8
        facts = stored(code).facts
        assert (facts["usageLimitTotal"], facts["usageLimitPerUser"], facts["batch"]) == (1, 1, batch)
    for code in codes[100:]:
        store.delete(Coupon, Coupon.place(code))
    for item in cloud.items():
        if item["kind"]["S"] == "IdempotencyEntry":
            store.delete(store.Item, store.Key(item["pk"]["S"], item["sk"]["S"]))
    again = ask()
    assert (again.status, again.json) == (201, answer.json)
    assert stored(codes[119]).facts["batch"] == batch
    listed = client.get("/v1/admin/coupons", query={"batch": batch, "limit": "5"}, token=finance.token).json
    assert len(listed["items"]) == 5
    assert len([one for one in audits("coupon.create") if one.resource_id == batch]) == 1
    for wrong in ({"count": 1_001}, {"count": 0}, {"prefix": "no spaces"}, {"usageLimitTotal": 2}):
        refused = client.post(
            "/v1/admin/coupons/batches",
            json={**body, **wrong},
            token=finance.token,
            headers={"Idempotency-Key": "codes-for-nobody-01"},
        )
        assert refused.status == 422
    unnamed = client.post("/v1/admin/coupons/batches", json=body, token=finance.token)
    assert (unnamed.status, unnamed.code) == (400, "IDEMPOTENCY_KEY_REQUIRED")


@pytest.mark.rule("CPN-01", "CPN-02")
def test_only_who_manages_payments_makes_coupons(client: Client, people: People, finance: Person) -> None:
    make(client, finance)
    support = people.admin("ADMIN_SUPPORT")
    assert make(client, support, code="MINE").code == "FORBIDDEN"
    assert patch(client, support, value=50).code == "FORBIDDEN"
    assert client.get("/v1/admin/coupons", token=support.token).status == 200
    assert (stored().terms.value, store.get(Coupon, Coupon.place("MINE"))) == (10, None)
