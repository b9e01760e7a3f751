"""Orders as their owners and as staff see them; what each costs."""

from __future__ import annotations

import json

import pytest

from chalicelib.platform import store
from chalicelib.platform.access.card import AccessCard
from infra.local.recorder import AwsCall
from tests.commerce.payments.shop import PRICE, Shop, assert_paid_once
from tests.support.people import Person
from tests.support.races import just_before


def _paid(shop: Shop, student: Person) -> str:
    order_id = shop.order_of(student)
    shop.pay(order_id)
    shop.cloud.drain()
    return order_id


@pytest.mark.rule("PAY-03", "PAY-49")
def test_the_status_token_opens_this_orders_status_alone(shop: Shop) -> None:
    student = shop.people.student()
    first, second = shop.checkout(student).json, shop.checkout(student, billing={"state": "KL"}).json
    path = "/v1/payments/orders/{}/status"
    one, token = first["merchantTransactionId"], first["statusToken"]
    answer = shop.client.get(path.format(one), query={"token": token}, expect=200)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json["status"] == "PENDING"
    assert set(answer.json) == {
        "merchantTransactionId", "status", "late", "amountPaise", "currency", "planKey", "message", "updatedAt",
        "nextPollSeconds",
    }  # fmt: skip
    for wrong in (second["statusToken"], token[:-1] + ("A" if token[-1] != "A" else "B"), "x", token + "A"):
        assert shop.client.get(path.format(one), query={"token": wrong}).status == 401
    assert shop.client.get(path.format(one)).code == "TOKEN_MISSING"
    assert shop.client.get(f"/v1/payments/orders/{one}", query={"token": token}).status == 401
    shop.later(61 * 60)
    assert shop.client.get(path.format(one), query={"token": token}).code == "TOKEN_EXPIRED"


@pytest.mark.rule("PAY-03")
def test_when_to_ask_again(shop: Shop) -> None:
    student = shop.people.student()
    order_id = shop.order_of(student)
    waits = []
    for seconds in (0, 61, 240):
        shop.later(seconds)
        waits.append(shop.status(student, order_id)["nextPollSeconds"])
    assert waits == [2, 5, 15]


