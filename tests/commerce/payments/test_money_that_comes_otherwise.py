"""Late, double, wrong: every way in which money comes that was not asked for just so (PAY-70 … PAY-74, PAY-14)."""

from __future__ import annotations

import pytest

from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from tests.commerce.payments.shop import DAY, PRICE, Shop, assert_balanced, assert_unpaid
from tests.support.people import Person

EXPIRE = 31 * 60


def _expired(shop: Shop, student: Person, *, delay: int = 40 * 60) -> str:
    """An order whose bank answers long after everyone stopped waiting."""
    shop.simulator.set_behaviour({"outcome": "SUCCESS", "delaySeconds": delay, "webhook": {"send": False}})
    order_id = shop.order_of(student)
    shop.later(EXPIRE)
    shop.cloud.drain()
    assert shop.order(student, order_id).status == "EXPIRED"
    shop.simulator.set_behaviour({})
    return order_id


def _late_checks(shop: Shop) -> dict[str, int]:
    outcome = shop.cloud.invoke("check_late_payments")
    assert outcome.error is None
    return dict(outcome.answer)


@pytest.mark.rule("PAY-71", "PAY-33", "PAY-55")
def test_late_money_is_honoured(shop: Shop) -> None:
    student = shop.people.student()
    order_id = _expired(shop, student)
    student = shop.again(student)
    assert shop.status(student, order_id)["status"] == "EXPIRED"
    assert _late_checks(shop)["lookedAt"] == 0
    shop.later(30 * 60)
    assert _late_checks(shop)["succeeded"] == 1
    student = shop.again(student)
    shown = shop.status(student, order_id)
    assert (shown["status"], shown["late"]) == ("SUCCESS", True)
    order = shop.order(student, order_id)
    assert order.flags == ["LATE_SUCCESS"]
    [period] = shop.periods(student)
    assert int(period["endsAt"]) - int(period["startsAt"]) == 30 * DAY
    assert abs(int(period["startsAt"]) - order.paid_at.timestamp()) < 2
    assert list(shop.ledger(order_id)) == ["CAPTURE"]
    assert _late_checks(shop)["lookedAt"] == 0


@pytest.mark.rule("PAY-33")
def test_late_checks_end_after_three_days(shop: Shop) -> None:
    student = shop.people.student()
    order_id = _expired(shop, student, delay=600_000)
    looked = []
    for hours in (1, 3, 6, 12, 24, 48, 72):
        target = shop.order(student, order_id).created_at.timestamp() + hours * 3600 + 60
        shop.later(target - clock.now().timestamp())
        looked.append(_late_checks(shop)["lookedAt"])
        assert _late_checks(shop)["lookedAt"] == 0
    assert looked == [1] * 7
    assert shop.order(student, order_id).next_check_at is None
    shop.later(12 * 3600)
    assert _late_checks(shop)["lookedAt"] == 0
    assert_unpaid(shop, student, order_id)


