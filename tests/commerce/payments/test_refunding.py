"""Staff give money back (PAY-13, PAY-80 … PAY-84, PAY-88): how much, to whom, by whom, and what it takes along."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.commerce.subscriptions.items import changes_of, subscriptions_of
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.ids import new_ulid
from tests.commerce.payments.shop import DAY, PRICE, Shop, assert_balanced
from tests.commerce.payments.test_coupons import coupon, state_of, uses
from tests.support.client import Response
from tests.support.people import Person
from tests.support.races import at_once

WHY = "Bought by mistake"


def refund(shop: Shop, by: Person, order_id: str, *, key: str | None = None, **more: Any) -> Response:
    """Ask for a refund."""
    path = f"/v1/admin/payments/orders/{order_id}/refund"
    headers = {"Idempotency-Key": key or new_ulid()}
    return shop.client.post(path, json={"reason": WHY, **more}, token=by.token, headers=headers)


def paid(shop: Shop, student: Person, plan: str = "basic", **more: Any) -> str:
    """An order that was paid."""
    order_id = shop.order_of(student, plan, **more)
    shop.pay(order_id)
    shop.cloud.drain()
    assert shop.order(student, order_id).status == "SUCCESS"
    return order_id


def settle(shop: Shop, order_id: str) -> None:
    """The refunds' workflows run to their end."""
    shop.cloud.drain()
    shop.simulator.settle()
    shop.cloud.drain()


def left_days(shop: Shop, student: Person) -> list[tuple[str, float]]:
    """The card's running and coming periods: plan, days until it ends."""
    now = clock.now().timestamp()
    live = [one for one in shop.periods(student) if int(one["endsAt"]) > now]
    return [(str(one["planKey"]), round((int(one["endsAt"]) - now) / DAY, 2)) for one in live]


def allowed(shop: Shop, student: Person) -> bool:
    """Whether the next request of the student may practise."""
    answer = shop.client.get("/v1/me/access?feature=practice", token=student.token, expect=200)
    return bool(answer.json["allowed"])


@pytest.mark.rule("PAY-13", "PAY-82", "PAY-83", "PAY-86", "SUB-28", "ENT-20")
def test_a_full_refund_returns_everything_and_ends_access_at_once(shop: Shop) -> None:
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id = paid(shop, student)
    assert allowed(shop, student)
    answer = refund(shop, admin, order_id)
    assert (answer.status, answer.json["state"], answer.json["amountPaise"]) == (202, "REQUESTED", PRICE)
    assert (answer.json["entitlementEffect"], answer.json["deltaDays"]) == ("REVOKE", 30)
    assert answer.json["merchantTransactionId"] == order_id
    assert not allowed(shop, student), "before any money has moved"
    order = shop.order(student, order_id)
    assert (order.status, int(order.refund_committed_paise), int(order.refunded_paise)) == ("SUCCESS", PRICE, 0)
    assert refund(shop, admin, order_id).json["code"] == "ORDER_NOT_REFUNDABLE"
    settle(shop, order_id)
    order = shop.order(student, order_id)
    assert (order.refund_state, int(order.refunded_paise)) == ("FULL", PRICE)
    assert [one.status for one in shop.transactions(order_id)] == ["REFUNDED"]
    entry = shop.ledger(order_id)[f"REFUND#{answer.json['merchantRefundId']}"]
    assert_balanced(entry)
    assert shop.balance()["GATEWAY:PHONEPE"] == 0
    [subscription] = store.every(subscriptions_of(student.id))
    assert (subscription.status, subscription.cancel_reason) == ("CANCELLED", "REFUNDED")
    changes = store.every(changes_of(student.id, str(subscription.id)))
    assert [one.change for one in changes] == ["NEW", "REVOKE"]
    assert changes[1].merchant_refund_id == answer.json["merchantRefundId"]
    own = shop.client.get(f"/v1/payments/orders/{order_id}", token=student.token, expect=200)
    assert [(one["amountPaise"], one["state"]) for one in own.json["refunds"]] == [(PRICE, "SUCCEEDED")]
    assert (own.json["refundState"], WHY in own.body.decode()) == ("FULL", False)


