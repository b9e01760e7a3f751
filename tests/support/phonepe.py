"""For tests of the PhonePe simulator: a clock to move, a merchant's raw HTTP calls, a real receiver of
webhooks.

The calls are written here from the public contract, with their own hashing, so that a mistake in the
simulator does not cancel itself out.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from time import monotonic
from typing import Any

import requests

from infra.local.phonepe import Simulator, SimulatorConfig, start

MERCHANT = "PATHSHALAUAT"
SALTS = {1: "old-salt-key", 2: "new-salt-key"}
USERNAME, PASSWORD = "hook_user", "HookPass123"
TIMEOUT = 10


def config(webhook_url: str = "http://127.0.0.1:9/none") -> SimulatorConfig:
    return SimulatorConfig(
        merchant_id=MERCHANT,
        salts=SALTS,
        client_id="CLIENT",
        client_secret="client-secret",
        client_version="1",
        webhook_username=USERNAME,
        webhook_password=PASSWORD,
        webhook_url=webhook_url,
        merchant_name="Pathshala Test Academy",
    )


class MovableClock:
    """A clock that only moves when told to."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


def eventually(condition: Callable[[], bool], what: str, timeout: float = 10.0) -> None:
    """Waits until a condition holds, failing by name after ``timeout`` real seconds."""
    pause, until = Event(), monotonic() + timeout
    while not condition():
        assert monotonic() < until, f"did not happen: {what}"
        pause.wait(0.01)


@dataclass(frozen=True)
class Received:
    """One POST that arrived; header names are lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value

    @property
    def response(self) -> dict[str, Any]:
        """What a V1 callback's base64 holds."""
        value = json.loads(base64.b64decode(self.json["response"]))
        assert isinstance(value, dict)
        return value


class Receiver:
    """A merchant's webhook endpoint on a real port."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.status = 200
        self.hold = Event()
        self.hold.set()
        self.most_at_once = 0
        self._at_once = 0
        self._changed = Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.take(Received(self.path, headers, body))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Silent."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhook"
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def take(self, received: Received) -> None:
        with self._changed:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.received.append(received)
            self._changed.notify_all()
        self.hold.wait(10)
        with self._changed:
            self._at_once -= 1

    def wait_for(self, count: int) -> list[Received]:
        """The first ``count`` that arrived, once they did."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self.received) >= count, timeout=10)
            assert arrived, f"{len(self.received)} webhooks instead of {count}"
            return list(self.received[:count])

    def close(self) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()