@pytest.mark.rule("PAY-71")
def test_late_money_can_be_sent_back_instead(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENT_LATE_SUCCESS", "refund")
    student = shop.people.student()
    order_id = _expired(shop, student)
    shop.later(30 * 60)
    assert _late_checks(shop)["succeeded"] == 1
    shop.cloud.drain()
    _assert_given_back(shop, student, order_id, "LATE", ["LATE_SUCCESS"])


def _assert_given_back(shop: Shop, student: Person, order_id: str, cause: str, flags: list[str]) -> None:
    order = shop.order(student, order_id)
    assert (order.status, list(order.flags)) == ("SUCCESS", flags)
    assert (order.refund_state, int(order.refunded_paise)) == ("FULL", PRICE)
    [refund] = shop.refunds(order_id)
    assert (refund.cause, refund.state, int(refund.amount_paise)) == (cause, "SUCCEEDED", PRICE)
    assert order.grant_effects == []
    ledger = shop.ledger(order_id)
    assert sorted(ledger) == ["CAPTURE", f"REFUND#{refund.merchant_refund_id}"]
    for entry in ledger.values():
        assert_balanced(entry)
    assert [one.status for one in shop.transactions(order_id)] == ["REFUNDED"]
    seen = next(one for one in shop.simulator.orders() if one["merchantTransactionId"] == order_id)
    assert [(one["amountPaise"], one["state"]) for one in seen["refunds"]] == [(PRICE, "COMPLETED")]


@pytest.mark.rule("PAY-72", "PAY-34")
def test_paid_twice_because_the_first_hung(shop: Shop) -> None:
    student = shop.people.student()
    first = shop.order_of(student)
    shop.later(11 * 60)
    second = shop.order_of(student)
    shop.pay(second)
    shop.later(60)
    shop.simulator.press(first, "SUCCESS")
    assert shop.simulator.wait_idle(10)
    shop.cloud.drain()
    assert shop.order(student, second).status == "SUCCESS"
    assert shop.order(student, first).duplicate_of == second
    _assert_given_back(shop, student, first, "DUPLICATE", ["DUPLICATE_REFUNDED"])
    [period] = shop.periods(student)
    assert int(period["endsAt"]) - int(period["startsAt"]) == 30 * DAY
    account = shop.balance()
    assert account["GATEWAY:PHONEPE"] == PRICE
    assert sum(account.values()) == 0


@pytest.mark.rule("PAY-71", "PAY-72")
def test_the_late_one_of_two_goes_back_by_itself(shop: Shop) -> None:
    student = shop.people.student()
    late = _expired(shop, student, delay=50 * 60)
    student = shop.again(student)
    second = shop.order_of(student)
    shop.pay(second)
    shop.cloud.drain()
    shop.later(40 * 60)
    assert _late_checks(shop)["succeeded"] == 1
    shop.cloud.drain()
    _assert_given_back(shop, student, late, "DUPLICATE", ["LATE_SUCCESS", "DUPLICATE_REFUNDED"])
    assert len(shop.periods(student)) == 1


@pytest.mark.rule("PAY-72")
def test_buying_again_after_a_success_stacks(shop: Shop) -> None:
    student = shop.people.student()
    for _ in range(2):
        shop.pay(shop.order_of(student))
        shop.cloud.drain()
    [period] = shop.periods(student)
    assert int(period["endsAt"]) - int(period["startsAt"]) == 60 * DAY
    assert [order.refund_state for order in shop.orders(student)] == ["NONE", "NONE"]


def _short(shop: Shop, student: Person) -> str:
    """The gateway says COMPLETED with 100 paise less."""
    shop.simulator.set_behaviour({"amountDelta": -100})
    order_id = shop.order_of(student)
    shop.pay(order_id)
    shop.cloud.drain()
    return order_id


@pytest.mark.rule("PAY-70", "PAY-03", "PAY-110")
def test_the_wrong_amount_is_held(shop: Shop) -> None:
    student = shop.people.student()
    order_id = _short(shop, student)
    order = shop.order(student, order_id)
    assert (order.status, order.status_reason, order.flags) == ("REVIEW", "AMOUNT_MISMATCH", ["AMOUNT_MISMATCH"])
    assert int(order.captured_paise) == PRICE - 100
    assert shop.periods(student) == []
    assert shop.status(student, order_id)["status"] == "PENDING"
    assert shop.balance() == {"GATEWAY:PHONEPE": PRICE - 100, "SUSPENSE": 100 - PRICE}


@pytest.mark.rule("PAY-14", "PAY-70")
def test_accepting_grants_what_was_bought(shop: Shop) -> None:
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id = _short(shop, student)
    answer = _resolve(shop, admin, order_id, "ACCEPT")
    assert (answer.status, answer.json["status"]) == (200, "SUCCESS")
    [period] = shop.periods(student)
    assert int(period["endsAt"]) - int(period["startsAt"]) == 30 * DAY
    assert sorted(shop.ledger(order_id)) == ["HOLD", "HOLD_RELEASE"]
    balance = shop.balance()
    assert balance.get("SUSPENSE", 0) == 0
    assert balance["GATEWAY:PHONEPE"] == PRICE - 100
    again = _resolve(shop, admin, order_id, "REFUND")
    assert (again.status, again.code) == (409, "ORDER_NOT_IN_REVIEW")
    assert shop.refunds(order_id) == []


def _resolve(shop: Shop, admin: Person, order_id: str, decision: str):
    return shop.client.post(
        f"/v1/admin/payments/orders/{order_id}/resolve",
        json={"decision": decision, "reason": "looked at it"},
        token=admin.token,
    )


@pytest.mark.rule("PAY-14", "PAY-34", "PAY-55")
def test_refunding_returns_what_was_taken(shop: Shop) -> None:
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id = _short(shop, student)
    answer = _resolve(shop, admin, order_id, "REFUND")
    assert (answer.status, answer.json["status"], answer.json["resolution"]) == (200, "REVIEW", "REFUND")
    assert _resolve(shop, admin, order_id, "ACCEPT").code == "ORDER_NOT_IN_REVIEW"
    shop.cloud.drain()
    order = shop.order(student, order_id)
    assert (order.status, order.status_reason, order.refund_state) == ("FAILED", "REFUNDED", "FULL")
    assert shop.periods(student) == []
    assert shop.balance() == {"GATEWAY:PHONEPE": 0, "SUSPENSE": 0}
    shop.simulator.resend_webhook(order_id)
    assert shop.simulator.wait_idle(10)
    shop.finalize(admin, order_id)
    shop.cloud.drain()
    assert shop.order(student, order_id).status == "FAILED"
    assert sorted(shop.ledger(order_id))[0] == "HOLD"
    assert len(shop.ledger(order_id)) == 2


@pytest.mark.rule("PAY-34", "PAY-14")
def test_a_refund_that_fails_leaves_the_decision_open(shop: Shop) -> None:
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id = _short(shop, student)
    shop.simulator.set_behaviour({"order": order_id, "outcome": "FAILED"})
    _resolve(shop, admin, order_id, "REFUND")
    shop.cloud.drain()
    order = shop.order(student, order_id)
    assert (order.status, int(order.refund_committed_paise), order.refund_state) == ("REVIEW", 0, "NONE")
    [refund] = shop.refunds(order_id)
    assert (refund.state, refund.error_code) == ("FAILED", "REFUND_FAILED")
    assert list(shop.ledger(order_id)) == ["HOLD"]
    assert _resolve(shop, admin, order_id, "ACCEPT").json["status"] == "SUCCESS"


@pytest.mark.rule("PAY-34")
def test_a_lost_refund_request_is_followed_and_not_repeated(shop: Shop) -> None:
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id = _short(shop, student)
    _resolve(shop, admin, order_id, "REFUND")
    # The claim is written before the call, so whatever becomes of the answer, the next look asks for the state.
    [refund] = shop.refunds(order_id)
    given = {"merchantRefundId": str(refund.merchant_refund_id), "merchantTransactionId": order_id}
    assert shop.cloud.invoke("check_refund", given).answer["state"] == "PROCESSING"
    shop.simulator.settle()
    shop.cloud.fault("dynamodb", "TransactWriteItems", "InternalServerError", times=50, function="check_refund")
    assert shop.cloud.invoke("check_refund", given).error is not None
    shop.cloud.faults.clear()
    assert shop.refunds(order_id)[0].state == "PROCESSING"
    assert shop.cloud.invoke("check_refund", given).answer["done"] is True
    posts = [call for call in shop.simulator.calls() if call["method"] == "POST" and "refund" in str(call["path"])]
    assert len(posts) == 1
    assert shop.order(student, order_id).refund_state == "FULL"


@pytest.mark.rule("PAY-70")
def test_a_payment_that_settled_another_order_is_held(shop: Shop) -> None:
    first, second = shop.people.student(), shop.people.student()
    one, two = shop.order_of(first), shop.order_of(second)
    shop.silence()
    shop.pay(one)
    shop.pay(two)
    state = shop.simulator.state
    with state.lock:
        state.orders[two].attempts[-1].transaction_id = state.orders[one].attempts[-1].transaction_id
    shop.cloud.drain()
    orders = [shop.order(first, one), shop.order(second, two)]
    assert sorted(str(order.status) for order in orders) == ["REVIEW", "SUCCESS"]
    held = next(order for order in orders if order.status == "REVIEW")
    assert held.status_reason == "DUPLICATE_PROVIDER_TRANSACTION"
    assert shop.ledger(held.id) == {}
    assert shop.balance()["GATEWAY:PHONEPE"] == PRICE
    answer = _resolve(shop, shop.people.super_admin(), held.id, "REFUND")
    assert answer.json["status"] == "FAILED"
    assert shop.refunds(held.id) == []


@pytest.mark.rule("PAY-73")
def test_a_blocked_accounts_money_is_granted_behind_a_shut_card(shop: Shop) -> None:
    student = shop.people.student()
    order_id = shop.order_of(student)
    store.update(AccessCard, AccessCard.place(student.id), [AccessCard.status.set("BLOCKED")])
    shop.pay(order_id)
    shop.cloud.drain()
    order = shop.order(student, order_id)
    assert (order.status, order.status_reason) == ("SUCCESS", "ACCOUNT_BLOCKED")
    assert len(shop.periods(student)) == 1
    answer = shop.client.get("/v1/payments/history", token=student.token)
    assert answer.code == "ACCOUNT_BLOCKED"


@pytest.mark.rule("PAY-74")
def test_what_cannot_be_handed_over_is_held(shop: Shop) -> None:
    """The card is full of manual grants by the time the money comes."""
    student = shop.people.student()
    order_id = shop.order_of(student)
    end = 4_000_000_000
    full = {
        f"ENT{number}": {"kind": "NOTES", "noteIds": [f"N{number}"], "startsAt": number, "endsAt": end + number}
        for number in range(30)
    }
    store.update(AccessCard, AccessCard.place(student.id), [AccessCard.entitlements.set(full)])
    shop.pay(order_id)
    shop.cloud.drain()
    order = shop.order(student, order_id)
    assert (order.status, order.status_reason, order.flags) == ("REVIEW", "ACCESS_CARD_FULL", ["GRANT_FAILED"])
    assert shop.balance() == {"GATEWAY:PHONEPE": PRICE, "SUSPENSE": -PRICE}
    admin = shop.people.super_admin()
    refused = _resolve(shop, admin, order_id, "ACCEPT")
    assert (refused.status, refused.code) == (409, "ORDER_NOT_GRANTABLE")
    assert shop.order(student, order_id).status == "REVIEW"


@pytest.mark.rule("PAY-55", "PAY-66")
def test_a_late_failed_does_not_unpay(shop: Shop) -> None:
    """Webhooks out of order: an older one that contradicts comes after."""
    shop.simulator.set_behaviour({"webhook": {"reversed": True}})
    student = shop.people.student()
    order_id = shop.order_of(student)
    shop.pay(order_id)
    shop.cloud.drain()
    assert shop.order(student, order_id).status == "SUCCESS"
    assert {one["event_type"] for one in shop.events(order_id)} == {
        "checkout.order.failed",
        "checkout.order.completed",
    }
    assert {one["state"] for one in shop.events(order_id)} == {"PROCESSED"}
