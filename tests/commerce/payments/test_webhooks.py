"""Webhooks (PAY-60 … PAY-66): verified raw, stored once, queued, answered; and nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.commerce.payments.items import PaymentEvent
from chalicelib.platform import store
from chalicelib.platform.ids import new_ulid
from tests.commerce.payments.shop import WEBHOOK, Shop, assert_paid_once, assert_unpaid
from tests.support.client import Response


def _authorization(shop: Shop) -> str:
    pair = json.loads(shop.cloud.secret("PHONEPE_WEBHOOK"))["credentials"][0]
    return hashlib.sha256(f"{pair['username']}:{pair['password']}".encode()).hexdigest()


def _v2(shop: Shop, order_id: str, event: str = "checkout.order.completed", **more: object) -> bytes:
    payload = {"merchantOrderId": order_id, "orderId": "OMO1", "state": "COMPLETED", "amount": 49_900, **more}
    return json.dumps({"event": event, "type": "IGNORED", "payload": payload}).encode()


def _v1(shop: Shop, order_id: str) -> tuple[bytes, str]:
    index, salt = next(iter(json.loads(shop.cloud.secret("PHONEPE_WEBHOOK"))["salts"].items()))
    data = {"merchantTransactionId": order_id, "transactionId": "T1", "amount": 49_900, "state": "COMPLETED"}
    response = base64.b64encode(json.dumps({"code": "PAYMENT_SUCCESS", "data": data}).encode()).decode()
    verify = hashlib.sha256((response + salt).encode()).hexdigest() + f"###{index}"
    return json.dumps({"response": response}).encode(), verify


def _post(shop: Shop, body: bytes, **headers: str) -> Response:
    return shop.client.post(WEBHOOK, body=body, headers={name.replace("_", "-"): v for name, v in headers.items()})


def _stored(shop: Shop) -> list[dict[str, object]]:
    return [item for item in shop.cloud.items() if str(item["pk"]["S"]).startswith("GWEVT#")]


@pytest.mark.rule("PAY-07", "PAY-60", "PAY-96", "PAY-92", "PAY-97")
def test_both_forms_are_taken(shop: Shop) -> None:
    student = shop.people.student()
    order_id = shop.order_of(student)
    body, verify = _v1(shop, order_id)
    assert _post(shop, body, X_VERIFY=verify).json == {"received": True}
    assert _post(shop, _v2(shop, order_id), Authorization=_authorization(shop)).status == 200
    assert _post(shop, _v2(shop, order_id, x=1), Authorization=_authorization(shop).upper()).status == 200
    assert len(_stored(shop)) == 3


@pytest.mark.rule("PAY-31", "PAY-66")
def test_a_claim_is_never_enough(shop: Shop) -> None:
    """The gateway has not captured anything, whatever a signed message says."""
    student = shop.people.student()
    order_id = shop.order_of(student)
    assert _post(shop, _v2(shop, order_id), Authorization=_authorization(shop)).status == 200
    message = {"data": {"gateway": "PHONEPE", "event_id": _event_id(shop), "order_id": order_id}}
    outcome = shop.cloud.invoke("process_payment_event", _batch(message))
    assert outcome.answer == {"batchItemFailures": []}
    assert shop.order(student, order_id).status == "PENDING"
    assert shop.order(student, order_id).check_count == 1
    assert_unpaid(shop, student, order_id)
    [event] = shop.events(order_id)
    assert event["state"] == "RECEIVED"


def _event_id(shop: Shop) -> str:
    [item] = _stored(shop)
    return str(item["event_id"]["S"])


def _batch(message: dict[str, object]) -> dict[str, object]:
    return {"Records": [{"messageId": "1", "body": json.dumps(message)}]}


def _flip(text: str) -> str:
    return ("0" if text[0] != "0" else "1") + text[1:]


@pytest.mark.rule("PAY-61", "PAY-60")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda body, verify, auth: (body.replace(b'": "e', b'": "f', 1), {"X-VERIFY": verify}),
        lambda body, verify, auth: (body, {"X-VERIFY": _flip(verify)}),
        lambda body, verify, auth: (body, {"X-VERIFY": verify.replace("###1", "###2")}),
        lambda body, verify, auth: (body, {"X-VERIFY": "nonsense"}),
        lambda body, verify, auth: (body, {"Authorization": _flip(auth)}),
        lambda body, verify, auth: (body, {"Authorization": ""}),
        lambda body, verify, auth: (body, {"Authorization": "Bearer " + auth}),
        lambda body, verify, auth: (body, {}),
        lambda body, verify, auth: (b"{}", {"X-VERIFY": verify}),
        lambda body, verify, auth: (b"\xff\xfe", {"X-VERIFY": verify}),
    ],
)
def test_what_is_not_the_gateways_is_turned_away(
    shop: Shop, spoil: Callable[[bytes, str, str], tuple[bytes, dict[str, str]]]
) -> None:
    student = shop.people.student()
    order_id = shop.order_of(student)
    body, headers = spoil(*_v1(shop, order_id), _authorization(shop))
    answer = shop.client.post(WEBHOOK, body=body, headers=headers)
    assert (answer.status, answer.code) == (401, "WEBHOOK_UNAUTHENTICATED")
    assert _stored(shop) == []
    assert shop.cloud.messages("payment-events") == []


@pytest.mark.rule("PAY-61")
def test_the_twenty_first_bad_one_of_a_minute_is_429_and_good_ones_pass(shop: Shop) -> None:
    answers = [_post(shop, b"{}", Authorization="0" * 64).status for _ in range(25)]
    assert answers[:5] == [401] * 5
    assert answers[-1] == 429
    order_id = shop.order_of(shop.people.student())
    assert _post(shop, _v2(shop, order_id), Authorization=_authorization(shop)).status == 200


@pytest.mark.rule("PAY-60", "PAY-64")
@pytest.mark.parametrize(
    "body",
    [
        b"not json at all",
        b"[]",
        b'{"event": 7, "payload": 8}',
        b'{"event": "something.new", "payload": {"merchantOrderId": "TXN0000", "later": [1, {"a": null}]}}',
        b'{"event": "checkout.order.completed", "payload": {"merchantOrderId": "../../USER#x"}}',
        b"",
    ],
)
def test_whatever_the_gateway_says_is_stored_and_answered(shop: Shop, body: bytes) -> None:
    assert _post(shop, body, Authorization=_authorization(shop)).status == 200
    [item] = _stored(shop)
    stored = store.get(PaymentEvent, PaymentEvent.place("PHONEPE", str(item["event_id"]["S"])))
    assert stored is not None
    assert stored.raw_body == body
    shop.cloud.drain()
    [item] = _stored(shop)
    assert item["state"]["S"] == "UNMATCHED"


@pytest.mark.rule("PAY-64")
def test_an_event_of_an_unknown_order_waits_for_it(shop: Shop) -> None:
    body = _v2(shop, f"TXN{new_ulid()}")
    assert _post(shop, body, Authorization=_authorization(shop)).status == 200
    shop.cloud.drain()
    shop.later(3 * 60)
    assert shop.reconcile()["eventsQueued"] == 1
    shop.later(24 * 3600)
    assert shop.reconcile()["eventsQueued"] == 0


@pytest.mark.rule("PAY-62", "PAY-65", "PAY-111")
def test_the_same_delivery_twice_is_one_event(shop: Shop) -> None:
    student = shop.people.student()
    order_id = shop.order_of(student)
    shop.silence()
    shop.pay(order_id)
    body = _v2(shop, order_id)
    for _ in range(2):
        assert _post(shop, body, Authorization=_authorization(shop)).status == 200
    assert len(_stored(shop)) == 1
    assert len(shop.cloud.messages("payment-events")) == 2
    shop.cloud.drain()
    assert_paid_once(shop, student, order_id)
    assert _post(shop, body, Authorization=_authorization(shop)).status == 200
    assert shop.cloud.messages("payment-events") == []
    actions = [item["action"]["S"] for item in shop.cloud.items() if item["kind"]["S"] == "AuditEntry"]
    assert actions.count("webhook.receive") == 1
    assert actions.count("order.create") == actions.count("order.succeed") == 1


@pytest.mark.rule("PAY-62")
def test_what_cannot_be_stored_is_500_so_that_it_comes_again(shop: Shop) -> None:
    order_id = shop.order_of(shop.people.student())
    body, sent = _v2(shop, order_id), _authorization(shop)
    for service, operation in (("dynamodb", "TransactWriteItems"), ("sqs", "SendMessageBatch")):
        shop.cloud.fault(service, operation, "ReadTimeout", times=50, function="phonepe_webhook")
        assert _post(shop, body, Authorization=sent).status == 500
        shop.cloud.faults.clear()
    assert _post(shop, body, Authorization=sent).status == 200
    assert len(_stored(shop)) == 1
    assert len(shop.cloud.messages("payment-events")) == 1


@pytest.mark.rule("PAY-63")
def test_nothing_is_asked_of_the_gateway_inside(shop: Shop) -> None:
    order_id = shop.order_of(shop.people.student())
    before = len(shop.simulator.calls())
    with shop.cloud.calls.during() as calls:
        assert _post(shop, _v2(shop, order_id), Authorization=_authorization(shop)).status == 200
    assert len(shop.simulator.calls()) == before
    names = [call.name for call in calls if call.service != "ssm"]
    assert names == ["dynamodb.TransactWriteItems", "sqs.SendMessageBatch"]


@pytest.mark.rule("PAY-65", "PAY-66", "PAY-116")
def test_twenty_at_once_while_staff_and_the_workflow_look(shop: Shop) -> None:
    student, admin = shop.people.student(), shop.people.admin("ADMIN_FINANCE")
    order_id = shop.order_of(student)
    shop.simulator.set_behaviour({"webhook": {"copies": 20}})
    with ThreadPoolExecutor(max_workers=4) as pool:
        paid = pool.submit(shop.pay, order_id)
        asked = [pool.submit(shop.finalize, admin, order_id) for _ in range(3)]
        shop.cloud.drain()
        paid.result()
        assert {one.result().status for one in asked} <= {200, 409}
    shop.cloud.drain()
    assert shop.doorstep.answers == [200] * 20
    assert_paid_once(shop, student, order_id)
