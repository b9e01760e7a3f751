"""What every gateway's adapter owes (PAY-100), against its simulator: the same suite for each of ``STANDS``.

Of each call that moves money an adapter says whether it was taken, refused, never sent, or nobody knows; of an order it
says what the gateway says and nothing else. Whoever answers at the gateway's address, an adapter neither crashes nor
waits without end, and it never takes nonsense for money.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.commerce.gateways import (
    Flow,
    GatewayOrder,
    GatewayTrouble,
    KnownAlready,
    NoAnswer,
    NotSent,
    RefundStatus,
    Refused,
    State,
)
from chalicelib.commerce.gateways.phonepe import tokens
from chalicelib.commerce.gateways.transport import MAX_BYTES
from chalicelib.platform import clock
from infra.local.emulator import Emulator
from tests.commerce.payments.door import Door
from tests.commerce.payments.shop import Street
from tests.commerce.payments.stands import FakeStand, PhonePeStand, Stand, a_refund, an_order
from tests.commerce.payments.stranger import Answer, Line, Stranger, http, stranger
from tests.support.phonepe import Receiver, receiving

OVER_HTTP = ["PHONEPE-V1", "PHONEPE-V2"]
STANDS = [*OVER_HTTP, "FAKE-F1"]
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture(params=STANDS)
def stand(
    request: pytest.FixtureRequest,
    cloud: Emulator,
    gateway_street: Street,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stand]:
    name, _, contract = str(request.param).partition("-")
    if name == "FAKE":
        yield FakeStand()
        return
    simulator = gateway_street.simulator
    simulator.reset()
    receiver.received.clear()
    tokens.forget()
    usual = simulator.config.webhook_url
    try:
        yield PhonePeStand(contract, cloud, simulator, receiver, monkeypatch.setenv)
    finally:
        assert simulator.wait_idle(10)
        simulator.reset()
        simulator.config.webhook_url = usual


over_http = pytest.mark.parametrize("stand", OVER_HTTP, indirect=True)


def _begun(stand: Stand, order: GatewayOrder) -> GatewayOrder:
    """An order under way, as we then know it."""
    return replace(order, provider_order_id=stand.adapter.initiate(order).provider_order_id)


def _paid(stand: Stand) -> GatewayOrder:
    order = _begun(stand, an_order(stand))
    stand.pay(order.ref, State.SUCCESS)
    return order


@pytest.mark.rule("PAY-100", "PAY-90", "PAY-94", "PAY-112")
def test_a_page_then_a_payment(stand: Stand) -> None:
    order, adapter = an_order(stand), stand.adapter
    page = adapter.initiate(order)
    assert page.flow is Flow.REDIRECT
    assert str(page.redirect_url).startswith(stand.url or "https://")
    assert page.provider_order_id
    order = replace(order, provider_order_id=page.provider_order_id)
    assert (adapter.status(order).state, adapter.status(order).captured) == (State.PENDING, None)
    stand.pay(order.ref, State.SUCCESS)
    seen = adapter.status(order)
    assert (seen.state, seen.amount, seen.currency, seen.timed_out) == (State.SUCCESS, order.amount, "INR", False)
    assert seen.captured is not None
    assert 0 < len(seen.captured.id) <= 128
    assert len({one.id for one in seen.payments}) == len(seen.payments)
    assert adapter.status(order) == seen, "asked again it says the same"
    assert not [text for text in stand.private if text in repr(seen)]
    assert adapter.supports("INR")
    assert not adapter.supports("QQQ")


@pytest.mark.rule("PAY-100", "PAY-91", "PAY-94")
def test_a_payment_that_is_declined_and_one_that_nobody_made(stand: Stand) -> None:
    declined, waiting = _begun(stand, an_order(stand)), _begun(stand, an_order(stand))
    stand.pay(declined.ref, State.FAILED)
    seen = stand.adapter.status(declined)
    assert (seen.state, seen.captured, seen.timed_out) == (State.FAILED, None, False)
    assert seen.error_code
    stand.lapse()
    seen = stand.adapter.status(waiting)
    assert (seen.state, seen.captured, seen.timed_out) == (State.FAILED, None, True)


@pytest.mark.rule("PAY-100", "PAY-46", "PAY-91")
def test_an_order_that_never_arrived(stand: Stand) -> None:
    order = an_order(stand)
    assert stand.adapter.status(order).state is State.UNKNOWN
    old = replace(order, created_at=clock.now() - timedelta(minutes=16))
    assert stand.adapter.status(old).state in (State.UNKNOWN, State.FAILED)
    assert stand.adapter.refund_status(a_refund(order, 100)).state is State.UNKNOWN


@pytest.mark.rule("PAY-100", "PAY-46")
def test_what_was_taken_once_is_known_and_what_is_wrong_is_refused(stand: Stand) -> None:
    order = _begun(stand, an_order(stand))
    with pytest.raises(KnownAlready):
        stand.adapter.initiate(order)
    assert stand.adapter.status(order).state is State.PENDING
    small = an_order(stand, amount=99)
    with pytest.raises(Refused):
        stand.adapter.initiate(small)
    assert stand.adapter.status(small).state is State.UNKNOWN, "a refusal leaves nothing there"


@pytest.mark.rule("PAY-100", "PAY-70")
@pytest.mark.parametrize("off", [-1, 1])
def test_the_sum_is_the_one_that_was_taken(stand: Stand, off: int) -> None:
    order = _begun(stand, an_order(stand))
    stand.take(order.ref, order.amount + off)
    seen = stand.adapter.status(order)
    assert (seen.state, seen.amount) == (State.SUCCESS, order.amount + off)


@pytest.mark.rule("PAY-100", "PAY-90", "PAY-91", "PAY-95")
@pytest.mark.parametrize("outcome", [State.SUCCESS, State.FAILED])
def test_a_refund_and_its_end(stand: Stand, outcome: State) -> None:
    order, adapter = _paid(stand), stand.adapter
    stand.decide_later()
    refund = a_refund(order, 10_000)
    assert adapter.refund(refund).state is State.PENDING
    assert adapter.refund_status(refund).state is State.PENDING
    with pytest.raises(KnownAlready):
        adapter.refund(refund)
    stand.pay(refund.ref, outcome)
    ended = adapter.refund_status(refund)
    assert (ended.state, bool(ended.provider_refund_id)) == (outcome, True)
    with pytest.raises(Refused):
        adapter.refund(a_refund(order, order.amount + 1))


@pytest.mark.rule("PAY-100", "PAY-47")
def test_a_question_is_asked_three_times(stand: Stand) -> None:
    order = _begun(stand, an_order(stand))
    stand.never_answers(order.ref, 2)
    assert stand.adapter.status(order).state is State.PENDING
    stand.never_answers(order.ref, 3)
    with pytest.raises(NoAnswer):
        stand.adapter.status(order)


@pytest.mark.rule("PAY-100", "PAY-60", "PAY-61", "PAY-62", "PAY-92", "PAY-96")
def test_webhooks_are_known_by_their_signature_and_by_their_id(stand: Stand) -> None:
    adapter, order = stand.adapter, _paid(stand)
    refund = a_refund(order, 100)
    stand.decide_later()
    adapter.refund(refund)
    stand.pay(refund.ref, State.SUCCESS)
    told = stand.webhooks()
    events = [adapter.parse(one.body, one.headers) for one in told]
    assert order.ref in {one.merchant_transaction_id for one in events}
    assert refund.ref in {one.merchant_refund_id for one in events}
    assert len({one.event_id for one in events}) == len(events) == len(told) >= 2
    for one, event in zip(told, events, strict=True):
        assert adapter.verify(one.headers, one.body)
        assert adapter.parse(one.body, one.headers).event_id == event.event_id
        for name, value in one.headers.items():
            bad = {**one.headers, name: ("0" if value[:1] != "0" else "1") + value[1:]}
            if adapter.verify(bad, one.body):
                assert name not in ("authorization", "x-verify", "x-fake-signature")
            without = {other: text for other, text in one.headers.items() if other != name}
            assert adapter.verify(without, one.body) == adapter.verify(bad, one.body)
        assert not adapter.verify({}, one.body)


@pytest.mark.rule("PAY-100", "PAY-60")
def test_no_body_is_too_strange_to_be_read(stand: Stand) -> None:
    headers = _paid(stand) and stand.webhooks()[0].headers
    for raw in (b"", b"\xff\xfe", b"null", b"[]", b"7", b'"text"', b"{", b"[" * 50_000, b'{"event": [], "order": {}}'):
        event = stand.adapter.parse(raw, headers)
        assert event.event_id
        assert event.event_type
        assert (event.merchant_transaction_id, event.merchant_refund_id) == (None, None)


@over_http
@pytest.mark.rule("PAY-100", "PAY-47")
def test_where_nobody_is_nothing_was_sent(stand: Stand) -> None:
    order = _paid(stand)
    stand.reach(NOBODY)
    with pytest.raises(NotSent):
        stand.adapter.initiate(an_order(stand))
    with pytest.raises(NotSent):
        stand.adapter.refund(a_refund(order, 100))
    with pytest.raises(GatewayTrouble):
        stand.adapter.status(order)
    tokens.forget()
    stand.adapter.prepare(stand.contract, stand.adapter.account())


@over_http
@pytest.mark.rule("PAY-100", "PAY-47", "PAY-83")
@pytest.mark.parametrize("after", [False, True], ids=["lost on the way", "answer lost"])
def test_a_lost_answer_is_no_answer_and_not_repeated(stand: Stand, after: bool) -> None:
    paid = _paid(stand)
    stand.decide_later()
    door = Door(str(stand.url))
    try:
        stand.reach(door.url)
        order, refund = an_order(stand), a_refund(paid, 100)
        for ask, there in (
            (lambda: stand.adapter.initiate(order), lambda: stand.adapter.status(order).state),
            (lambda: stand.adapter.refund(refund), lambda: stand.adapter.refund_status(refund).state),
        ):
            before = stand.money_calls()
            door.shut(0, after=after)
            with pytest.raises(NoAnswer):
                ask()
            assert len(door.calls) == 1
            assert stand.money_calls() == before + after
            assert there() is (State.PENDING if after else State.UNKNOWN)
    finally:
        door.close()


def _drip(line: Line) -> None:
    """Never silent for long, and never at an end."""
    line.send(b"HTTP/1.1 200 OK\r\n")
    while not line.wait(0.2):
        line.send(b"X-More: 1\r\n")


def _slow_body(line: Line) -> None:
    line.send(http("200 OK", b"", length=1_000))
    while not line.wait(0.2):
        line.send(b" ")


def _broken_off(line: Line) -> None:
    line.send(http("200 OK", b'{"state": "COMPLETED", "amount": 49', length=5_000))


NESTED = b'{"a":' * 900 + b"1" + b"}" * 900
NONSENSE = {
    "state": 7,
    "orderId": {"$ne": None},
    "amount": "a lot",
    "redirectUrl": "javascript:alert(1)",
    "expireAt": 10**30,
    "success": "yes",
    "code": ["PAYMENT_SUCCESS"],
    "data": {"instrumentResponse": {"redirectInfo": {"url": "https://a\nb"}}, "transactionId": ["T"]},
    "paymentDetails": 7,
    "refundId": {},
    "errorCode": {"a": "\u0000"},
}
ANSWERS: dict[str, Answer] = {
    "a page": http("200 OK", b"<html>Sign in to this network</html>", "Content-Type: text/html"),
    "nothing": http("200 OK"),
    "no content": http("204 No Content"),
    "null": http("200 OK", b"null"),
    "a list": http("200 OK", b'[{"state": "COMPLETED"}]'),
    "an empty object": http("200 OK", b"{}"),
    "not text": http("200 OK", b"\xff\xfe\x00{", "Content-Type: application/json"),
    "half a pair": http("200 OK", b'{"state": "\\ud800", "code": "\\ud800", "orderId": "\\ud800"}'),
    "nonsense": http("200 OK", json.dumps(NONSENSE).encode()),
    "deep": http("200 OK", NESTED),
    "deeper": http("200 OK", b"[" * 100_000),
    "huge": http("200 OK", b'{"state": "PENDING", "more": "' + b"x" * (MAX_BYTES + 1) + b'"}'),
    "packed": http("200 OK", gzip.compress(b"[" + b"1," * 3_000_000), "Content-Encoding: gzip"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "hung up": b"",
    "broken off": _broken_off,
    "unavailable": http("503 Service Unavailable", b"<html>"),
    "an error of its own": http("500 Internal Server Error", b'{"code": "INTERNAL_SERVER_ERROR"}'),
    "too late": http("408 Request Timeout", b"{}"),
    "not found by something in between": http("404 Not Found", b"<html>nginx</html>"),
}


def _strangers_answer(stand: Stand, them: Stranger, order: GatewayOrder) -> None:
    """Whatever it says: no page, no money, no refund, no fault, and nothing that moves money is sent twice."""
    adapter = stand.adapter
    them.requests.clear()
    with pytest.raises(GatewayTrouble) as begun:
        adapter.initiate(an_order(stand))
    assert not isinstance(begun.value, KnownAlready)
    assert len(them.requests) == 1
    try:
        back = adapter.refund(a_refund(order, 100))
    except (NoAnswer, NotSent, Refused):
        back = RefundStatus(State.PENDING)
    assert back.state is State.PENDING
    assert len(them.requests) == 2


@over_http
@pytest.mark.rule("PAY-100", "PAY-47", "PAY-83")
@pytest.mark.parametrize("says", ANSWERS.values(), ids=ANSWERS.keys())
def test_whoever_answers_nothing_is_believed(stand: Stand, says: Answer) -> None:
    order = _paid(stand)
    with stranger() as them:
        them.says = says
        stand.reach(them.url)
        _strangers_answer(stand, them, order)
        try:
            seen = stand.adapter.status(order)
        except (NoAnswer, NotSent):
            return
        assert seen.state is State.PENDING, "that it was not found is nothing that a stranger can say"
        assert not seen.payments


@over_http
@pytest.mark.rule("PAY-100", "PAY-47")
@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"])
def test_nobody_is_followed_elsewhere(stand: Stand, status: str) -> None:
    order = _paid(stand)
    with stranger() as them, stranger() as elsewhere:
        elsewhere.says = http(
            "200 OK", b'{"state": "COMPLETED", "amount": 49900, "redirectUrl": "https://evil.example/"}'
        )
        them.says = http(status, elsewhere.says.partition(b"\r\n\r\n")[2], f"Location: {elsewhere.url}/x")
        stand.reach(them.url)
        _strangers_answer(stand, them, order)
        with pytest.raises(NoAnswer):
            stand.adapter.status(order)
        assert elsewhere.requests == []


@over_http
@pytest.mark.rule("PAY-100", "PAY-70")
def test_a_payment_without_a_usable_sum_is_none(stand: Stand) -> None:
    order = replace(_paid(stand), provider_order_id="OURS")
    with stranger() as them:
        stand.reach(them.url)
        for lie in stand.lies(order):
            them.says = http("200 OK", lie, "Content-Type: application/json")
            with pytest.raises(NoAnswer):
                stand.adapter.status(order)


@over_http
@pytest.mark.rule("PAY-100", "PAY-47")
@pytest.mark.parametrize("says", [_drip, _slow_body, lambda line: line.wait(30)], ids=["drips", "slow", "silent"])
def test_nobody_is_waited_for_without_end(
    stand: Stand, says: Callable[[Line], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_CONNECT_SECONDS", "1")
    monkeypatch.setenv("GATEWAY_READ_SECONDS", "1")
    with stranger() as them:
        them.says = says
        stand.reach(them.url)
        with pytest.raises(NoAnswer) as waited:
            stand.adapter.initiate(an_order(stand))
        assert waited.value.reason == "TIMED_OUT"
        assert len(them.requests) == 1
