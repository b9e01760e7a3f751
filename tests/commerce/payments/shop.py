"""A shop for tests: the emulated cloud, PhonePe simulated over loopback HTTP with its webhooks, plans, people."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chalicelib.commerce.gateways.phonepe import tokens
from chalicelib.commerce.payments.items import (
    JournalEntry,
    OrderLocator,
    PaymentEvent,
    PaymentOrder,
    PaymentTransaction,
    Refund,
)
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard, plain
from infra.local.emulator import Emulator
from infra.local.phonepe import Simulator, SimulatorConfig, start
from tests.commerce.selling import make_plan
from tests.support.client import Broken, Client, Response, Undeclared
from tests.support.people import People, Person

WEBHOOK = "/v1/payments/webhook/phonepe"
PRICE = 49_900
BILLING = {"country": "IN", "state": "KA"}
DAY = 86_400


class Doorstep:
    """Where webhooks arrive over HTTP; hands each to the function as API Gateway would."""

    def __init__(self) -> None:
        self.client: Client | None = None
        self.answers: list[int] = []
        self._lock = threading.Lock()
        doorstep = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = doorstep.take(body, dict(self.headers.items()))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Silent."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}{WEBHOOK}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def take(self, body: bytes, headers: Mapping[str, str]) -> int:
        client = self.client
        if client is None:
            return 503
        kept = {name: value for name, value in headers.items() if name.lower() in ("authorization", "x-verify")}
        try:
            status = client.post(WEBHOOK, body=body, headers=kept).status
        except (Broken, Undeclared):
            # What API Gateway says of a function that raised, and of an answer that is none.
            status = 502
        with self._lock:
            self.answers.append(status)
        return status

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Street:
    """The simulator and the doorstep, one of each for the whole run."""

    simulator: Simulator
    doorstep: Doorstep


@contextmanager
def street(emulator: Emulator) -> Iterator[Street]:
    """PhonePe with the stage's own credentials, at its own port, by the backend's clock."""
    account, webhook = json.loads(emulator.secrets["PHONEPE"]), json.loads(emulator.secrets["PHONEPE_WEBHOOK"])
    doorstep = Doorstep()
    config = SimulatorConfig(
        merchant_id=account["merchantId"],
        salts={int(index): key for index, key in account["salts"].items()},
        client_id=account["clientId"],
        client_secret=account["clientSecret"],
        client_version=account["clientVersion"],
        webhook_username=webhook["credentials"][0]["username"],
        webhook_password=webhook["credentials"][0]["password"],
        webhook_url=doorstep.url,
    )
    simulator = start(0, config, clock.now)
    try:
        yield Street(simulator, doorstep)
    finally:
        simulator.stop()
        doorstep.close()


@dataclass
class Shop:
    """What tests do in it."""

    cloud: Emulator
    client: Client
    people: People
    simulator: Simulator
    doorstep: Doorstep
    plans: dict[str, Any] = field(default_factory=dict)

    def open(self) -> None:
        """One plan on sale: ₹499 for 30 days of everything."""
        self.plan("basic")

    def plan(self, key: str, **more: Any) -> None:
        make_plan(self.client, self.people.super_admin(), key, **more)

    def checkout(self, who: Person, plan: str = "basic", *, key: str | None = None, **more: Any) -> Response:
        headers = {"Idempotency-Key": key} if key else {}
        body = {"planKey": plan, "billing": BILLING, **more}
        return self.client.post("/v1/payments/checkout", json=body, token=who.token, headers=headers)

    def order_of(self, who: Person, plan: str = "basic", **more: Any) -> str:
        """A checkout that must succeed; the order's id."""
        answer = self.checkout(who, plan, **more)
        assert answer.status in (200, 201), answer.body
        return str(answer.json["merchantTransactionId"])

    def pay(self, order_id: str, outcome: str = "SUCCESS") -> None:
        """The student chooses an outcome on the page; its webhooks have been answered afterwards."""
        self.simulator.press(order_id, outcome)
        assert self.simulator.wait_idle(10)

    def later(self, seconds: float) -> None:
        """Time passes, here and at the gateway."""
        self.cloud.advance(seconds)
        self.simulator.settle()
        assert self.simulator.wait_idle(10)

    def again(self, who: Person) -> Person:
        """Signed in anew, where the clock has outlived the access token."""
        return replace(who, token=self.people.token(who.id, who.session_id, who.user_type))

    def silence(self) -> None:
        """No webhooks from now on."""
        self.simulator.set_behaviour({"webhook": {"send": False}})

    def status(self, who: Person, order_id: str) -> dict[str, Any]:
        answer = self.client.get(f"/v1/payments/orders/{order_id}/status", token=who.token, expect=200)
        return dict(answer.json)

    def finalize(self, by: Person, order_id: str) -> Response:
        return self.client.post(
            f"/v1/admin/payments/orders/{order_id}/finalize", json={"reason": "asked to"}, token=by.token
        )

    def reconcile(self) -> dict[str, Any]:
        outcome = self.cloud.invoke("reconcile_payments")
        assert outcome.error is None, outcome.error
        return dict(outcome.answer)

    def order(self, who: Person, order_id: str) -> PaymentOrder:
        found = store.get(PaymentOrder, PaymentOrder.place(who.id, order_id))
        assert found is not None
        return found

    def orders(self, who: Person) -> list[PaymentOrder]:
        return store.every(PaymentOrder.of_user(who.id, consistent=True))

    def card(self, who: Person) -> AccessCard:
        card = store.get(AccessCard, AccessCard.place(who.id))
        assert card is not None
        return card

    def periods(self, who: Person) -> list[dict[str, Any]]:
        families = plain(self.card(who).subscriptions)
        return [dict(period) for family in families.values() for period in family["periods"]]

    def ledger(self, order_id: str) -> dict[str, JournalEntry]:
        return {str(one.entry_id): one for one in store.every(JournalEntry.of_order(order_id))}

    def beside(self, order_id: str) -> list[Any]:
        return store.every(OrderLocator.partition(order_id))

    def transactions(self, order_id: str) -> list[PaymentTransaction]:
        return [one for one in self.beside(order_id) if isinstance(one, PaymentTransaction)]

    def refunds(self, order_id: str) -> list[Refund]:
        return [one for one in self.beside(order_id) if isinstance(one, Refund)]

    def events(self, order_id: str) -> list[dict[str, Any]]:
        rows = store.fetch(PaymentEvent.of_order(order_id), limit=100).items
        return [row.row.as_dict() for row in rows if row.row is not None]

    def gateway_calls(self, path: str) -> int:
        """How many calls of the gateway's API had this path."""
        return sum(1 for call in self.simulator.calls() if path in str(call["path"]))

    def balance(self) -> dict[str, int]:
        """Every account of the whole ledger; debits positive. Each entry balances by itself."""
        totals: dict[str, int] = {}
        for order in self.ledger_partitions():
            for entry in store.every(JournalEntry.of_order(order)):
                assert_balanced(entry)
                for line in entry.lines:
                    moved = int(line["debitPaise"]) - int(line["creditPaise"])
                    totals[line["account"]] = totals.get(line["account"], 0) + moved
        return totals

    def ledger_partitions(self) -> set[str]:
        keys = {str(item["pk"]["S"]) for item in self.cloud.items()}
        return {key.removeprefix("LEDGER#") for key in keys if key.startswith("LEDGER#")}


