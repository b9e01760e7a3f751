"""Webhooks: what the gateway tells the merchant, signed and delivered as the contracts say, or as told
otherwise.

V2 posts ``{event, type, payload}`` with ``Authorization`` = sha256 hex of ``username:password``. V1 posts
``{response: base64}`` with ``X-VERIFY`` = sha256 hex(response + salt key) + ``###`` + salt index.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Barrier, BrokenBarrierError, Condition, Thread

import requests

from infra.local.phonepe import contract_v1, shapes_v2
from infra.local.phonepe.behaviour import Effective
from infra.local.phonepe.config import SimulatorConfig
from infra.local.phonepe.lifecycle import Event
from infra.local.phonepe.state import DECLINED, Delivery, Order, Refund, State
from infra.local.phonepe.wire import JsonObject


@dataclass(frozen=True)
class Message:
    """One signed webhook on its way; ``about`` is the merchant's order id."""

    about: str
    event: str
    url: str
    headers: dict[str, str]
    body: bytes
    copies: int = 1
    signature: str = "VALID"


def v2_authorization(username: str, password: str) -> str:
    """The ``Authorization`` header of a V2 webhook."""
    return hashlib.sha256(f"{username}:{password}".encode()).hexdigest()


def v2_message(about: str, event: str, payload: JsonObject, url: str, authorization: str) -> Message:
    """A V2 webhook; ``type`` is the deprecated upper-case twin of ``event``."""
    envelope = {"event": event, "type": event.upper().replace(".", "_"), "payload": payload}
    headers = {"Content-Type": "application/json", "Authorization": authorization}
    return Message(about, event, url, headers, _dumped(envelope))


def v1_message(about: str, response: JsonObject, url: str, salt: tuple[int, str]) -> Message:
    """A V1 server-to-server callback."""
    encoded = base64.b64encode(_dumped(response)).decode()
    headers = {"Content-Type": "application/json", "X-VERIFY": contract_v1.checksum(encoded, *salt)}
    return Message(about, str(response["code"]), url, headers, _dumped({"response": encoded}))


def spoiled(message: Message) -> Message:
    """The same with a signature that is wrong in one hex digit."""
    name = "Authorization" if "Authorization" in message.headers else "X-VERIFY"
    right = message.headers[name]
    wrong = ("0" if right[0] != "0" else "1") + right[1:]
    return replace(message, headers=message.headers | {name: wrong}, signature="WRONG")


def messages(events: Iterable[Event], config: SimulatorConfig, told: Effective) -> list[Message]:
    """The webhooks of one order's events, in the order of delivery.

    «Reversed» sends each event's predecessor after it: a refund's acceptance after its end, and for an
    order an older event that contradicts the final one.
    """
    if not told.send:
        return []
    made: list[Message] = []
    for event in events:
        if told.reversed and event.kind == "refund.accepted":
            continue
        if told.reversed:
            made.extend(_predecessor(event, config))
        made.extend(_of(event, config))
    if told.reversed:
        made.reverse()
    if told.wrong_signature:
        made = [spoiled(message) for message in made]
    return [replace(message, copies=told.copies) for message in made]


def _of(event: Event, config: SimulatorConfig) -> list[Message]:
    order, refund = event.order, event.refund
    if order.contract == "V1":
        if refund is None:
            return [_v1(order, contract_v1.order_body(order, config.merchant_id), config)]
        if event.kind == "refund.accepted":
            return []
        return [_v1(order, contract_v1.refund_body(refund, config.merchant_id), config, refund)]
    if refund is None:
        name = "checkout.order.completed" if order.state == "COMPLETED" else "checkout.order.failed"
        return [_v2(order, name, _order_payload(order, config), config)]
    accepted = event.kind == "refund.accepted"
    name = "accepted" if accepted else "completed" if refund.state == "COMPLETED" else "failed"
    payload = shapes_v2.refund_body(replace(refund, state="CONFIRMED") if accepted else refund, config.merchant_id)
    return [_v2(order, f"pg.refund.{name}", payload, config)]


def _predecessor(event: Event, config: SimulatorConfig) -> list[Message]:
    """The event that came before: for orders one which says the opposite."""
    order, refund = event.order, event.refund
    if refund is not None:
        return _of(Event("refund.accepted", order, replace(refund, state="CONFIRMED", failure=None)), config)
    if order.state == "COMPLETED":
        older = replace(
            order,
            state="FAILED",
            failure=DECLINED,
            captured=None,
            attempts=[replace(attempt, state="FAILED", failure=DECLINED) for attempt in order.attempts],
        )
        return _of(Event("order", older), config)
    if order.contract == "V1":
        pending = replace(order, state="PENDING", failure=None)
        return [_v1(order, contract_v1.order_body(pending, config.merchant_id), config)]
    payload = _order_payload(replace(order, state="PENDING"), config)
    return [_v2(order, "checkout.transaction.attempt.failed", payload, config)]


def _order_payload(order: Order, config: SimulatorConfig) -> JsonObject:
    ids = {"merchantId": config.merchant_id, "merchantOrderId": order.merchant_order_id}
    return ids | shapes_v2.order_body(order, context=True)


def _v2(order: Order, event: str, payload: JsonObject, config: SimulatorConfig) -> Message:
    authorization = v2_authorization(config.webhook_username, config.webhook_password)
    return v2_message(order.merchant_order_id, event, payload, config.webhook_url, authorization)


def _v1(order: Order, response: JsonObject, config: SimulatorConfig, refund: Refund | None = None) -> Message:
    url = (refund.callback_url if refund else None) or order.callback_url or config.webhook_url
    return v1_message(order.merchant_order_id, response, url, config.newest_salt())


def _dumped(body: JsonObject) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def post_at_once(message: Message, timeout: float, seen: Callable[[int, int | None], None]) -> None:
    """Posts all copies at the same moment; ``seen(copy, status)`` is told each answer, status None without
    one.
    """
    start = Barrier(message.copies)

    def post(copy: int) -> None:
        try:
            start.wait(timeout=5)
        except BrokenBarrierError:
            start.abort()
        try:
            answer = requests.post(message.url, data=message.body, headers=message.headers, timeout=timeout)
            seen(copy, answer.status_code)
        except requests.RequestException:
            seen(copy, None)

    with ThreadPoolExecutor(max_workers=message.copies) as pool:
        list(pool.map(post, range(1, message.copies + 1)))


class Courier:
    """Delivers plans of messages, each plan one after the other in its own thread, and keeps a record."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._idle = Condition()
        self._under_way = 0

    def deliver(self, plan: list[Message], wait: bool) -> None:
        """Sends a plan; with ``wait`` returns once it was answered."""
        with self._idle:
            self._under_way += 1
        thread = Thread(target=self._run, args=(plan,), name="phonepe-webhook", daemon=True)
        thread.start()
        if wait:
            thread.join()

    def wait_idle(self, timeout: float) -> bool:
        """Whether nothing is under way within ``timeout`` real seconds."""
        with self._idle:
            return self._idle.wait_for(lambda: self._under_way == 0, timeout)

    def _run(self, plan: list[Message]) -> None:
        try:
            for message in plan:
                post_at_once(message, self._state.config.webhook_timeout_seconds, self._recorder(message))
        finally:
            with self._idle:
                self._under_way -= 1
                self._idle.notify_all()

    def _recorder(self, message: Message) -> Callable[[int, int | None], None]:
        at = self._state.now()

        def record(copy: int, status: int | None) -> None:
            kept = Delivery(at, message.about, message.event, message.url, copy, message.signature, status)
            with self._state.lock:
                self._state.deliveries.append(kept)

        return record