@pytest.mark.rule("PAY-82", "PAY-80", "SUB-28")
def test_parts_keep_access_unless_they_are_to_shorten_it(shop: Shop) -> None:
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id = paid(shop, student)
    first = refund(shop, admin, order_id, amountPaise=10_000)
    assert (first.json["entitlementEffect"], first.json["deltaDays"]) == ("KEEP", 0)
    assert left_days(shop, student) == [("basic", 30.0)]
    second = refund(shop, admin, order_id, amountPaise=16_634, entitlementEffect="SHORTEN")
    assert (second.status, second.json["deltaDays"]) == (202, 11)
    assert left_days(shop, student) == [("basic", 19.0)]
    settle(shop, order_id)
    order = shop.order(student, order_id)
    assert (order.refund_state, int(order.refunded_paise)) == ("PARTIAL", 26_634)
    assert [one.status for one in shop.transactions(order_id)] == ["PARTIAL_REFUND"]
    over = refund(shop, admin, order_id, amountPaise=PRICE - 26_634 + 1)
    assert (over.status, over.json["code"]) == (409, "REFUND_EXCEEDS_PAYMENT")
    assert over.json["details"] == {"leftPaise": PRICE - 26_634}
    assert int(shop.order(student, order_id).refund_committed_paise) == 26_634
    last = refund(shop, admin, order_id)
    assert (last.json["amountPaise"], last.json["entitlementEffect"]) == (PRICE - 26_634, "REVOKE")
    settle(shop, order_id)
    assert shop.order(student, order_id).refund_state == "FULL"
    assert left_days(shop, student) == []
    assert len(shop.ledger(order_id)) == 4
    assert shop.balance()["GATEWAY:PHONEPE"] == 0


@pytest.mark.rule("PAY-80", "PAY-13")
def test_two_admins_at_the_same_instant(shop: Shop) -> None:
    student = shop.people.student()
    admins = [shop.people.admin("ADMIN_FINANCE"), shop.people.super_admin()]
    order_id = paid(shop, student)
    answers = at_once([lambda one=one: refund(shop, one, order_id) for one in admins])  # type: ignore[misc]
    assert sorted(answer.status for answer in answers) == [202, 409]
    settle(shop, order_id)
    assert len(shop.refunds(order_id)) == 1
    assert int(shop.order(student, order_id).refunded_paise) == PRICE
    seen = next(one for one in shop.simulator.orders() if one["merchantTransactionId"] == order_id)
    assert len(seen["refunds"]) == 1
    other = paid(shop, student)
    parts = at_once([lambda one=one: refund(shop, one, other, amountPaise=20_000) for one in admins * 2])  # type: ignore[misc]
    assert sorted(answer.status for answer in parts) == [202, 202, 409, 409]
    assert int(shop.order(student, other).refund_committed_paise) == 40_000


@pytest.mark.rule("PAY-83", "SUB-30", "PAY-82")
def test_a_refund_that_fails_gives_access_back(shop: Shop) -> None:
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id = paid(shop, student)
    shop.simulator.set_behaviour({"order": order_id, "outcome": "FAILED"})
    refund_id = refund(shop, admin, order_id).json["merchantRefundId"]
    assert not allowed(shop, student)
    settle(shop, order_id)
    [failed] = shop.refunds(order_id)
    assert (failed.state, failed.merchant_refund_id) == ("FAILED", refund_id)
    assert failed.error_code
    order = shop.order(student, order_id)
    assert (order.refund_state, int(order.refund_committed_paise), int(order.refunded_paise)) == ("NONE", 0, 0)
    assert allowed(shop, student)
    assert left_days(shop, student) == [("basic", 30.0)]
    assert list(shop.ledger(order_id)) == ["CAPTURE"]
    shop.simulator.set_behaviour({"order": order_id, "outcome": "SUCCESS"})
    assert refund(shop, admin, order_id).status == 202, "the amount is free again"
    settle(shop, order_id)
    assert shop.order(student, order_id).refund_state == "FULL"
    assert not allowed(shop, student)