def assert_balanced(entry: JournalEntry) -> None:
    debits = sum(int(line["debitPaise"]) for line in entry.lines)
    owed = sum(int(line["creditPaise"]) for line in entry.lines)
    assert debits == owed > 0, entry.entry_id


def assert_paid_once(shop: Shop, who: Person, order_id: str, *, days: int = 30) -> None:
    """Exactly one transaction, one subscription, one capture, for this paid order."""
    order = shop.order(who, order_id)
    assert order.status == "SUCCESS"
    assert [one.status for one in shop.transactions(order_id)] == ["SUCCESS"]
    assert list(shop.ledger(order_id)) == ["CAPTURE"]
    assert_balanced(shop.ledger(order_id)["CAPTURE"])
    periods = shop.periods(who)
    assert len(periods) == 1
    assert int(periods[0]["endsAt"]) - int(periods[0]["startsAt"]) == days * DAY
    assert shop.refunds(order_id) == []


def assert_unpaid(shop: Shop, who: Person, order_id: str) -> None:
    """Nothing was handed over and nothing booked."""
    assert shop.periods(who) == []
    assert shop.ledger(order_id) == {}
    assert [one for one in shop.transactions(order_id) if one.status == "SUCCESS"] == []


def forget_tokens() -> None:
    """As in a new container."""
    tokens.forget()