class MerchantV2:
    """A merchant's V2 calls, raw."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._token: str | None = None

    def fetch_token(self, **fields: str) -> requests.Response:
        form = {
            "client_id": "CLIENT",
            "client_secret": "client-secret",
            "client_version": "1",
            "grant_type": "client_credentials",
        }
        return requests.post(f"{self.url}/v1/oauth/token", data=form | fields, timeout=TIMEOUT)

    def headers(self) -> dict[str, str]:
        if self._token is None:
            self._token = self.fetch_token().json()["access_token"]
        return {"Authorization": f"O-Bearer {self._token}"}

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> requests.Response:
        sent = self.headers() if headers is None else headers
        return requests.post(self.url + path, json=body, headers=sent, timeout=TIMEOUT)

    def get(self, path: str, headers: dict[str, str] | None = None, timeout: float = TIMEOUT) -> requests.Response:
        sent = self.headers() if headers is None else headers
        return requests.get(self.url + path, headers=sent, timeout=timeout)

    def pay(self, order: str = "TXN1", amount: int = 11800, **fields: Any) -> requests.Response:
        body = {
            "merchantOrderId": order,
            "amount": amount,
            "expireAfter": 1800,
            "metaInfo": {"udf1": "gold", "udf2": "test"},
            "paymentFlow": {
                "type": "PG_CHECKOUT",
                "message": "Gold plan",
                "merchantUrls": {"redirectUrl": f"https://academy.example/pay?txn={order}"},
            },
        }
        return self.post("/checkout/v2/pay", body | fields)

    def status(self, order: str = "TXN1", query: str = "?details=false") -> requests.Response:
        return self.get(f"/checkout/v2/order/{order}/status{query}")

    def state(self, order: str = "TXN1") -> str:
        return str(self.status(order).json()["state"])

    def refund(self, refund: str = "RF1", order: str = "TXN1", amount: int = 11800) -> requests.Response:
        body = {"merchantRefundId": refund, "originalMerchantOrderId": order, "amount": amount}
        return self.post("/payments/v2/refund", body)

    def refund_status(self, refund: str = "RF1") -> requests.Response:
        return self.get(f"/payments/v2/refund/{refund}/status")


class MerchantV1:
    """A merchant's V1 calls, raw."""

    def __init__(self, url: str, callback_url: str) -> None:
        self.url = url
        self.callback_url = callback_url

    def pay_fields(self, order: str) -> dict[str, Any]:
        return {
            "merchantId": MERCHANT,
            "merchantTransactionId": order,
            "merchantUserId": "0123456789abcdef0123",
            "amount": 11800,
            "redirectUrl": f"https://academy.example/pay?txn={order}",
            "redirectMode": "REDIRECT",
            "callbackUrl": self.callback_url,
            "paymentInstrument": {"type": "PAY_PAGE"},
        }

    def pay(self, order: str = "TXN1", index: int = 2, prefix: str = "", **fields: Any) -> requests.Response:
        return self.send("/pg/v1/pay", self.pay_fields(order) | fields, index, prefix)

    def refund(self, refund: str = "RF1", order: str = "TXN1", amount: int = 11800) -> requests.Response:
        body = {
            "merchantId": MERCHANT,
            "originalTransactionId": order,
            "merchantTransactionId": refund,
            "amount": amount,
            "callbackUrl": self.callback_url,
        }
        return self.send("/pg/v1/refund", body, 2)

    def send(self, path: str, body: Any, index: int = 2, prefix: str = "") -> requests.Response:
        encoded = base64.b64encode(json.dumps(body).encode()).decode()
        return self.send_encoded(path, encoded, x_verify(encoded + path, index), prefix)

    def send_encoded(self, path: str, encoded: str, verify: str | None, prefix: str = "") -> requests.Response:
        headers = {} if verify is None else {"X-VERIFY": verify}
        return requests.post(self.url + prefix + path, json={"request": encoded}, headers=headers, timeout=TIMEOUT)

    def status(self, order: str = "TXN1", verify: str | None = None, **headers: str) -> requests.Response:
        path = f"/pg/v1/status/{MERCHANT}/{order}"
        sent = {"X-VERIFY": verify or x_verify(path, 2), "X-MERCHANT-ID": MERCHANT} | headers
        return requests.get(self.url + path, headers=sent, timeout=TIMEOUT)


def x_verify(text: str, index: int) -> str:
    """``sha256 hex(text + salt)###index``, as PhonePe's pages say it."""
    return hashlib.sha256((text + SALTS.get(index, "unknown")).encode()).hexdigest() + f"###{index}"


@dataclass
class Gateway:
    """A started simulator with everything around it."""

    simulator: Simulator
    clock: MovableClock
    receiver: Receiver
    v1: MerchantV1
    v2: MerchantV2

    def order(self, order: str = "TXN1") -> dict[str, Any]:
        """What the simulator shows of an order."""
        return next(seen for seen in self.simulator.orders() if seen["merchantTransactionId"] == order)


@contextmanager
def running() -> Iterator[Gateway]:
    """A simulator on a free port, with its own clock and receiver."""
    clock = MovableClock()
    with receiving() as receiver:
        simulator = start(0, config(receiver.url), clock)
        try:
            merchant_v1 = MerchantV1(simulator.url, receiver.url + "/v1")
            yield Gateway(simulator, clock, receiver, merchant_v1, MerchantV2(simulator.url))
        finally:
            simulator.stop()
