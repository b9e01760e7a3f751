"""Webhooks by people who are not the gateway, and by a gateway that is not itself (PAY-60 … PAY-70, PAY-126)."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass

import hypothesis
import pytest
from hypothesis import strategies

from chalicelib.commerce.gateways import gateway
from chalicelib.platform.ids import new_ulid
from tests.commerce.payments.shop import PRICE, WEBHOOK, Shop, assert_paid_once, assert_unpaid
from tests.support.client import Response

CONTRACTS = ["V1", "V2"]
ELSEWHERE = "198.51.100.9"


@dataclass
class Post:
    """Signed messages of one contract."""

    shop: Shop
    contract: str

    def signed(self, body: object) -> tuple[bytes, dict[str, str]]:
        """A body (text as it is, else its JSON) as the gateway would send and sign it."""
        secrets = json.loads(self.shop.cloud.secret("PHONEPE_WEBHOOK"))
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        if self.contract == "V2":
            pair = secrets["credentials"][0]
            digest = hashlib.sha256(f"{pair['username']}:{pair['password']}".encode()).hexdigest()
            return text, {"Authorization": digest}
        index, salt = next(iter(secrets["salts"].items()))
        encoded = base64.b64encode(text).decode()
        verify = hashlib.sha256((encoded + salt).encode()).hexdigest()
        return json.dumps({"response": encoded}).encode(), {"X-VERIFY": f"{verify}###{index}"}

    def told(self, order_id: str, *, paid: bool = True, amount: object = PRICE, payment: str = "T1") -> object:
        """What the gateway tells of an order."""
        state = "COMPLETED" if paid else "FAILED"
        if self.contract == "V1":
            data = {"merchantTransactionId": order_id, "transactionId": payment, "amount": amount, "state": state}
            return {"code": "PAYMENT_SUCCESS" if paid else "PAYMENT_ERROR", "data": data}
        payload = {"merchantOrderId": order_id, "orderId": "OMO1", "state": state, "amount": amount}
        return {"event": f"checkout.order.{state.lower()}", "payload": payload}

    def send(self, body: object, **more: str) -> Response:
        """A right message, delivered."""
        raw, headers = self.signed(body)
        return self.shop.client.post(WEBHOOK, body=raw, headers=headers, **more)


@pytest.fixture(params=CONTRACTS)
def post(request: pytest.FixtureRequest, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Post:
    monkeypatch.setenv("PHONEPE_CONTRACT", request.param)
    shop.silence()
    return Post(shop, request.param)


def _stored(shop: Shop) -> int:
    return sum(1 for item in shop.cloud.items() if str(item["pk"]["S"]).startswith("GWEVT#"))


def _signals(shop: Shop) -> list[str]:
    return [item["meta"]["M"]["wrong"]["S"] for item in shop.cloud.items() if item["kind"]["S"] == "SecuritySignal"]


def _nothing_waits(shop: Shop) -> None:
    shop.cloud.drain()
    assert shop.cloud.messages("payment-events-dlq") == []


@pytest.mark.rule("PAY-126")
@pytest.mark.parametrize(
    ("networks", "status"),
    [
        ("", 200),
        (f"PHONEPE={ELSEWHERE}", 200),
        ("PHONEPE=103.116.32.0/24, PHONEPE=198.51.100.8/29", 200),
        ("RAZORPAY=103.116.32.0/24", 200),
        ("PHONEPE=103.116.32.0/24", 401),
        ("PHONEPE=2001:db8::/32", 401),
    ],
)
def test_where_webhooks_may_come_from(shop: Shop, networks: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENT_WEBHOOK_NETWORKS", networks)
    post = Post(shop, "V2")
    answer = post.send(post.told(f"TXN{new_ulid()}"), source_ip=ELSEWHERE)
    assert answer.status == status
    assert _stored(shop) == (1 if status == 200 else 0)
    assert _signals(shop) == ([] if status == 200 else ["ADDRESS"])
    assert len(shop.cloud.messages("payment-events")) == _stored(shop)


@pytest.mark.rule("PAY-126")
@pytest.mark.parametrize(
    ("address", "status"), [("2001:db8::7", 200), ("::ffff:198.51.100.9", 200), ("2001:db9::7", 401), ("unknown", 401)]
)
def test_every_form_of_an_address(shop: Shop, address: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENT_WEBHOOK_NETWORKS", f"PHONEPE=2001:db8::/32,PHONEPE={ELSEWHERE}")
    post = Post(shop, "V1")
    assert post.send(post.told(f"TXN{new_ulid()}"), source_ip=address).status == status


def _flip(raw: bytes, place: int) -> bytes:
    return raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]


@pytest.mark.rule("PAY-61", "PAY-60")
def test_one_flipped_bit_anywhere_is_not_the_gateways(shop: Shop) -> None:
    """Of V1 the signature covers the text, of V2 it is a password; both headers whole."""
    adapter = gateway("PHONEPE")
    for contract in CONTRACTS:
        post = Post(shop, contract)
        raw, headers = post.signed(post.told(f"TXN{new_ulid()}"))
        [(name, value)] = headers.items()
        assert adapter.verify({name.lower(): value}, raw)
        digest = value.partition("###")[0]
        for place in range(0, len(digest), 7):
            bad = _flip(value.encode(), place).decode()
            assert not adapter.verify({name.lower(): bad}, raw), (contract, place)
        if contract == "V1":
            text = raw.index(b"ey")
            for place in range(text, len(raw) - 2, 11):
                assert not adapter.verify({name.lower(): value}, _flip(raw, place)), place


@pytest.mark.rule("PAY-60")
@hypothesis.settings(max_examples=30, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(
    raw=strategies.binary(max_size=200)
    | strategies.recursive(
        strategies.none() | strategies.booleans() | strategies.integers() | strategies.floats() | strategies.text(),
        lambda inner: (
            strategies.lists(inner, max_size=3)
            | strategies.dictionaries(
                strategies.sampled_from(["event", "payload", "data", "code", "merchantOrderId", "amount", "response"]),
                inner,
                max_size=4,
            )
        ),
    ).map(lambda value: json.dumps(value).encode()),
    name=strategies.sampled_from(["x-verify", "authorization"]),
    value=strategies.text(max_size=80),
)
def test_whatever_comes_is_read_without_a_fault(shop: Shop, raw: bytes, name: str, value: str) -> None:
    adapter = gateway("PHONEPE")
    assert adapter.verify({name: value}, raw) is False
    event = adapter.parse(raw, {name: value})
    assert event.event_id == hashlib.sha256(raw).hexdigest()
    assert event.event_type


DEEP = b"[" * 50_000 + b"]" * 50_000
MALFORMED: list[object] = [
    b"\xff\xfe not text",
    DEEP,
    b'{"code": 1' + b"0" * 6_000 + b"}",
    b'{"code": NaN, "event": Infinity}',
    {"code": "\ud800", "event": "\ud800", "payload": {"merchantOrderId": "\ud800", "orderId": "\udfff" * 9}},
    {"code": "A\x00B", "event": "A\x00B", "data": {"transactionId": "\x00"}, "payload": {"orderId": "\x00"}},
    {"code": ["PAYMENT_SUCCESS"], "event": {"a": 1}, "data": "x", "payload": [1, 2]},
    {"code": "X" * 70_000, "event": "X" * 70_000},
    {"event": "e", "payload": {"merchantOrderId": {"$ne": 1}, "paymentDetails": [7], "amount": 10**400}},
    {"code": "c", "data": {"merchantTransactionId": 7, "transactionId": {"a": 1}, "amount": -(10**30)}},
]


@pytest.mark.rule("PAY-60", "PAY-62", "PAY-64")
def test_signed_nonsense_is_stored_and_answered(post: Post) -> None:
    for body in MALFORMED:
        answer = post.send(body)
        assert answer.status == 200, body if not isinstance(body, bytes) else body[:40]
    assert _stored(post.shop) == len(MALFORMED)
    _nothing_waits(post.shop)
    states = {item["state"]["S"] for item in post.shop.cloud.items() if str(item["pk"]["S"]).startswith("GWEVT#")}
    assert states == {"UNMATCHED"}


@pytest.mark.rule("PAY-60", "PAY-62")
def test_a_large_one_is_kept_and_an_enormous_one_refused(post: Post) -> None:
    order_id = f"TXN{new_ulid()}"
    large = {**dict(post.told(order_id)), "more": "x" * 150_000}  # type: ignore[call-overload]
    assert post.send(large).status == 200
    enormous = {**large, "more": "x" * 300_000}
    answer = post.send(enormous)
    assert (answer.status, _stored(post.shop)) == (413, 1)
    _nothing_waits(post.shop)


@pytest.mark.rule("PAY-66", "PAY-65", "PAY-31")
def test_in_any_order_and_any_number(post: Post) -> None:
    """An older or contradicting event never moves an order back, and none is believed."""
    shop, student = post.shop, post.shop.people.student()
    order_id = shop.order_of(student)
    failed, paid = post.told(order_id, paid=False), post.told(order_id)
    for body in (failed, paid, failed):
        assert post.send(body).status == 200
    shop.cloud.drain(executions=False)
    assert shop.order(student, order_id).status == "PENDING", "the gateway has seen no money yet"
    assert_unpaid(shop, student, order_id)
    shop.pay(order_id)
    for body in (failed, paid, failed, paid, post.told(order_id, payment="T2")):
        assert post.send(body).status == 200
    _nothing_waits(shop)
    assert_paid_once(shop, student, order_id)
    for body in (failed, paid, post.told(order_id, paid=False, payment="T9")):
        assert post.send(body).status == 200
    _nothing_waits(shop)
    assert_paid_once(shop, student, order_id)


@pytest.mark.rule("PAY-31", "PAY-64")
def test_a_message_of_one_order_is_none_of_another(post: Post) -> None:
    """Somebody who knows a password of V2 could name any order; the status API is asked of that one."""
    shop, one, other = post.shop, post.shop.people.student(), post.shop.people.student()
    paid, unpaid = shop.order_of(one), shop.order_of(other)
    shop.pay(paid)
    payment = shop.simulator.orders()[-1]["transactionIds"][0]
    assert post.send(post.told(unpaid, payment=payment)).status == 200
    shop.cloud.drain(executions=False)
    assert shop.order(other, unpaid).status == "PENDING"
    assert_unpaid(shop, other, unpaid)


@pytest.mark.rule("PAY-70")
@pytest.mark.parametrize("delta", [-1, 1])
def test_one_paisa_off_is_held(post: Post, delta: int) -> None:
    """What counts is what the gateway says when asked, not what its message said."""
    shop, student = post.shop, post.shop.people.student()
    shop.simulator.set_behaviour({"amountDelta": delta, "webhook": {"send": False}})
    order_id = shop.order_of(student)
    shop.pay(order_id)
    assert post.send(post.told(order_id)).status == 200
    _nothing_waits(shop)
    order = shop.order(student, order_id)
    assert (order.status, order.status_reason, list(order.flags)) == (
        "REVIEW",
        "AMOUNT_MISMATCH",
        ["AMOUNT_MISMATCH"],
    )
    assert int(order.captured_paise) == PRICE + delta
    assert shop.periods(student) == []
    assert shop.balance() == {"GATEWAY:PHONEPE": PRICE + delta, "SUSPENSE": -PRICE - delta}


@pytest.mark.rule("PAY-31", "PAY-70")
def test_messages_that_lie_about_the_sum_change_nothing(post: Post) -> None:
    shop, student = post.shop, post.shop.people.student()
    order_id = shop.order_of(student)
    shop.pay(order_id)
    for amount in (PRICE - 1, PRICE + 1, 0, -1, None, "49900", 10**30):
        assert post.send(post.told(order_id, amount=amount)).status == 200
    _nothing_waits(shop)
    assert_paid_once(shop, student, order_id)