@pytest.mark.rule("PAY-03", "HTTP-40")
def test_sixty_polls_a_minute(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_ORDER_STATUS", "3/600")
    student = shop.people.student()
    order_id = shop.order_of(student)
    path = f"/v1/payments/orders/{order_id}/status"
    statuses = [shop.client.get(path, token=student.token).status for _ in range(8)]
    assert statuses[-1] == 429
    assert statuses.count(200) <= 6


@pytest.mark.rule("PAY-03", "PAY-05", "PAY-06", "HTTP-24")
def test_another_students_order_is_not_there(shop: Shop) -> None:
    owner, other = shop.people.student(), shop.people.student()
    order_id = _paid(shop, owner)
    unknown = "TXN01KEXAMPLE0000000000000000"[:29]
    for path in ("/v1/payments/orders/{}/status", "/v1/payments/orders/{}"):
        there = shop.client.get(path.format(order_id), token=other.token)
        absent = shop.client.get(path.format(unknown), token=other.token)
        assert (there.status, there.code) == (absent.status, absent.code) == (404, "ORDER_NOT_FOUND")
        assert shop.client.get(path.format("TXN123"), token=owner.token).code == "ORDER_NOT_FOUND"
    assert shop.client.get("/v1/payments/history", token=other.token).json["items"] == []


@pytest.mark.rule("PAY-05")
def test_the_history_pages_newest_first(shop: Shop) -> None:
    student = shop.people.student()
    ids = []
    for _ in range(3):
        ids.append(_paid(shop, student))
        shop.later(1)
    open_id = shop.order_of(student)
    seen, cursor = [], None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = shop.client.get("/v1/payments/history", token=student.token, query=query, expect=200).json
        seen += [row["merchantTransactionId"] for row in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert seen == [open_id, *reversed(ids)]
    only = shop.client.get("/v1/payments/history", token=student.token, query={"status": "PENDING"}).json["items"]
    assert [row["merchantTransactionId"] for row in only] == [open_id]
    assert only[0]["hasInvoice"] is False


@pytest.mark.rule("PAY-06", "PAY-112")
def test_the_owner_sees_everything_but_the_gateway(shop: Shop) -> None:
    student = shop.people.student()
    order_id = _paid(shop, student)
    answer = shop.client.get(f"/v1/payments/orders/{order_id}", token=student.token, expect=200)
    body = answer.json
    assert (body["status"], body["amountPaise"], body["refunds"]) == ("SUCCESS", PRICE, [])
    assert body["invoiceNumber"].startswith("PS/")
    assert body["paymentMode"] == "UPI_INTENT"
    assert [line["totalPaise"] for line in body["lines"]] == [PRICE]
    assert body["subscriptionIds"] == [str(one["subId"]) for one in shop.periods(student)]
    text = answer.body.decode()
    for word in ("OMO", "PATHSHALAUAT", "PHONEPE", "98****10@ybl", "merchantUserId"):
        assert word not in text, word


@pytest.mark.rule("PAY-10")
def test_staff_find_orders_by_user_status_and_month(shop: Shop) -> None:
    admin = shop.people.admin("ADMIN_SUPPORT")
    one, two = shop.people.student(), shop.people.student()
    paid, waiting = _paid(shop, one), shop.order_of(two)

    def ids(**query: object) -> list[str]:
        found, cursor = [], None
        for _ in range(10):
            asked = {**query, **({"cursor": cursor} if cursor else {})}
            page = shop.client.get("/v1/admin/payments/orders", token=admin.token, query=asked, expect=200).json
            found += [row["merchantTransactionId"] for row in page["items"]]
            cursor = page["nextCursor"]
            if cursor is None:
                return found
        raise AssertionError("the list has no end")

    assert ids() == [waiting, paid]
    assert ids(limit=1) == [waiting, paid]
    assert ids(status="SUCCESS") == [paid]
    assert ids(status="REVIEW") == []
    assert ids(userId=two.id) == [waiting]
    assert ids(userId=two.id, status="SUCCESS") == []
    assert ids(gateway="PHONEPE", planKey="basic", limit=1) == [waiting, paid]
    assert ids(planKey="other") == []
    assert ids(**{"from": "2020-01-01", "to": "2020-02-01"}) == []
    bad = shop.client.get(
        "/v1/admin/payments/orders", token=admin.token, query={"from": "2020-01-01", "to": "2020-12-01"}
    )
    assert (bad.status, bad.code) == (422, "VALIDATION_FAILED")
    assert shop.client.get("/v1/admin/payments/orders", token=one.token).status == 403


@pytest.mark.rule("PAY-11")
def test_staff_see_the_whole_order(shop: Shop) -> None:
    student = shop.people.student()
    order_id = _paid(shop, student)
    reader, finance = shop.people.admin("ADMIN_SUPPORT"), shop.people.admin("ADMIN_FINANCE")
    path = f"/v1/admin/payments/orders/{order_id}"
    body = shop.client.get(path, token=reader.token, expect=200).json
    assert body["user"]["id"] == student.id
    assert [one["status"] for one in body["transactions"]] == ["SUCCESS"]
    assert [entry["entryId"] for entry in body["ledger"]] == ["CAPTURE"]
    assert [(one["eventType"], one["state"]) for one in body["events"]] == [("checkout.order.completed", "PROCESSED")]
    assert body["grantEffect"]["effect"] == "NEW"
    assert body["planSnapshot"]["durationDays"] == 30
    [subscription] = body["subscriptions"]
    assert (subscription["id"], subscription["status"]) == (body["grantEffect"]["subscriptionId"], "ACTIVE")
    assert [one["id"] for one in body["entitlements"]] == body["grantEffect"]["entitlementIds"]
    assert {one["what"] for one in body["timeline"]} >= {
        "ORDER_PLACED",
        "GATEWAY_TOLD",
        "PAYMENT_SUCCESS",
        "PAID",
        "BOOKED",
    }
    assert [one["at"] for one in body["timeline"]] == sorted(one["at"] for one in body["timeline"])
    assert body["events"][0]["rawBody"] is None
    refused = shop.client.get(path, token=reader.token, query={"raw": "true"})
    assert refused.status == 403
    raw = shop.client.get(path, token=finance.token, query={"raw": "true"}, expect=200).json
    assert raw["events"][0]["rawBody"]
    assert shop.client.get(path[:-1] + "I", token=reader.token).code == "ORDER_NOT_FOUND"


@pytest.mark.rule("PAY-12")
def test_staff_have_an_order_checked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id = shop.order_of(student)
    unchanged = shop.finalize(admin, order_id).json
    assert (unchanged["changed"], unchanged["order"]["status"]) == (False, "PENDING")
    shop.silence()
    shop.pay(order_id)
    there = shop.simulator.url
    monkeypatch.setenv("PHONEPE_API_BASE_URL", "http://127.0.0.1:9")
    before = shop.order(student, order_id)
    refused = shop.finalize(admin, order_id)
    assert (refused.status, refused.code) == (502, "GATEWAY_UNAVAILABLE")
    assert shop.order(student, order_id).version == before.version
    monkeypatch.setenv("PHONEPE_API_BASE_URL", there)
    done = shop.finalize(admin, order_id).json
    assert (done["changed"], done["order"]["status"]) == (True, "SUCCESS")
    assert shop.finalize(admin, order_id).json["changed"] is False
    assert_paid_once(shop, student, order_id)
    entries = [item for item in shop.cloud.items() if item["kind"]["S"] == "AuditEntry"]
    finalized = [item for item in entries if item["action"]["S"] == "order.finalize"]
    assert [item["actor_user_id"]["S"] for item in finalized] == [admin.id] * 3
    assert {item["reason"]["S"] for item in finalized} == {"asked to"}


@pytest.mark.rule("PAY-97", "PAY-90", "PAY-94")
def test_an_order_of_the_former_contract_is_finished_by_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEPE_CONTRACT", "V1")
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    shop.simulator.set_behaviour({"amountDelta": -100})
    order_id = shop.order_of(student)
    assert shop.order(student, order_id).gateway_contract == "V1"
    monkeypatch.setenv("PHONEPE_CONTRACT", "V2")
    newer = shop.order_of(shop.people.student())
    shop.pay(newer, "FAILED")
    shop.pay(order_id)
    shop.cloud.drain()
    assert shop.order(student, order_id).status == "REVIEW"
    shop.client.post(
        f"/v1/admin/payments/orders/{order_id}/resolve",
        json={"decision": "REFUND", "reason": "wrong amount"},
        token=admin.token,
        expect=200,
    )
    shop.cloud.drain()
    assert shop.order(student, order_id).refund_state == "FULL"
    calls = [str(call["path"]) for call in shop.simulator.calls() if call["order"] == order_id]
    assert calls
    assert all(path.startswith("/pg/v1/") for path in calls), calls


def _trips(calls: list[AwsCall], function: str) -> list[str]:
    return [call.name.split(".")[1] for call in calls if call.function == function and call.service != "ssm"]


@pytest.mark.rule("PAY-115", "QUAL-01")
def test_round_trips(shop: Shop) -> None:
    """Counted from recorded calls; what runs side by side is one trip."""
    warm, student = shop.people.student(), shop.people.student()
    shop.pay(shop.order_of(warm))
    shop.cloud.drain()
    with shop.cloud.calls.during() as calls:
        order_id = shop.order_of(student)
    assert _trips(calls, "checkout") == ["GetItem", "BatchGetItem", "TransactWriteItems", "UpdateItem"]
    with shop.cloud.calls.during() as calls:
        shop.status(student, order_id)
    assert sorted(_trips(calls, "get_order_status")) == ["GetItem", "GetItem", "UpdateItem"]
    with shop.cloud.calls.during() as calls:
        shop.pay(order_id)
        shop.cloud.drain()
    finalized = _trips(calls, "process_payment_event")
    assert finalized in (["BatchGetItem", "BatchGetItem", "TransactWriteItems"], ["BatchGetItem"])
    with shop.cloud.calls.during() as calls:
        admin = shop.people.super_admin()
        shop.client.get(f"/v1/admin/payments/orders/{order_id}", token=admin.token, expect=200)
    trips = _trips(calls, "get_order")
    assert trips[0] == "BatchGetItem"
    assert sorted(trips[1:]) == ["BatchGetItem", *["Query"] * 5]


@pytest.mark.rule("PAY-112", "QUAL-34")
def test_no_log_line_tells_a_secret(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    student = shop.people.student()
    answer = shop.checkout(student)
    order_id, token = answer.json["merchantTransactionId"], answer.json["statusToken"]
    shop.client.get(f"/v1/payments/orders/{order_id}/status", query={"token": token})
    shop.pay(order_id)
    shop.cloud.drain()
    logged = "".join(capfd.readouterr())
    webhook = json.loads(shop.cloud.secret("PHONEPE_WEBHOOK"))
    account = json.loads(shop.cloud.secret("PHONEPE"))
    for secret in (
        token,
        account["clientSecret"],
        *account["salts"].values(),
        webhook["credentials"][0]["password"],
        "98****10@ybl",
        "O-Bearer",
        "paymentDetails",
    ):
        assert secret not in logged


@pytest.mark.rule("PAY-112")
def test_a_card_that_is_blocked_buys_nothing(shop: Shop) -> None:
    student = shop.people.student()
    store.update(AccessCard, AccessCard.place(student.id), [AccessCard.status.set("BLOCKED")])
    assert shop.checkout(student).code == "ACCOUNT_BLOCKED"
    assert shop.orders(student) == []


@pytest.mark.rule("USR-31")
@pytest.mark.parametrize("price", [PRICE, 0])
def test_a_block_during_a_checkout_leaves_no_order(shop: Shop, price: int) -> None:
    """The block commits after the student was let in, right before the order is placed."""
    student, support = shop.people.student(), shop.people.admin("ADMIN_SUPPORT")
    shop.plan("raced", pricePaise=price)
    given = {"status": "BLOCKED", "reason": "Shared the account with a class"}

    def block() -> None:
        shop.client.patch(f"/v1/admin/users/{student.id}/status", json=given, token=support.token, expect=200)

    with just_before("TransactWriteItems", block):
        assert shop.checkout(student, "raced").code == "ACCOUNT_BLOCKED"
    assert shop.orders(student) == []
    card = store.get(AccessCard, AccessCard.place(student.id))
    assert card is not None
    assert not card.entitlements.as_dict()
