"""What every adapter must do (PAY-100), against its simulated gateway. The next adapter joins ``ADAPTERS``."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.commerce.gateways import (
    Flow,
    Gateway,
    GatewayOrder,
    GatewayRefund,
    KnownAlready,
    NoAnswer,
    NotSent,
    Refused,
    State,
    gateway,
)
from chalicelib.commerce.gateways.items import GatewayToken
from chalicelib.commerce.gateways.phonepe import configuration, contract_v1, masking, tokens
from chalicelib.platform import clock, store
from chalicelib.platform.ids import new_ulid
from tests.commerce.payments.door import Door
from tests.commerce.payments.shop import Shop

ADAPTERS = [("PHONEPE", "V1"), ("PHONEPE", "V2")]


@pytest.fixture(params=ADAPTERS, ids="-".join)
def contract(request: pytest.FixtureRequest, shop: Shop) -> str:
    shop.silence()
    return str(request.param[1])


def _adapter() -> Gateway:
    return gateway("PHONEPE")


def _order(contract: str, amount: int = 49_900) -> GatewayOrder:
    return GatewayOrder(
        ref=f"TXN{new_ulid()}",
        amount=amount,
        currency="INR",
        created_at=clock.now(),
        contract=contract,
        account=_adapter().account(),
        payer="0123456789abcdef0123",
        title="Prelims",
        plan_key="basic",
        return_url="https://academy.example/return?txn=1",
    )


def _refund(order: GatewayOrder, amount: int) -> GatewayRefund:
    return GatewayRefund(f"RF{new_ulid()}", order.ref, amount, "INR", order.contract, order.account)


@pytest.mark.rule("PAY-90", "PAY-94", "PAY-100")
def test_a_page_then_a_payment(shop: Shop, contract: str) -> None:
    order = _order(contract)
    page = _adapter().initiate(order)
    assert page.flow is Flow.REDIRECT
    assert str(page.redirect_url).startswith(shop.simulator.url)
    assert _adapter().status(order).state is State.PENDING
    shop.pay(order.ref)
    seen = _adapter().status(order)
    assert (seen.state, seen.amount, seen.currency) == (State.SUCCESS, order.amount, "INR")
    assert seen.captured is not None
    assert seen.captured.id
    assert "98****10@ybl" not in str(seen.captured)


@pytest.mark.rule("PAY-91", "PAY-94", "PAY-100")
def test_a_declined_payment(shop: Shop, contract: str) -> None:
    order = _order(contract)
    _adapter().initiate(order)
    shop.pay(order.ref, "FAILED")
    seen = _adapter().status(order)
    assert (seen.state, seen.captured, seen.timed_out) == (State.FAILED, None, False)
    assert seen.error_code


@pytest.mark.rule("PAY-91", "PAY-100")
def test_an_order_that_timed_out_there(shop: Shop, contract: str) -> None:
    order = _order(contract)
    _adapter().initiate(order)
    shop.later(40 * 60)
    shop.simulator.settle()
    tokens.forget()
    seen = _adapter().status(order)
    assert (seen.state, seen.timed_out) == (State.FAILED, True)


@pytest.mark.rule("PAY-46", "PAY-91", "PAY-100")
def test_an_order_that_never_arrived(shop: Shop, contract: str) -> None:
    order = _order(contract)
    assert _adapter().status(order).state is State.UNKNOWN
    old = replace(order, created_at=clock.now() - timedelta(minutes=16))
    expected = State.FAILED if contract == "V1" else State.UNKNOWN
    assert _adapter().status(old).state is expected


@pytest.mark.rule("PAY-100", "PAY-46")
def test_the_same_order_twice_is_known(shop: Shop, contract: str) -> None:
    order = _order(contract)
    _adapter().initiate(order)
    with pytest.raises(KnownAlready):
        _adapter().initiate(order)


@pytest.mark.rule("PAY-100", "PAY-46")
def test_a_refusal_is_a_refusal(shop: Shop, contract: str) -> None:
    with pytest.raises(Refused):
        _adapter().initiate(_order(contract, amount=99))


@pytest.mark.rule("PAY-47", "PAY-100")
def test_nobody_there_is_not_sent(shop: Shop, contract: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _adapter().prepare(contract, _adapter().account())
    monkeypatch.setenv("PHONEPE_API_BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(NotSent):
        _adapter().initiate(_order(contract))


@pytest.mark.rule("PAY-47", "PAY-100")
@pytest.mark.parametrize("after", [False, True])
def test_a_lost_answer_is_no_answer_and_not_repeated(
    shop: Shop, contract: str, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _adapter().prepare(contract, _adapter().account())
    door = Door(shop.simulator.url)
    try:
        monkeypatch.setenv("PHONEPE_API_BASE_URL", door.url)
        order = _order(contract)
        door.shut(0, after=after)
        with pytest.raises(NoAnswer):
            _adapter().initiate(order)
        assert len(door.calls) == 1
        assert _adapter().status(order).state is (State.PENDING if after else State.UNKNOWN)
        door.shut(0, after=True)
        assert _adapter().status(order).state is (State.PENDING if after else State.UNKNOWN)
        assert len(door.calls) == 2, "asking for the status is repeated"
    finally:
        door.close()


@pytest.mark.rule("PAY-47", "PAY-100")
def test_a_status_that_is_down_raises(shop: Shop, contract: str) -> None:
    order = _order(contract)
    _adapter().initiate(order)
    shop.simulator.set_behaviour({"order": order.ref, "statusDownCalls": 2})
    assert _adapter().status(order).state is State.PENDING
    shop.simulator.set_behaviour({"order": order.ref, "statusDownCalls": 3})
    with pytest.raises(NoAnswer):
        _adapter().status(order)


@pytest.mark.rule("PAY-95", "PAY-90", "PAY-91", "PAY-100")
@pytest.mark.parametrize(("outcome", "state"), [("SUCCESS", State.SUCCESS), ("FAILED", State.FAILED)])
def test_a_refund_and_its_end(shop: Shop, contract: str, outcome: str, state: State) -> None:
    order = _order(contract)
    _adapter().initiate(order)
    shop.pay(order.ref)
    shop.simulator.set_behaviour({"order": order.ref, "outcome": "PENDING", "webhook": {"send": False}})
    refund = _refund(order, 10_000)
    assert _adapter().refund_status(refund).state is State.UNKNOWN
    begun = _adapter().refund(refund)
    assert begun.state is State.PENDING
    assert _adapter().refund_status(refund).state is State.PENDING
    with pytest.raises(KnownAlready):
        _adapter().refund(refund)
    shop.pay(refund.ref, outcome)
    ended = _adapter().refund_status(refund)
    assert (ended.state, bool(ended.provider_refund_id)) == (state, True)
    with pytest.raises(Refused):
        _adapter().refund(_refund(order, order.amount + 1))


@pytest.mark.rule("PAY-93")
def test_the_token_is_shared_and_renewed_by_one(shop: Shop) -> None:
    account = configuration.account()
    first = tokens.authorization(account)
    tokens.forget()
    assert tokens.authorization(account) == first
    assert shop.gateway_calls("/oauth/token") == 1
    shop.later(31 * 60)
    place = GatewayToken.place("PHONEPE", account.merchant_id)
    store.update(GatewayToken, place, [GatewayToken.lease_until.set(clock.epoch() + 20)])
    tokens.forget()
    assert tokens.authorization(account) == first, "somebody else is renewing it"
    store.update(GatewayToken, place, [GatewayToken.lease_until.set(0)])
    second = tokens.authorization(account)
    assert second != first
    assert shop.gateway_calls("/oauth/token") == 2


@pytest.mark.rule("PAY-93")
def test_a_401_renews_the_token_once(shop: Shop) -> None:
    order = _order("V2")
    _adapter().initiate(order)
    shop.simulator.expire_tokens()
    assert _adapter().status(order).state is State.PENDING
    assert shop.gateway_calls("/oauth/token") == 2
    shop.simulator.expire_tokens()
    _adapter().initiate(_order("V2"))
    assert shop.gateway_calls("/oauth/token") == 3


@pytest.mark.rule("PAY-92", "PAY-96", "PAY-60")
def test_former_secrets_still_verify(shop: Shop) -> None:
    from chalicelib.platform import secrets
    from chalicelib.platform.aws import clients

    both = {
        "credentials": [{"username": "new", "password": "N1"}, {"username": "old", "password": "O1"}],
        "salts": {"1": "salt-one", "2": "salt-two"},
        "basic": [{"username": "door", "password": "key"}],
    }
    name = secrets.parameter_name("PHONEPE_WEBHOOK")
    clients.ssm().put_parameter(Name=name, Value=json.dumps(both), Type="SecureString", Overwrite=True)
    secrets.forget()
    adapter = _adapter()
    response = base64.b64encode(b'{"code": "PAYMENT_SUCCESS"}').decode()
    body = json.dumps({"response": response}).encode()
    for index, salt in ((1, "salt-one"), (2, "salt-two")):
        assert adapter.verify({"x-verify": contract_v1.checksum(response, index, salt)}, body)
    assert not adapter.verify({"x-verify": contract_v1.checksum(response, 1, "salt-two")}, body)
    door = "Basic " + base64.b64encode(b"door:key").decode()
    for pair in ("new:N1", "old:O1"):
        digest = hashlib.sha256(pair.encode()).hexdigest()
        assert adapter.verify({"authorization": f"{digest}, {door}"}, b"{}")
        assert not adapter.verify({"authorization": digest}, b"{}")


@pytest.mark.rule("PAY-114", "PAY-97")
def test_a_stage_at_the_wrong_host_does_not_deploy(monkeypatch: pytest.MonkeyPatch) -> None:
    live, sandbox = "https://api.phonepe.com/apis/pg", "https://api-preprod.phonepe.com/apis/pg-sandbox"
    for stage, base, problems in (
        ("prod", live, 0),
        ("prod", sandbox, 2),
        ("staging", live, 2),
        ("staging", sandbox, 0),
        ("staging", "http://127.0.0.1:8001", 2),
        ("test", "http://127.0.0.1:8001", 0),
    ):
        monkeypatch.setenv("STAGE", stage)
        monkeypatch.setenv("PHONEPE_API_BASE_URL", base)
        monkeypatch.setenv("PHONEPE_AUTH_BASE_URL", base)
        assert len(configuration.deployment_problems()) == problems, (stage, base)
    monkeypatch.setenv("PHONEPE_API_BASE_URL", live)
    assert configuration.api_base("V1") == "https://api.phonepe.com/apis/hermes"


@pytest.mark.rule("PAY-112")
def test_instruments_are_masked() -> None:
    assert masking.masked("ravi.kumar@okhdfc") == "ra***@okhdfc"
    assert masking.masked("1234567890123456") == "***3456"
    raw = masking.raw({"rail": {"vpa": "ravi.kumar@okhdfc", "utr": "1"}, "token": "secret", "list": [{"vpa": "a@b"}]})
    assert "ravi.kumar" not in raw
    assert "secret" not in raw
