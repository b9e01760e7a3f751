"""What is PhonePe's own beside what every adapter owes (``test_adapters``): tokens, secrets, hosts, masks, patience."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.commerce.gateways import Gateway, GatewayOrder, NotSent, State, gateway
from chalicelib.commerce.gateways.items import GatewayToken
from chalicelib.commerce.gateways.phonepe import configuration, contract_v1, masking, tokens
from chalicelib.platform import clock, store
from chalicelib.platform.ids import new_ulid
from tests.commerce.payments.shop import Shop
from tests.commerce.payments.stranger import http, stranger


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


@pytest.mark.rule("PAY-91", "PAY-46")
@pytest.mark.parametrize(("contract", "state"), [("V1", State.FAILED), ("V2", State.UNKNOWN)])
def test_an_order_that_v1_has_not_heard_of_in_15_minutes_has_failed(shop: Shop, contract: str, state: State) -> None:
    order = _order(contract)
    for minutes, expected in ((14, State.UNKNOWN), (16, state)):
        old = replace(order, created_at=clock.now() - timedelta(minutes=minutes))
        assert _adapter().status(old).state is expected


@pytest.mark.rule("PAY-93")
@pytest.mark.parametrize(
    "answer",
    [
        {"access_token": {"a": 1}},
        {"access_token": "two\r\nlines"},
        {"access_token": ""},
        {"access_token": "x" * 9_000},
        {"error": "none today"},
    ],
)
def test_a_token_that_is_none_sends_nothing(
    shop: Shop, answer: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with stranger() as them:
        them.says = http("200 OK", json.dumps(answer).encode())
        monkeypatch.setenv("PHONEPE_AUTH_BASE_URL", them.url)
        with pytest.raises(NotSent):
            _adapter().initiate(_order("V2"))
    assert shop.gateway_calls("/checkout/v2/pay") == 0


@pytest.mark.rule("PAY-93")
def test_a_token_with_strange_times_is_used_for_a_while(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    with stranger() as them:
        them.says = http("200 OK", b'{"access_token": "T", "issued_at": "soon", "expires_at": {}}')
        monkeypatch.setenv("PHONEPE_AUTH_BASE_URL", them.url)
        assert tokens.authorization(configuration.account()) == "O-Bearer T"


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
