"""The hosted payment page: what it shows and where its buttons lead."""

from __future__ import annotations

import re

import pytest
import requests

from tests.support.phonepe import MERCHANT, Gateway, eventually, x_verify


def press(gateway: Gateway, outcome: str, order: str = "TXN1") -> requests.Response:
    """Presses a button of the page as a browser does, without following the redirect."""
    url = gateway.order(order)["pageUrl"]
    token = re.search(r'name="token" value="([^"]+)"', requests.get(url, timeout=10).text)
    assert token
    form = {"token": token[1], "outcome": outcome}
    target = f"{gateway.simulator.url}/transact/pg/outcome"
    return requests.post(target, data=form, timeout=10, allow_redirects=False)


@pytest.mark.rule("LOC-07")
def test_the_page_shows_merchant_amount_and_the_four_outcomes(gateway: Gateway) -> None:
    gateway.v2.pay(amount=12345650)
    page = requests.get(gateway.order()["pageUrl"], timeout=10)

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Pathshala Test Academy" in page.text
    assert "₹1,23,456.50" in page.text
    assert "TXN1" in page.text
    assert "30 min" in page.text
    assert re.findall(r'name="outcome" value="(\w+)"', page.text) == ["SUCCESS", "FAILED", "PENDING", "CLOSE"]
    assert 'name="viewport" content="width=device-width' in page.text


@pytest.mark.rule("LOC-07")
def test_the_page_loads_nothing_from_elsewhere(gateway: Gateway) -> None:
    gateway.v2.pay()
    page = requests.get(gateway.order()["pageUrl"], timeout=10)

    assert re.findall(r"<(?:link|img|iframe|script)[^>]*(?:src|href)=", page.text) == []
    assert "url(" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.rule("LOC-07")
def test_what_the_merchant_wrote_is_escaped(gateway: Gateway) -> None:
    flow = {"type": "PG_CHECKOUT", "message": "<script>alert(1)</script>"}
    gateway.v2.pay(paymentFlow=flow)

    assert "<script>alert" not in requests.get(gateway.order()["pageUrl"], timeout=10).text


@pytest.mark.rule("LOC-07")
@pytest.mark.parametrize(
    ("outcome", "state", "hooks"),
    [("SUCCESS", "COMPLETED", 1), ("FAILED", "FAILED", 1), ("PENDING", "PENDING", 0)],
)
def test_a_choice_redirects_to_the_return_url(gateway: Gateway, outcome: str, state: str, hooks: int) -> None:
    gateway.v2.pay()
    answer = press(gateway, outcome)

    assert answer.status_code == 303
    assert answer.headers["Location"] == "https://academy.example/pay?txn=TXN1"
    assert gateway.v2.state() == state
    assert gateway.simulator.wait_idle(5)
    assert len(gateway.receiver.received) == hooks


@pytest.mark.rule("LOC-07")
def test_closing_goes_nowhere_and_the_page_can_be_opened_again(gateway: Gateway) -> None:
    gateway.v2.pay()
    closed = press(gateway, "CLOSE")

    assert closed.status_code == 200
    assert "academy.example" not in closed.text
    assert gateway.v2.status().json()["paymentDetails"] == []
    assert press(gateway, "SUCCESS").status_code == 303


@pytest.mark.rule("LOC-08")
def test_told_before_the_redirect_the_webhook_comes_first(gateway: Gateway) -> None:
    gateway.simulator.set_behaviour({"webhook": {"beforeRedirect": True}})
    gateway.v2.pay()
    press(gateway, "SUCCESS")

    assert [sent["status"] for sent in gateway.order()["webhooks"]] == [200]


@pytest.mark.rule("LOC-07", "LOC-08")
def test_the_redirect_does_not_wait_for_a_slow_merchant(gateway: Gateway) -> None:
    gateway.receiver.hold.clear()
    gateway.v2.pay()

    assert press(gateway, "SUCCESS").status_code == 303
    gateway.receiver.wait_for(1)
    assert gateway.order()["webhooks"] == []


@pytest.mark.rule("LOC-07")
def test_a_paid_order_offers_only_the_way_back(gateway: Gateway) -> None:
    gateway.v2.pay()
    url = gateway.order()["pageUrl"]
    token = url.split("token=")[1]
    press(gateway, "SUCCESS")
    page = requests.get(url, timeout=10).text
    again = requests.post(
        f"{gateway.simulator.url}/transact/pg/outcome", data={"token": token, "outcome": "FAILED"}, timeout=10
    )

    assert "This order is paid." in page
    assert "<button" not in page
    assert 'href="https://academy.example/pay?txn=TXN1"' in page
    assert again.status_code == 409
    assert gateway.v2.state() == "COMPLETED"


@pytest.mark.rule("LOC-07")
def test_an_expired_order_cannot_be_paid_on_the_page(gateway: Gateway) -> None:
    gateway.v2.pay()
    gateway.clock.advance(1800)
    eventually(lambda: gateway.v2.state() == "FAILED", "expired")

    assert "<button" not in requests.get(gateway.order()["pageUrl"], timeout=10).text


@pytest.mark.rule("LOC-07")
def test_an_order_without_a_return_url_stays_on_the_page(gateway: Gateway) -> None:
    gateway.v2.pay(paymentFlow={"type": "PG_CHECKOUT"})

    answer = press(gateway, "SUCCESS")
    assert answer.status_code == 200
    assert "This order is paid." in answer.text


@pytest.mark.rule("LOC-07")
def test_v1_goes_back_by_redirect_or_by_a_signed_form(gateway: Gateway) -> None:
    gateway.v1.pay("TXN1")
    gateway.v1.pay("TXN2", redirectMode="POST")

    assert press(gateway, "SUCCESS", "TXN1").headers["Location"] == "https://academy.example/pay?txn=TXN1"
    page = press(gateway, "SUCCESS", "TXN2").text
    assert 'action="https://academy.example/pay?txn=TXN2"' in page
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    checksum = fields.pop("checksum")
    assert (fields["code"], fields["merchantId"], fields["transactionId"]) == (
        "PAYMENT_SUCCESS",
        MERCHANT,
        "TXN2",
    )
    assert checksum == x_verify("".join(fields.values()), 2)


@pytest.mark.rule("LOC-07")
def test_an_unknown_link_or_choice_is_refused(gateway: Gateway) -> None:
    gateway.v2.pay()

    assert requests.get(f"{gateway.simulator.url}/transact/pg?token=no", timeout=10).status_code == 404
    assert press(gateway, "STEAL").status_code == 400
    assert gateway.v2.state() == "PENDING"


@pytest.mark.rule("LOC-07")
def test_the_front_page_lists_the_orders(gateway: Gateway) -> None:
    assert "No orders yet" in requests.get(gateway.simulator.url, timeout=10).text
    gateway.v2.pay()

    assert gateway.order()["pageUrl"] in requests.get(gateway.simulator.url, timeout=10).text
