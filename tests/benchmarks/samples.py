"""One sound request of every endpoint, as API Gateway hands it over, and what answering it asked of AWS."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from chalicelib.platform.access.catalogue import SUPER_ADMIN
from chalicelib.platform.http.endpoint import Endpoint
from chalicelib.platform.http.idempotency import Idempotency
from infra.local.emulator import Emulator
from infra.local.proxy import Incoming, Match, event
from infra.local.recorder import AwsCall
from infra.local.wire import Reply
from tests.architecture.world import ANONYMOUS, OTHER, STUDENT, World
from tests.content.paper import pdf

ERRORS_FROM = 400
LATENCY_SECONDS = 0.02
CONTAINER = frozenset({"ssm"})
"""Read once a container, not once a request."""


@dataclass(frozen=True)
class Exchange:
    """One AWS call on the wire."""

    service: str
    operation: str
    given: bytes
    reply: Reply


@dataclass
class Sample:
    """``event``: the request. ``status``: its answer. ``calls`` and ``exchanges``: with AWS, in a container that knows
    its secrets.
    """

    endpoint: Endpoint
    event: dict[str, Any]
    status: int = 0
    calls: list[AwsCall] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.endpoint.place)

    @property
    def sound(self) -> bool:
        """Whether the request did what it is for."""
        return self.status < ERRORS_FROM

    def round_trips(self) -> int:
        """Length of the longest chain of AWS calls that waited for each other."""
        trips, last_end = 0, float("-inf")
        for call in sorted(self.calls, key=lambda call: call.at + call.seconds):
            if call.at >= last_end:
                trips, last_end = trips + 1, call.at + call.seconds
        return trips


class Desk:
    """Prepares what the requests are about, and makes them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.note = world.named["noteId"]
        self.draft = world.desk.draft(isPremium=True)["id"]
        self.waiting = world.desk.uploaded(pdf())
        opened = world.client.post(f"/v1/notes/{self.note}/view-session", token=world.tokens[STUDENT], expect=201)
        self.view_token = str(opened.json["viewToken"])
        world.shop.silence()
        world.shop.simulator.press(world.named["merchantTransactionId"], "SUCCESS")

    def requests(self) -> list[Sample]:
        """One for each endpoint."""
        return [Sample(endpoint, self.event(endpoint)) for _, endpoint in sorted(self.world.endpoints.items())]

    def event(self, endpoint: Endpoint) -> dict[str, Any]:
        """The proxy event of a sound request."""
        world = self.world
        names = {name: world.named[name] for name, _ in endpoint.path_rules.values()} | self._named(endpoint)
        path = endpoint.path
        for name, value in names.items():
            path = path.replace(f"{{{name}}}", value)
        headers = {"User-Agent": "pathshala-bench/1.0", **self._headers(endpoint)}
        body = self._body(endpoint)
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        query = f"noteId={self.note}" if endpoint.name == "check_my_access" else ""
        incoming = Incoming(endpoint.method, path, query, list(headers.items()), content, "203.0.113.7")
        return event(incoming, Match(endpoint, endpoint.path, names), world.cloud.stage)

    def _named(self, endpoint: Endpoint) -> dict[str, str]:
        return {"publish_note": {"noteId": self.draft}, "confirm_upload": {"fileAssetId": self.waiting}}.get(
            endpoint.name, {}
        )

    def _headers(self, endpoint: Endpoint) -> dict[str, str]:
        headers = self.world.headers(endpoint, ANONYMOUS)
        if endpoint.idempotency is Idempotency.OPTIONAL:
            del headers["Idempotency-Key"]
        if "X-View-Token" in headers:
            headers["X-View-Token"] = self.view_token
        token = self.world.tokens[self._caller(endpoint)]
        return (
            headers if token is None or "Authorization" in headers else {**headers, "Authorization": f"Bearer {token}"}
        )

    def _caller(self, endpoint: Endpoint) -> str:
        if endpoint.path.startswith("/v1/admin/"):
            return SUPER_ADMIN
        if endpoint.name == "checkout":
            return OTHER
        return (
            STUDENT
            if endpoint.guard() is not None or endpoint.optional_auth or endpoint.name == "logout"
            else ANONYMOUS
        )

    def _body(self, endpoint: Endpoint) -> Any:
        named = self.world.named
        made: Mapping[str, Any] = {
            "create_note": {
                "subjectId": named["subjectId"],
                "title": "Directive Principles",
                "isPremium": True,
                "fileAssetId": named["fileAssetId"],
            },
            "change_note": {"title": "Fundamental Rights, revised"},
            "change_subject": {"name": "Indian Polity"},
            "update_plan": {"name": "Notes, yearly"},
            "update_profile": {"name": "Asha R. Verma"},
            "create_subject": {"key": "economy", "name": "Economy"},
            "create_plan": {
                "key": "tests-monthly",
                "name": "Tests, monthly",
                "pricePaise": 29_900,
                "durationDays": 30,
                "isActive": True,
                "grants": [{"kind": "TESTS"}],
            },
            "phonepe_webhook": {
                "event": "checkout.order.completed",
                "payload": {
                    "merchantOrderId": named["merchantTransactionId"],
                    "state": "COMPLETED",
                    "amount": 49_900,
                    "paymentDetails": [],
                },
            },
        }
        return made.get(endpoint.name, self.world.body(endpoint))


_latency = threading.Event()


@contextmanager
def listening(cloud: Emulator, into: list[Exchange]) -> Iterator[None]:
    """Keep what AWS answers, and let it take as long as AWS does, so that what runs side by side is seen to."""
    backend = cloud.wire.backend

    def heard(service: str, operation: str, request: Any) -> Reply | None:
        _latency.wait(LATENCY_SECONDS)
        reply = backend(service, operation, request)
        if reply is not None and service not in CONTAINER:
            into.append(Exchange(service, operation, _bytes(request.body), reply))
        return reply

    cloud.wire.backend = heard
    try:
        yield
    finally:
        cloud.wire.backend = backend


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body or b"")


def _items(cloud: Emulator) -> dict[tuple[str, str], Any]:
    return {(item["pk"]["S"], item["sk"]["S"]): item for item in cloud.table.items()}


def take(world: World, sample: Sample, states: list[dict[tuple[str, str], Any]] | None = None) -> Sample:
    """Make the request once to warm up, and once to look at; ``states`` gets the table before it and after it."""
    cloud = world.cloud
    with world.unchanged():
        cloud.lambdas.invoke(sample.endpoint, sample.event)
    with world.unchanged():
        before = _items(cloud) if states is not None else {}
        with listening(cloud, sample.exchanges), cloud.calls.during() as calls:
            outcome = cloud.lambdas.invoke(sample.endpoint, sample.event)
        if states is not None:
            states.extend((before, _items(cloud)))
    sample.status = int(outcome.answer["statusCode"]) if outcome.error is None else 599
    sample.calls = [call for call in calls if call.service not in CONTAINER and call.function == sample.endpoint.name]
    return sample


def collect(world: World) -> list[Sample]:
    """Every endpoint's sample, taken."""
    return [take(world, sample) for sample in Desk(world).requests()]