@pytest.mark.rule("SUB-29", "SUB-30")
def test_a_refunded_upgrade_and_its_failure(shop: Shop) -> None:
    shop.plan("better", family="basic", tier=2)
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    paid(shop, student)
    shop.later(20 * DAY)
    student, admin = shop.again(student), shop.again(admin)
    upgrade = paid(shop, student, "better")
    assert left_days(shop, student) == [("better", 40.0)]
    shop.simulator.set_behaviour({"order": upgrade, "outcome": "FAILED"})
    refund(shop, admin, upgrade)
    assert left_days(shop, student) == [("basic", 10.0)]
    assert allowed(shop, student)
    settle(shop, upgrade)
    assert left_days(shop, student) == [("better", 40.0)]
    shop.simulator.set_behaviour({"order": upgrade, "outcome": "SUCCESS"})
    refund(shop, admin, upgrade)
    settle(shop, upgrade)
    assert left_days(shop, student) == [("basic", 10.0)]


@pytest.mark.rule("PAY-13", "PAY-43")
def test_the_same_key_is_the_same_refund(shop: Shop) -> None:
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id = paid(shop, student)
    path = f"/v1/admin/payments/orders/{order_id}/refund"
    missing = shop.client.post(path, json={"reason": WHY}, token=admin.token)
    assert (missing.status, missing.json["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    key = new_ulid()
    answers = [refund(shop, admin, order_id, key=key, amountPaise=100) for _ in range(2)]
    assert [one.status for one in answers] == [202, 202]
    assert len({one.json["merchantRefundId"] for one in answers}) == len(shop.refunds(order_id)) == 1
    other = refund(shop, admin, order_id, key=key, amountPaise=200)
    assert (other.status, other.json["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    for item in shop.cloud.items():
        if str(item["pk"]["S"]).startswith("IDEM#"):
            store.delete(store.Item, store.Key(item["pk"]["S"], item["sk"]["S"]))
    again = refund(shop, admin, order_id, key=key, amountPaise=100)
    assert again.json["merchantRefundId"] == answers[0].json["merchantRefundId"], "known by the refund itself"
    assert refund(shop, admin, order_id, key=new_ulid(), amountPaise=100).status == 202
    assert int(shop.order(student, order_id).refund_committed_paise) == 200


@pytest.mark.rule("PAY-81", "ACC-45")
def test_the_window_and_who_may_refund_late(shop: Shop) -> None:
    student = shop.people.student()
    order_id = paid(shop, student)
    shop.later(24 * 3600)
    late = refund(shop, shop.people.admin("ADMIN_FINANCE"), order_id)
    assert (late.status, late.json["details"]["permission"]) == (403, ["payments.refund.late"])
    assert shop.refunds(order_id) == []
    assert left_days(shop, student) == [("basic", 29.0)]
    assert refund(shop, shop.people.admin("ADMIN_SUPPORT"), order_id).status == 403
    assert refund(shop, shop.people.super_admin(), order_id).status == 202


@pytest.mark.rule("PAY-80", "PAY-13")
def test_what_cannot_be_refunded(shop: Shop) -> None:
    shop.plan("free", pricePaise=0)
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    free, unpaid = shop.order_of(student, "free"), shop.order_of(student)
    for order_id in (free, unpaid):
        answer = refund(shop, admin, order_id)
        assert (answer.status, answer.json["code"]) == (409, "ORDER_NOT_REFUNDABLE")
        assert shop.refunds(order_id) == []
    assert left_days(shop, student) == [("free", 30.0)]
    assert refund(shop, admin, f"TXN{new_ulid()}").status == 404
    for body in ({"amountPaise": 0}, {"amountPaise": -1}, {"amountPaise": 1.5}, {"reason": "no"}, {"mode": "CASH"}):
        assert refund(shop, admin, unpaid, **body).status == 422


@pytest.mark.rule("PAY-80", "PAY-14", "PAY-13")
def test_held_money_goes_back_in_full(shop: Shop) -> None:
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    shop.simulator.set_behaviour({"amountDelta": 100})
    order_id = shop.order_of(student)
    shop.pay(order_id)
    shop.cloud.drain()
    shop.simulator.set_behaviour({})
    part = refund(shop, admin, order_id, amountPaise=100)
    assert (part.status, part.json["details"]) == (422, {"reason": "IN_FULL_ONLY"})
    answer = refund(shop, admin, order_id)
    assert (answer.status, answer.json["amountPaise"], answer.json["kind"]) == (202, PRICE + 100, "REVIEW")
    path = f"/v1/admin/payments/orders/{order_id}/resolve"
    late = shop.client.post(path, json={"decision": "ACCEPT", "reason": "after all"}, token=admin.token)
    assert late.json["code"] == "ORDER_NOT_IN_REVIEW"
    settle(shop, order_id)
    order = shop.order(student, order_id)
    assert (order.status, order.status_reason, order.refund_state) == ("FAILED", "REFUNDED", "FULL")
    balance = shop.balance()
    assert (balance["SUSPENSE"], balance["GATEWAY:PHONEPE"]) == (0, 0)


@pytest.mark.rule("PAY-88", "PAY-81")
def test_money_returned_outside_the_gateway_is_recorded(shop: Shop) -> None:
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id = paid(shop, student)
    bare = refund(shop, admin, order_id, mode="OFFLINE")
    assert (bare.status, bare.json["details"][0]["field"]) == (422, "body.offlineReference")
    assert refund(shop, admin, order_id, offlineReference="UTR-1").status == 422
    clerk = shop.people.admin("ADMIN_SUPPORT")
    store.update(AccessCard, AccessCard.place(clerk.id), [AccessCard.permissions.set({"payments.refund"})])
    refused = refund(shop, clerk, order_id, mode="OFFLINE", offlineReference="UTR-1")
    assert (refused.status, refused.json["details"]["permission"]) == (403, ["payments.manage"])
    assert shop.refunds(order_id) == []
    calls = shop.gateway_calls("refund")
    answer = refund(shop, admin, order_id, mode="OFFLINE", offlineReference="UTR-1")
    assert (answer.status, answer.json["state"], answer.json["offlineReference"]) == (202, "SUCCEEDED", "UTR-1")
    order = shop.order(student, order_id)
    assert (order.refund_state, int(order.refunded_paise)) == ("FULL", PRICE)
    assert [one.status for one in shop.transactions(order_id)] == ["REFUNDED"]
    assert (shop.balance()["BANK"], shop.balance()["GATEWAY:PHONEPE"]) == (-PRICE, PRICE)
    settle(shop, order_id)
    assert shop.gateway_calls("refund") == calls, "nothing is asked of the gateway"
    assert left_days(shop, student) == []


@pytest.mark.rule("PAY-15", "PAY-16")
def test_staff_list_refunds_and_have_one_checked(shop: Shop) -> None:
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    support = shop.people.admin("ADMIN_SUPPORT")
    ids = [paid(shop, student) for _ in range(2)]
    shop.silence()
    shop.simulator.set_behaviour({"order": ids[0], "outcome": "PENDING"})
    asked = [refund(shop, admin, one).json["merchantRefundId"] for one in ids]
    path = f"/v1/admin/payments/refunds/{asked[0]}/check"
    assert shop.client.post(path, token=support.token).status == 403
    assert shop.client.post(path, token=admin.token, expect=200).json["state"] == "PROCESSING"
    assert shop.client.post(path, token=admin.token, expect=200).json["state"] == "PROCESSING"
    listed = "/v1/admin/payments/refunds"
    rows = shop.client.get(f"{listed}?limit=1", token=support.token, expect=200)
    assert [one["merchantRefundId"] for one in rows.json["items"]] == [asked[1]]
    rest = shop.client.get(f"{listed}?limit=5&cursor={rows.json['nextCursor']}", token=support.token, expect=200)
    assert [(one["merchantRefundId"], one["state"]) for one in rest.json["items"]] == [(asked[0], "PROCESSING")]
    shop.simulator.press(asked[0], "SUCCESS")
    assert shop.client.post(path, token=admin.token, expect=200).json["state"] == "SUCCEEDED"
    assert shop.order(student, ids[0]).refund_state == "FULL"
    done = shop.client.get(f"{listed}?state=SUCCEEDED", token=support.token, expect=200).json["items"]
    assert [(one["merchantRefundId"], one["amountPaise"]) for one in done] == [(asked[0], PRICE)]
    assert shop.client.get(f"{listed}?from=2026-01-01&to=2026-06-01", token=support.token).status == 422
    unknown = shop.client.post(f"{listed}/RF{new_ulid()}/check", token=admin.token)
    assert (unknown.status, unknown.json["code"]) == (404, "REFUND_NOT_FOUND")


@pytest.mark.rule("PAY-84", "CPN-13")
@pytest.mark.parametrize("returns", [False, True])
def test_a_refund_does_not_free_the_coupons_use(shop: Shop, monkeypatch: pytest.MonkeyPatch, returns: bool) -> None:
    monkeypatch.setenv("COUPON_RETURN_ON_REFUND", str(returns).lower())
    coupon(shop)
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id = paid(shop, student, couponCode="TENOFF")
    refund(shop, admin, order_id, amountPaise=100)
    settle(shop, order_id)
    assert (state_of(shop, student, order_id), uses(student)) == ("REDEEMED", 1)
    refund(shop, admin, order_id)
    settle(shop, order_id)
    assert shop.order(student, order_id).refund_state == "FULL"
    expected = ("RELEASED", 0) if returns else ("REDEEMED", 1)
    assert (state_of(shop, student, order_id), uses(student)) == expected
    assert shop.checkout(student, couponCode="TENOFF").status == (201 if returns else 422)


@pytest.mark.rule("CPN-13", "PAY-14")
def test_held_money_that_goes_back_frees_the_coupon(shop: Shop) -> None:
    coupon(shop)
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    shop.simulator.set_behaviour({"amountDelta": 100})
    order_id = shop.order_of(student, couponCode="TENOFF")
    shop.pay(order_id)
    shop.cloud.drain()
    shop.simulator.set_behaviour({})
    assert (state_of(shop, student, order_id), uses(student)) == ("RESERVED", 1)
    refund(shop, admin, order_id)
    settle(shop, order_id)
    assert shop.order(student, order_id).status == "FAILED"
    assert (state_of(shop, student, order_id), uses(student)) == ("RELEASED", 0)


@pytest.mark.rule("PAY-88", "PAY-22")
@pytest.mark.parametrize(("method", "account"), [("CASH", "CASH"), ("BANK_TRANSFER", "BANK")])
def test_what_was_paid_at_the_counter_goes_back_there(shop: Shop, method: str, account: str) -> None:
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    body = {
        "userId": student.id,
        "planKey": "basic",
        "amountPaise": PRICE,
        "method": method,
        "reference": "R-17",
        "receivedOn": clock.academy_day(clock.now()).isoformat(),
        "reason": "paid at the counter",
    }
    headers = {"Idempotency-Key": new_ulid()}
    path = "/v1/admin/payments/offline"
    order_id = shop.client.post(path, json=body, token=admin.token, headers=headers, expect=201).json[
        "merchantTransactionId"
    ]
    refused = refund(shop, admin, order_id)
    assert (refused.status, refused.json["details"]) == (422, {"reason": "NO_GATEWAY"})
    answer = refund(shop, admin, order_id, mode="OFFLINE", offlineReference="V-1", amountPaise=900)
    assert (answer.status, answer.json["state"]) == (202, "SUCCEEDED")
    assert shop.balance()[account] == PRICE - 900
    assert refund(shop, admin, order_id, mode="OFFLINE", offlineReference="V-2").status == 202
    assert shop.balance()[account] == 0
    assert shop.order(student, order_id).refund_state == "FULL"
    assert left_days(shop, student) == []
